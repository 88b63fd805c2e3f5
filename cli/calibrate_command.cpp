// SPDX-License-Identifier: Apache-2.0
#include "cli/calibrate_commands.hpp"
#include "cli/measuring.hpp"
#include "cli/session.hpp"

#include "hardware/calibration_file.hpp"
#include "hardware/calibration_fit.hpp"
#include "hardware/link_calibration.hpp"
#include "hardware/preset_fields.hpp"
#include "hardware/presets/load.hpp"
#include "hardware/units/text.hpp"
#include "profiler/importers/collective_tables.hpp"
#include "profiler/importers/kernel_tables.hpp"
#include "profiler/importers/table_text.hpp"
#include "reports/calibration_report.hpp"
#include "reports/svg_plot.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <memory>

namespace flopcast {
namespace {

struct CalibrateOptions {
  std::vector<std::string> files;
  std::string device;
  std::string variant;
  std::vector<std::string> classes;
  std::string scale_out;
  std::string power_from;
  std::string plot;
  std::string calibration;
  std::string name;
  std::string source;
  OutputOptions output;
};

struct Measurements {
  std::vector<KernelSample> kernels;
  std::vector<CollectiveSample> collectives;
  std::string software;

  void name_software(const std::string &text) {
    if (software.find(text) == std::string::npos)
      software += (software.empty() ? "" : "; ") + text;
  }
};

/// The samples of one device from all files. Tables of other devices are passed over, with a
/// message.
class MeasurementReader {
public:
  MeasurementReader(const CalibrateOptions &options, const Device &device, CommandContext &context)
      : options_(options), device_(device), context_(context) {}

  Measurements read() {
    for (const std::string &file : options_.files) {
      const std::string text = table_text(file);
      if (is_collective_table(text, file))
        for (CollectiveTable &table : parse_collective_tables(text, file))
          take(table, file);
      else
        for (KernelTable &table : parse_kernel_tables(text, file))
          take(table, file);
    }
    if (found_.kernels.empty() && found_.collectives.empty())
      throw InputError({options_.files.front(), 0, 0},
                       fmt::format("holds no kernels{} of {} and no collectives",
                                   options_.variant.empty() ? "" : " named " + options_.variant,
                                   device_.id));
    return std::move(found_);
  }

private:
  void take(KernelTable &table, const std::string &file) {
    name_skipped(table.skipped, file);
    for (const std::string &remark : table.remarks)
      context_.message(fmt::format("{}: {}", file, remark));
    if (!is_of_device(table.device) || table.variant != options_.variant) {
      pass_over(table.samples.size(), table.device, table.variant, file);
      return;
    }
    if (!table.software.empty())
      found_.name_software(table.software);
    std::ranges::move(table.samples, std::back_inserter(found_.kernels));
  }

  void take(CollectiveTable &table, const std::string &file) {
    name_skipped(table.skipped, file);
    if (table.device.empty()) {
      context_.message(
          fmt::format("{}: names no device; taken as measured on {}", file, device_.id));
    } else if (!is_of_device(table.device)) {
      pass_over(table.samples.size(), table.device, "", file);
      return;
    }
    const auto between = std::erase_if(table.samples, [&](const CollectiveSample &sample) {
      return options_.scale_out.empty() && sample.ranks > sample.ranks_per_node;
    });
    if (between > 0)
      context_.message(fmt::format(
          "{}: {} collectives between nodes passed over; --scale-out takes them", file, between));
    if (table.samples.empty())
      return;
    found_.name_software(fmt::format(
        "{} (collectives)",
        table.software.empty() ? std::filesystem::path(file).filename().string() : table.software));
    std::ranges::move(table.samples, std::back_inserter(found_.collectives));
  }

  [[nodiscard]] bool is_of_device(const std::string &name) {
    return context_.catalog().resolve("devices", name) == device_.id;
  }

  void name_skipped(const std::vector<SkippedRows> &all, const std::string &file) {
    for (const SkippedRows &skipped : all)
      context_.message(fmt::format("{}: {} rows left out: {}", file, skipped.rows, skipped.reason));
  }

  void pass_over(std::size_t samples, const std::string &device, const std::string &variant,
                 const std::string &file) {
    context_.message(fmt::format("{}: {} samples of {}{} passed over", file, samples, device,
                                 variant.empty() ? "" : ", " + variant));
  }

  const CalibrateOptions &options_;
  const Device &device_;
  CommandContext &context_;
  Measurements found_;
};

/// The quantity that an option gives.
template <class Dim>
Quantity<Dim> option_value(const char *option, const std::string &text, Quantity<Dim> least,
                           Quantity<Dim> most) {
  try {
    const auto value = parse_quantity<Dim>(text);
    if (value < least || value > most)
      throw UnitError(
          fmt::format("{} is not between {} and {}", text, human_text(least), human_text(most)));
    return value;
  } catch (const UnitError &error) {
    throw InputError({option, 0, 0}, error.what());
  }
}

/// The links of the device's usual node and, between nodes, what --scale-out tells.
MeasuredLinks measured_links(const CalibrateOptions &options, const Device &device,
                             CommandContext &context) {
  MeasuredLinks links;
  if (const auto usual = usual_node(context.catalog(), device))
    links.node = *usual;
  else if (device.link_bandwidth)
    links.node.scale_up_bandwidth = *device.link_bandwidth;
  else
    throw InputError({"--device", 0, 0},
                     fmt::format("no node preset holds {}, and its datasheet has no link: write a "
                                 "preset of the node whose collectives were measured",
                                 device.id));
  links.up = scale_up_links(links.node, device);
  if (!options.scale_out.empty()) {
    links.network = true;
    links.node.scale_out_bandwidth =
        option_value("--scale-out", options.scale_out, sane::least_bandwidth, sane::most_bandwidth);
  }
  return links;
}

/// Drops kernels of other classes than --classes names.
void keep_classes(Measurements &measured, const CalibrateOptions &options) {
  if (!options.classes.empty())
    std::erase_if(measured.kernels, [&](const KernelSample &sample) {
      return std::ranges::find(options.classes, to_text(sample.call.kind)) == options.classes.end();
    });
}

/// What the fitted samples tell of power; with --power-from what only those of that file do.
std::optional<MeteredPower> metered_power(const CalibrateOptions &options, const Device &device,
                                          std::optional<MeteredPower> of_samples,
                                          const std::string &software, CommandContext &context) {
  std::optional<MeteredPower> power = std::move(of_samples);
  std::string metered_software = software;
  if (!options.power_from.empty()) {
    Measurements metered;
    for (KernelTable &table : read_kernel_tables(options.power_from))
      if (context.catalog().resolve("devices", table.device) == device.id) {
        // FLOPs and bytes take their energy under any name: variants count too.
        metered.name_software(table.software);
        std::ranges::move(table.samples, std::back_inserter(metered.kernels));
      }
    power = fit_metered_power(device, metered.kernels);
    metered_software = metered.software;
    if (!power)
      throw InputError({options.power_from, 0, 0},
                       fmt::format("tells no power of {}: a fit needs 100 kernels from 100 us on "
                                   "and 100 shorter ones, with their power, and the device's "
                                   "thermal design power",
                                   device.id));
  }
  if (power) {
    power->software = metered_software;
    power->provenance = {options.source, today()};
  }
  return power;
}

int fit(const CalibrateOptions &options, CommandContext &context) {
  const Device device = load_device(context.catalog(), options.device);
  Measurements measured = MeasurementReader(options, device, context).read();
  keep_classes(measured, options);
  Calibration calibration =
      fit_calibration(load_calibration(context.catalog(), "default"), device, measured.kernels);
  if (!measured.collectives.empty())
    calibration =
        fit_links(calibration, measured_links(options, device, context), measured.collectives);
  if (calibration.errors.empty() && calibration.link_errors.empty())
    throw InputError({options.files.front(), 0, 0},
                     "no class of operators has the 100 samples that a fit needs, and no kind of "
                     "collective its 20");
  calibration.name = options.name.empty() ? device.name : options.name;
  calibration.software = measured.software;
  calibration.provenance = {options.source, today()};
  calibration.power =
      metered_power(options, device, std::move(calibration.power), measured.software, context);
  options.output.write(context, calibration_toml(calibration));
  return exit_ok;
}

int show(const CalibrateOptions &options, CommandContext &context) {
  const Calibration calibration =
      options.device.empty()
          ? load_calibration(context.catalog(), options.calibration)
          : usual_calibration(context.catalog(), load_device(context.catalog(), options.device));
  options.output.write_as(
      context, [&] { return calibration_report(calibration); },
      [&] { return calibration_csv(calibration); }, [&] { return calibration_json(calibration); });
  return exit_ok;
}

void write_plot(const CalibrateOptions &options, CommandContext &context, const Device &device,
                const std::vector<Agreement> &pairs) {
  AgreementPlot plot{.title = fmt::format("{}: {} held-back kernels", device.name, pairs.size()),
                     .x_title = "measured, us",
                     .y_title = "predicted, us",
                     .points = {}};
  for (const Agreement &pair : pairs)
    plot.points.push_back(
        {pair.measured.in(units::microsecond), pair.predicted.in(units::microsecond)});
  OutputOptions file;
  file.file = options.plot;
  file.write(context, agreement_svg(plot));
}

int validate(const CalibrateOptions &options, CommandContext &context) {
  const Device device = load_device(context.catalog(), options.device);
  const Calibration calibration = options.calibration.empty()
                                      ? usual_calibration(context.catalog(), device)
                                      : load_calibration(context.catalog(), options.calibration);
  Measurements measured = MeasurementReader(options, device, context).read();
  keep_classes(measured, options);
  if (!options.plot.empty())
    write_plot(options, context, device,
               held_back_agreement(calibration, device, measured.kernels));
  Validation validation;
  validation.kernels = validate_calibration(calibration, device, measured.kernels);
  if (!measured.collectives.empty())
    validation.collectives = validate_links(
        calibration, measured_links(options, device, context).node, measured.collectives);
  options.output.write_as(
      context, [&] { return validation_report(calibration, device, validation); },
      [&] { return validation_csv(validation); },
      [&] { return validation_json(calibration, validation); });
  return exit_ok;
}

} // namespace

void add_calibrate_command(CLI::App &app, CommandContext &context) {
  auto *command =
      app.add_subcommand("calibrate", "Fit, show and check how fast a device's kernels really are");
  command->require_subcommand(1);
  auto options = std::make_shared<CalibrateOptions>();
  const auto add = [&](std::string name, std::string description,
                       int (*action)(const CalibrateOptions &, CommandContext &)) {
    auto *subcommand = command->add_subcommand(std::move(name), std::move(description));
    subcommand->callback([options, &context, action] {
      context.command = [options, &context, action] { return action(*options, context); };
    });
    return subcommand;
  };
  std::vector<std::string> class_names;
  for (const auto &[name, kind] : operator_class_names())
    class_names.emplace_back(name);
  const auto add_samples = [&](CLI::App &subcommand) {
    subcommand
        .add_option("--classes", options->classes,
                    "kernels of these classes only, such as gemm,softmax")
        ->delimiter(',')
        ->check(CLI::IsMember(class_names))
        ->option_text("CLASS,…");
    subcommand
        .add_option("samples", options->files,
                    "tables of measured kernels and collectives, CSV or CSV.gz; or SimuMax's JSON")
        ->required()
        ->option_text("SAMPLES.csv…");
    subcommand.add_option("--device", options->device, "the GPU that was measured")
        ->required()
        ->option_text("GPU");
    subcommand
        .add_option("--variant", options->variant,
                    "kernels of this name in the table, such as fp8_block")
        ->option_text("NAME");
    subcommand
        .add_option("--scale-out", options->scale_out,
                    "take collectives between nodes too: their network's datasheet bandwidth per "
                    "GPU and direction, such as '50 GB/s'")
        ->option_text("BANDWIDTH");
  };
  auto *fit_command =
      add("fit", "Fit a calibration to measured kernels and collectives, as TOML", fit);
  add_samples(*fit_command);
  fit_command->add_option("--name", options->name, "name of the calibration")->option_text("TEXT");
  fit_command->add_option("--source", options->source, "where the measurements come from")
      ->required()
      ->option_text("TEXT");
  fit_command
      ->add_option("--power-from", options->power_from,
                   "fit power to this table alone and nothing else to it: kernels with metered "
                   "power, of any variant")
      ->option_text("FILE.csv");
  fit_command->add_option("-o,--output", options->output.file, "write to FILE instead of stdout")
      ->option_text("FILE");
  auto *show_command = add("show", "What a calibration holds and how far it is off", show);
  options->output.add_to(*show_command);
  auto *named = show_command->add_option("calibration", options->calibration, "its id")
                    ->option_text("CALIBRATION");
  show_command
      ->add_option("--device", options->device, "the calibration that plans with this GPU take")
      ->excludes(named)
      ->option_text("GPU");
  auto *validate_command =
      add("validate", "Errors on the samples that the fit did not see", validate);
  options->output.add_to(*validate_command);
  validate_command
      ->add_option("--plot", options->plot, "write measured against predicted times as SVG")
      ->option_text("FILE.svg");
  add_samples(*validate_command);
  validate_command
      ->add_option("--calibration", options->calibration,
                   "its id; default: the one that plans with this GPU take")
      ->option_text("CALIBRATION");
  add_calibrate_run_command(*command, context);
  add_doctor_command(*command, context);
}

} // namespace flopcast
