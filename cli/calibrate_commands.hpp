// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace CLI {
class App;
}

namespace flopcast {

struct CommandContext;

/// Adds `flopcast calibrate run`.
void add_calibrate_run_command(CLI::App &calibrate, CommandContext &context);

} // namespace flopcast
