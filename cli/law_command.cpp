// SPDX-License-Identifier: Apache-2.0
#include "cli/law_commands.hpp"
#include "cli/law_fitting.hpp"
#include "cli/session.hpp"

#include <CLI/CLI.hpp>

namespace flopcast {

void add_law_command(CLI::App &app, CommandContext &context) {
  auto *law =
      app.add_subcommand("law", "Scaling laws: what a model will reach, and which to train");
  law->require_subcommand(1);
  add_law_show_commands(*law, context);
  add_law_predict_command(*law, context);
  add_law_plan_command(*law, context);
  add_law_fit_command(*law, context);
  add_law_design_command(*law, context);
  add_law_record_command(*law, context);
}

} // namespace flopcast
