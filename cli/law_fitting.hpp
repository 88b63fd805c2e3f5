// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/session.hpp"
#include "model/scaling/fit/law_fit.hpp"

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace CLI {
class Option;
}

namespace flopcast {

/// Adds `flopcast law fit`.
void add_law_fit_command(CLI::App &law, CommandContext &context);
/// Adds `flopcast law record`.
void add_law_record_command(CLI::App &law, CommandContext &context);
/// Adds `flopcast law design`.
void add_law_design_command(CLI::App &law, CommandContext &context);

/// Which runs are taken: rows of tables, and those of the store.
struct LawRunsOptions {
  std::vector<std::string> files;
  std::string columns;
  std::string where;
  std::string weights;
  bool stored = false; ///< the store's runs too
  std::string store;   ///< "": the user's

  /// Tables must be given.
  void add_to(CLI::App &command);
  /// Tables may be given, or --stored.
  void add_to_with_stored(CLI::App &command);
  /// Throws InputError.
  [[nodiscard]] std::vector<ScalingRun> read(const CommandContext &context) const;
  [[nodiscard]] std::filesystem::path store_path() const;

private:
  CLI::Option *add_common(CLI::App &command);
};

/// Which runs a law is fitted to, and how.
struct LawFittingOptions {
  LawRunsOptions runs;
  std::string form = "chinchilla";
  std::string objective = "huber";
  std::string residual = "log-loss";
  double huber_delta = 1e-3;
  double over_weight = 10;
  std::vector<std::string> fixed;
  std::vector<std::string> freed;
  std::string starts = "36";

  void add_to(CLI::App &command);
  /// Throws InputError.
  [[nodiscard]] LawFitOptions fit_options() const;
};

/// Reads "N=70e9,D=1.4e12" of an option. Throws InputError at the option's name.
[[nodiscard]] std::vector<std::pair<std::string, double>>
parse_assignments(const std::string &option, const std::string &text);

} // namespace flopcast
