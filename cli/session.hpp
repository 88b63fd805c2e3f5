// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hardware/presets/catalog.hpp"
#include "model/planning/legality.hpp"
#include "model/planning/plan.hpp"
#include "reports/report.hpp"

#include <filesystem>
#include <functional>
#include <iosfwd>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace flopcast {

/// What the process ends with.
enum ExitCode : int {
  exit_ok = 0,
  exit_check_failed = 1,
  exit_bad_input = 2,
  exit_infeasible = 3,
  exit_internal = 70,
};

/// The outside world of one run, so that tests can be it.
struct Session {
  std::istream &in;
  std::ostream &out;
  std::ostream &err;
  std::filesystem::path executable;
  bool out_is_terminal = false;
  std::size_t width = 100; ///< columns of the terminal
};

/// What the options before and after the subcommand say, and how a subcommand reaches the outside.
struct CommandContext {
  explicit CommandContext(const Session &outside) : session(outside) {}

  const Session &session;
  bool no_color = false;
  bool quiet = false;
  /// Set by the callback of the subcommand that the user named.
  std::function<int()> command;

  /// Made on first use: "completion" needs no presets.
  const PresetCatalog &catalog();
  [[nodiscard]] TextStyle text_style() const;
  /// A line to stderr, unless --quiet.
  void message(const std::string &text) const;

private:
  std::unique_ptr<PresetCatalog> catalog_;
};

enum class OutputFormat { table, json, csv, markdown };

/// A line to stderr for each reason why a plan cannot run, after `prefix`.
void report_reasons(const CommandContext &context, std::span<const Reason> reasons,
                    const std::string &prefix);

/// --format, --json and -o of a subcommand.
struct OutputOptions {
  OutputFormat format = OutputFormat::table;
  std::string file;

  void add_to(CLI::App &command);
  /// How a table looks there: a file gets no colours.
  [[nodiscard]] TextStyle text_style(const CommandContext &context) const;
  /// Writes to the file or stdout. Throws InputError if the file cannot be written.
  void write(const CommandContext &context, const std::string &text) const;

  /// Writes what the format asks for, of makers of a Report and of texts; the others are not
  /// called.
  template <class MakeReport, class MakeCsv, class MakeJson>
  void write_as(const CommandContext &context, const MakeReport &report, const MakeCsv &csv,
                const MakeJson &json) const {
    switch (format) {
    case OutputFormat::table:
      return write(context, to_table(report(), text_style(context)));
    case OutputFormat::markdown:
      return write(context, to_markdown(report()));
    case OutputFormat::csv:
      return write(context, csv());
    case OutputFormat::json:
      return write(context, json());
    }
  }
};

/// What PLAN may be, for help.
inline constexpr const char *plan_argument =
    "plan file, \"-\" for stdin, the name of a shipped plan, or a model's config.json";

/// PLAN, --set and the short forms by which a user names a run.
struct PlanOptions {
  std::vector<std::string> overrides;
  std::string model;
  std::string gpu;
  std::optional<std::int64_t> count;

  void add_to(CLI::App &command);
  /// Reads the plan at `where`: a file, "-" for stdin, the id of a shipped plan, or "" for a plan
  /// that the options alone describe. Throws InputError.
  [[nodiscard]] PlannedRun read(CommandContext &context, const std::string &where) const;
};

/// Runs the command line; returns the exit code and never throws.
int run_command_line(int argc, const char *const *argv, const Session &session);

/// Each adds its subcommand, whose callback sets context.command.
void add_estimate_command(CLI::App &app, CommandContext &context);
void add_explain_command(CLI::App &app, CommandContext &context);
void add_compare_command(CLI::App &app, CommandContext &context);
void add_calibrate_command(CLI::App &app, CommandContext &context);
void add_check_command(CLI::App &app, CommandContext &context);
void add_law_command(CLI::App &app, CommandContext &context);
void add_measure_command(CLI::App &app, CommandContext &context);
void add_operators_command(CLI::App &app, CommandContext &context);
void add_trace_command(CLI::App &app, CommandContext &context);
void add_presets_command(CLI::App &app, CommandContext &context);
void add_doctor_command(CLI::App &app, CommandContext &context);
void add_completion_command(CLI::App &app, CommandContext &context);

} // namespace flopcast
