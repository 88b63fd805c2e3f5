// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hardware/presets/catalog.hpp"
#include "model/scaling/law.hpp"

#include <optional>
#include <string>

namespace CLI {
class App;
}

namespace flopcast {

struct CommandContext;

/// Adds `flopcast law list` and `flopcast law show`.
void add_law_show_commands(CLI::App &law, CommandContext &context);
/// Adds `flopcast law predict`.
void add_law_predict_command(CLI::App &law, CommandContext &context);
/// Adds `flopcast law plan`.
void add_law_plan_command(CLI::App &law, CommandContext &context);

/// "7e9", "7B", "1.4T", "300M": a number above zero. Throws InputError naming the option.
[[nodiscard]] double count_of(const std::string &text, const std::string &option);

/// The options by which a user says where a law is asked, those of experts and precision too.
struct LawPointOptions {
  std::string params;
  std::string tokens;
  std::string unique_tokens;
  std::string vocabulary_params;
  std::optional<double> experts;
  std::optional<double> granularity;
  std::optional<double> sparsity;
  std::optional<double> weight_bits;
  std::optional<double> activation_bits;
  std::optional<double> kv_bits;
  std::optional<double> streams;

  void add_to(CLI::App &command);
  /// Throws InputError for a text that is no count.
  [[nodiscard]] LawPoint point() const;
};

/// The law of that name. Throws InputError.
[[nodiscard]] ScalingLaw named_law(CommandContext &context, const std::string &name);

} // namespace flopcast
