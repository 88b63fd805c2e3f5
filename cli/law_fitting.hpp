// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/session.hpp"
#include "model/scaling/fit/law_fit.hpp"

#include <optional>
#include <string>
#include <vector>

namespace flopcast {

/// Adds `flopcast law fit`.
void add_law_fit_command(CLI::App &law, CommandContext &context);
/// Adds `flopcast law design`.
void add_law_design_command(CLI::App &law, CommandContext &context);

/// Which runs a law is fitted to, and how.
struct LawFittingOptions {
  std::vector<std::string> files;
  std::string form = "chinchilla";
  std::string columns;
  std::string where;
  std::string weights;
  std::string objective = "huber";
  std::string residual = "log-loss";
  double huber_delta = 1e-3;
  double over_weight = 10;
  std::vector<std::string> fixed;
  std::vector<std::string> freed;
  std::string starts = "36";

  void add_to(CLI::App &command);
  /// Throws InputError.
  [[nodiscard]] std::vector<ScalingRun> read_runs(const CommandContext &context) const;
  [[nodiscard]] LawFitOptions fit_options() const;
};

/// Reads "N=70e9,D=1.4e12" of an option. Throws InputError at the option's name.
[[nodiscard]] std::vector<std::pair<std::string, double>>
parse_assignments(const std::string &option, const std::string &text);

} // namespace flopcast
