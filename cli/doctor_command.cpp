// SPDX-License-Identifier: Apache-2.0
#include "cli/session.hpp"

#include "hardware/units/text.hpp"
#include "profiler/cpu/cpu_kernels.hpp"
#include "profiler/cuda_environment.hpp"
#include "reports/preset_report.hpp"
#include "reports/report.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

namespace flopcast {
namespace {

ReportSection presets_section(CommandContext &context) {
  ReportSection section{"Presets", {}};
  for (const auto &directory : context.catalog().directories())
    section.rows.push_back({"", "searched", {directory.lexically_normal().string()}});
  if (section.rows.empty())
    section.rows.push_back(
        {"", "problem", {"no directory found; set FLOPCAST_PRESETS to where they are"}});
  for (const std::string kind : {"devices", "nodes", "fabrics", "models", "plans", "calibrations"})
    section.rows.push_back({"", kind, {fmt::format("{}", context.catalog().ids(kind).size())}});
  return section;
}

ReportSection cuda_section() {
  const CudaEnvironment cuda = cuda_environment();
  const auto or_none = [](const std::string &text) {
    return text.empty() ? std::string("none") : text;
  };
  ReportSection section{"CUDA", {}};
  section.rows.push_back({"", "built with CUDA", {cuda.built ? "yes" : "no"}});
  if (cuda.built) {
    section.rows.push_back({"", "runtime", {or_none(cuda.runtime_version)}});
    section.rows.push_back({"", "driver", {or_none(cuda.driver_version)}});
    section.rows.push_back(
        {"", "CUPTI API", {cuda.cupti_version ? fmt::format("{}", cuda.cupti_version) : "none"}});
  }
  for (const CudaDevice &device : cuda.devices)
    section.rows.push_back(
        {"",
         "GPU",
         {fmt::format("{}, compute capability {}.{}, {} multiprocessors, {}", device.name,
                      device.compute_capability_major, device.compute_capability_minor,
                      device.multiprocessors, human_text(device.memory))}});
  if (!cuda.problem.empty())
    section.rows.push_back({"", "problem", {cuda.problem}});
  return section;
}

ReportSection cpu_section() {
  const bool built = has_cpu_kernels();
  ReportSection section{"CPU back end", {}};
  section.rows.push_back({"", "built", {built ? "yes" : "no"}});
  if (built) {
    const DeviceDescription processor = make_cpu_kernels(1)->describe();
    section.rows.push_back({"", "processor", {processor.name}});
    section.rows.push_back({"", "software", {processor.software}});
  }
  return section;
}

int run(CommandContext &context) {
  Report report;
  report.title = "flopcast " FLOPCAST_VERSION;
  report.left_aligned = true;
  report.sections = {presets_section(context), cuda_section(), cpu_section()};
  OutputOptions{}.write(context, to_table(report, context.text_style()));
  return exit_ok;
}

} // namespace

void add_doctor_command(CLI::App &app, CommandContext &context) {
  auto *command =
      app.add_subcommand("doctor", "What this installation has: presets, CUDA, GPUs, CPU back end");
  command->callback([&context] { context.command = [&context] { return run(context); }; });
}

} // namespace flopcast
