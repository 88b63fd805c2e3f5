// SPDX-License-Identifier: Apache-2.0
#include "cli/session.hpp"

#include "profiler/kernels/kernels.hpp"
#include "store/database.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <exception>
#include <ostream>
#include <string>
#include <vector>

namespace flopcast {

namespace {

std::string unexpected_word(const CLI::App &app, const std::string &word) {
  const CLI::App *innermost = &app;
  while (!innermost->get_subcommands().empty())
    innermost = innermost->get_subcommands().front();
  std::vector<std::string> names;
  for (const CLI::App *subcommand :
       innermost->get_subcommands([](const CLI::App *) { return true; }))
    names.push_back(subcommand->get_name());
  for (const CLI::Option *option : innermost->get_options())
    for (const std::string &name : option->get_lnames())
      names.push_back("--" + name);
  const std::string nearest = nearest_name(word, names);
  return fmt::format("\"{}\" was not expected here; {}", word,
                     nearest.empty() ? "--help lists what can stand there"
                                     : fmt::format("did you mean \"{}\"?", nearest));
}

} // namespace

int run_command_line(int argc, const char *const *argv, const Session &session) {
  CommandContext context(session);
  CLI::App app{"Flopcast: what training a large model will take, before you spend the money",
               "flopcast"};
  app.set_version_flag("--version", "flopcast " FLOPCAST_VERSION);
  app.require_subcommand(1);
  app.fallthrough(); // --no-color and --quiet may stand after the subcommand too
  app.add_flag("--no-color", context.no_color, "no colours; so does the variable NO_COLOR");
  app.add_flag("-q,--quiet", context.quiet, "no messages on stderr but errors");
  app.footer("Exit codes: 0 done, 1 a check failed, 2 bad input or usage, 3 the plan cannot run.");
  add_estimate_command(app, context);
  add_explain_command(app, context);
  add_compare_command(app, context);
  add_calibrate_command(app, context);
  add_check_command(app, context);
  add_law_command(app, context);
  add_measure_command(app, context);
  add_operators_command(app, context);
  add_trace_command(app, context);
  add_presets_command(app, context);
  add_doctor_command(app, context);
  add_completion_command(app, context);

  try {
    app.parse(argc, argv);
    return context.command();
  } catch (const CLI::ParseError &error) {
    const bool asked_for = error.get_exit_code() == 0; // --help and --version
    // CLI11 only says that a subcommand is required, not that the word given is none.
    if (const auto words = app.remaining(true); !asked_for && !words.empty()) {
      session.err << "flopcast: " << unexpected_word(app, words.front()) << '\n';
      return exit_bad_input;
    }
    app.exit(error, session.out, session.err);
    return asked_for ? exit_ok : exit_bad_input;
  } catch (const InputError &error) {
    session.err << "flopcast: " << error.what() << '\n';
    return exit_bad_input;
  } catch (const StoreError &error) {
    session.err << "flopcast: " << error.what() << '\n';
    return exit_bad_input;
  } catch (const MeasurementError &error) {
    session.err << "flopcast: " << error.what() << '\n';
    return exit_bad_input;
  } catch (const std::exception &error) {
    session.err << "flopcast: internal error: " << error.what() << '\n';
    return exit_internal;
  }
}

} // namespace flopcast
