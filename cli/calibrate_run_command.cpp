// SPDX-License-Identifier: Apache-2.0
#include "cli/calibrate_commands.hpp"

#include "cli/measuring.hpp"
#include "hardware/presets/load.hpp"
#include "hardware/units/text.hpp"
#include "model/planning/plan_reader.hpp"
#include "profiler/measured_device.hpp"
#include "profiler/measuring/plan_shapes.hpp"
#include "profiler/measuring/shape_plan.hpp"
#include "reports/calibration_report.hpp"
#include "store/calibrations.hpp"
#include "store/measurements.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <ostream>

namespace flopcast {
namespace {

namespace fs = std::filesystem;
using namespace units;

struct RunOptions {
  std::string plan = "quick";
  MeasuringOptions measuring;
  std::string presets;
  OutputOptions output;
};

// On a shared machine runs may disagree, and take, without end: what was measured by then is
// fitted, and the session stays open for another run.
constexpr auto quick_deadline = 120.0 * second;
constexpr auto full_deadline = 15.0 * minute;

/// How fast the device seemed when the session began, as texts: the same limits give the same plan
/// to the run that resumes it.
TextFields limits_text(const ShapeLimits &limits) {
  TextFields fields;
  for (const auto &[name, format] : number_format_names())
    if (const auto rate = limits.speed.products[static_cast<std::size_t>(format)])
      fields[fmt::format("rough_{}_flops_per_second", name)] = key_number(rate->in(flop / second));
  fields["rough_bytes_per_second"] = key_number(limits.speed.memory.in(byte / second));
  fields["rough_launch_seconds"] = key_number(limits.speed.launch.in(second));
  fields["rough_timing_seconds"] = key_number(limits.speed.timing.in(second));
  return fields;
}

void take_limits(ShapeLimits &limits, const TextFields &fields) {
  const auto number = [&](const std::string &name) -> std::optional<double> {
    const auto found = fields.find(name);
    if (found == fields.end())
      return std::nullopt;
    return std::stod(found->second);
  };
  for (const auto &[name, format] : number_format_names())
    if (const auto rate = number(fmt::format("rough_{}_flops_per_second", name)))
      limits.speed.products[static_cast<std::size_t>(format)] = *rate * flop / second;
  if (const auto memory = number("rough_bytes_per_second"))
    limits.speed.memory = *memory * byte / second;
  if (const auto launch = number("rough_launch_seconds"))
    limits.speed.launch = *launch * second;
  if (const auto timing = number("rough_timing_seconds"))
    limits.speed.timing = *timing * second;
}

ShapePlan shapes_of(const RunOptions &options, const ShapeLimits &limits, CommandContext &context) {
  if (options.plan == "quick")
    return quick_shapes(limits);
  if (options.plan == "full")
    return full_shapes(limits);
  const InputValue root = load_toml(context.catalog().locate("plans", options.plan).string());
  const PlannedRun run = read_plan(root, context.catalog());
  if (const auto reasons = layout_problems(run.plan, run.cluster); !reasons.empty())
    throw InputError(root.place, fmt::format("cannot be laid out: {}", reasons.front().text));
  ShapePlan plan = plan_shapes(run.plan, limits);
  if (plan.operators.empty())
    throw InputError(root.place, "has no operator that this device has kernels and memory for");
  return plan;
}

/// A line that overwrites itself on a terminal; every tenth of the work elsewhere.
class ProgressLine {
public:
  explicit ProgressLine(CommandContext &context) : context_(context) {}

  void show(const MeasuringProgress &progress) {
    if (context_.quiet || progress.all == 0)
      return;
    const std::size_t tenth = 10 * progress.done / progress.all;
    if (!context_.session.out_is_terminal && tenth == shown_)
      return;
    shown_ = tenth;
    const std::string text = fmt::format("{} of {} operators, {} left", progress.done, progress.all,
                                         human_text(std::max(progress.left, Seconds{})));
    if (!context_.session.out_is_terminal) {
      context_.message(text);
      return;
    }
    constexpr std::size_t bar_width = 30;
    const std::size_t filled = bar_width * progress.done / progress.all;
    context_.session.err << fmt::format("\r[{:<{}}] {}  ", std::string(filled, '#'), bar_width,
                                        text)
                         << std::flush;
  }
  void end() {
    if (context_.session.out_is_terminal && !context_.quiet)
      context_.session.err << '\n';
  }

private:
  CommandContext &context_;
  std::size_t shown_ = 0;
};

struct Outcome {
  MeasuringOutcome measuring;
  bool interrupted = false;
};

Outcome measure_session(Kernels &kernels, const Database &store, const MeasurementSession &session,
                        const ShapePlan &plan, Seconds deadline, CommandContext &context) {
  InterruptibleWork work;
  ProgressLine line(context);
  const MeasuringCallbacks callbacks{
      .already_measured =
          [&](const PlannedOperator &planned) {
            return already_measured(store, session.id, planned.call, planned.cache);
          },
      .sink = [&](const MeasuredOperator &one) { add_measured_operator(store, session.id, one); },
      .progress =
          [&](const MeasuringProgress &progress) {
            line.show(progress);
            work.poll();
            if (progress.spent > deadline)
              work.stop();
          }};
  Outcome outcome;
  outcome.measuring = measure_all(kernels, plan.operators, plan.rule, callbacks, work.token());
  outcome.interrupted = InterruptibleWork::interrupted();
  line.end();
  return outcome;
}

void write_preset(const fs::path &directory, const std::string &kind, const std::string &id,
                  const std::string &text, CommandContext &context) {
  const fs::path file = directory / kind / (id + ".toml");
  std::error_code error;
  fs::create_directories(file.parent_path(), error);
  std::ofstream stream(file, std::ios::binary);
  stream << text << std::flush;
  if (!stream)
    throw InputError({file.string(), 0, 0},
                     fmt::format("cannot be written: {}", std::strerror(errno)));
  context.message(fmt::format("wrote {}", file.string()));
}

/// Where the user's own presets lie.
fs::path presets_directory(const RunOptions &options, CommandContext &context) {
  if (!options.presets.empty())
    return options.presets;
  return PresetCatalog::standard_directories(context.session.executable).front();
}

/// What the session measured; a plan's few operators come beside those of the newest quick or full
/// session, since they alone are too few to fit.
std::vector<MeasuredOperator> fitted_operators(const Database &store,
                                               const MeasurementSession &session) {
  std::vector<MeasuredOperator> measured = measured_operators(store, session.id);
  if (session.plan == "quick" || session.plan == "full")
    return measured;
  std::string beside;
  for (const MeasurementSession &other : measurement_sessions(store))
    if ((other.plan == "quick" || other.plan == "full") && other.device == session.device &&
        other.back_end == session.back_end && other.software == session.software)
      beside = other.id;
  if (!beside.empty())
    std::ranges::move(measured_operators(store, beside), std::back_inserter(measured));
  return measured;
}

/// Measures what is left of the plan. Empty where the user stopped it.
std::optional<MeasurementSession> measured_session(const RunOptions &options, Kernels &kernels,
                                                   const DeviceDescription &description,
                                                   const std::string &id, const Database &store,
                                                   CommandContext &context) {
  const MeasurementSession like{
      .id = {},
      .device = id,
      .description = {{"name", description.name}, {"driver", description.driver}},
      .back_end = options.measuring.back_end,
      .software = description.software,
      .plan = options.plan,
      .started = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now()),
      .finished = false};
  ShapeLimits limits = shape_limits(kernels);
  const auto open = find_unfinished_session(store, like);
  if (open) {
    take_limits(limits, open->description);
    context.message(fmt::format("goes on with the measurements of {}", like.device));
  }
  const ShapePlan plan = shapes_of(options, limits, context);
  MeasurementSession session = open.value_or(like);
  if (!open) {
    session.description.merge(limits_text(limits));
    session = start_session(store, session);
  }
  context.message(fmt::format("measures {} operators on {} ({}): about {}", plan.operators.size(),
                              description.name, description.software, human_text(plan.expected)));
  const Seconds deadline = options.plan == "quick" ? quick_deadline : full_deadline;
  const Outcome outcome = measure_session(kernels, store, session, plan, deadline, context);
  if (outcome.interrupted) {
    context.message("stopped; the same command goes on with what is left");
    return std::nullopt;
  }
  if (outcome.measuring.stopped)
    context.message(fmt::format("stopped after {}; what was measured is fitted, and the same "
                                "command goes on with the rest",
                                human_text(deadline)));
  else
    finish_session(store, session.id);
  for (const FailedOperator &failed : outcome.measuring.failed)
    context.message(
        fmt::format("{} left out: {}", to_text(failed.planned.call.kind), failed.reason));
  return session;
}

void write_report(const Calibration &calibration, const RunOptions &options,
                  CommandContext &context) {
  options.output.write_as(
      context, [&] { return calibration_report(calibration); },
      [&] { return calibration_csv(calibration); }, [&] { return calibration_json(calibration); });
}

int run(const RunOptions &options, CommandContext &context) {
  if (options.plan != "quick" && options.plan != "full")
    (void)context.catalog().locate("plans", options.plan); // before a device is kept busy
  const auto kernels = options.measuring.make_kernels();
  const DeviceDescription description = kernels->describe();
  const std::string id = measured_device_id(context, description, options.measuring.back_end);
  const Database store(options.measuring.store_path());
  const auto session = measured_session(options, *kernels, description, id, store, context);
  if (!session)
    return exit_check_failed;

  const std::vector<MeasuredOperator> measured = fitted_operators(store, *session);
  const Provenance provenance{
      fmt::format("measured by flopcast calibrate run, {} plan, {} operators", options.plan,
                  measured.size()),
      today()};
  const fs::path directory = presets_directory(options, context);
  const bool known =
      options.measuring.back_end == "cuda" && !context.catalog().path("devices", id).empty();
  Device device = known ? load_device(context.catalog(), id)
                        : measured_device(description, measured, provenance);
  device.id = id;
  Calibration calibration =
      measured_calibration(load_calibration(context.catalog(), "default"), device, measured);
  if (calibration.errors.empty())
    throw InputError({"calibrate run", 0, 0},
                     "no class of operators has the 100 shapes that a fit needs; run the quick or "
                     "the full plan first");
  calibration.software = description.software;
  calibration.provenance = provenance;
  if (!known)
    write_preset(directory, "devices", id, device_toml(device), context);
  write_preset(directory, "calibrations", id, measured_calibration_toml(calibration), context);
  add_calibration(store, calibration_record(calibration, session->id));
  write_report(calibration, options, context);
  return exit_ok;
}

} // namespace

void add_calibrate_run_command(CLI::App &calibrate, CommandContext &context) {
  auto *command = calibrate.add_subcommand(
      "run", "Measure the machine it stands on and fit a calibration that plans use at once");
  auto options = std::make_shared<RunOptions>();
  command
      ->add_option("plan", options->plan,
                   "quick (2 minutes at most), full (15 minutes at most), or a plan: exactly its "
                   "operators; default: quick")
      ->option_text("quick|full|PLAN");
  options->measuring.add_to(*command);
  command
      ->add_option("--presets", options->presets,
                   "write device and calibration to DIR; default: the user's presets")
      ->option_text("DIR");
  options->output.add_to(*command);
  command->callback([options, &context] {
    context.command = [options, &context] { return run(*options, context); };
  });
}

} // namespace flopcast
