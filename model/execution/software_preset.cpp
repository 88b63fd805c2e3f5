// SPDX-License-Identifier: Apache-2.0
#include "model/execution/software_preset.hpp"

#include <fmt/format.h>

#include <array>
#include <utility>

namespace flopcast {
namespace {

// Architectures that runs were published of, and those that a device preset may name.
constexpr std::array<std::string_view, 8> architectures{
    "Pascal", "Volta", "Turing", "Ampere", "Ada", "Hopper", "Blackwell", "Blackwell Ultra"};

void read_constants(TableReader &table, Software &software) {
  for (const SoftwareConstant &constant : software_constants()) {
    if (constant.time != nullptr) {
      if (const auto time = table.quantity(constant.key, constant.lowest * units::second,
                                           constant.highest * units::second))
        software.*constant.time = *time;
    } else if (constant.size != nullptr) {
      if (const auto size = table.quantity(constant.key, constant.lowest * units::byte,
                                           constant.highest * units::byte))
        software.*constant.size = *size;
    } else if (const auto share = table.number(constant.key, constant.lowest, constant.highest)) {
      software.*constant.share = *share;
    }
  }
}

ErrorSpread read_run_spread(TableReader table) {
  ErrorSpread spread;
  spread.samples = table.integer("groups", 0, 1'000'000).value_or(0);
  // A factor of e^5 either way is no prediction.
  spread.p10 = table.number("p10", -5, 5).value_or(0);
  spread.p50 = table.number("p50", -5, 5).value_or(0);
  spread.p90 = table.number("p90", -5, 5).value_or(0);
  table.finish();
  return spread;
}

SoftwareSpread read_spread(TableReader table) {
  SoftwareSpread spread;
  spread.hardware = table.number("hardware", 0, 5).value_or(0);
  spread.step_time = read_run_spread(table.table("step_time"));
  spread.memory = read_run_spread(table.table("memory"));
  table.finish();
  return spread;
}

std::string spread_toml(const SoftwareSpread &spread) {
  std::string text = fmt::format(
      "\n[software.spread] # log(measured / predicted) of runs that the constants did not see\n"
      "hardware = {:.4f} # standard deviation that kernels and links explain\n",
      spread.hardware);
  for (const auto &[key, runs] :
       {std::pair{"step_time", &spread.step_time}, std::pair{"memory", &spread.memory}})
    text += fmt::format("\n[software.spread.{}]\ngroups = {}\np10 = {:.4f}\np50 = {:.4f}\n"
                        "p90 = {:.4f}\n",
                        key, runs->samples, runs->p10, runs->p50, runs->p90);
  return text;
}

/// The constants in which `software` differs from `from`.
std::string constants_toml(const Software &software, const Software &from) {
  std::string text;
  for (const SoftwareConstant &constant : software_constants()) {
    const double value = constant.of(software);
    if (value == constant.of(from))
      continue;
    const std::string written = constant.time != nullptr ? fmt::format("\"{:.4g} us\"", value * 1e6)
                                : constant.size != nullptr
                                    ? fmt::format("\"{:.4g} GB\"", value / 1e9)
                                    : fmt::format("{:.4g}", value);
    text += fmt::format("{} = {} # {}\n", constant.key, written, constant.meaning);
  }
  return text;
}

} // namespace

const Software &SoftwarePreset::on(std::string_view architecture) const {
  const auto found = by_architecture.find(architecture);
  if (found != by_architecture.end())
    return found->second;
  // The same chip in a later edition.
  if (architecture == "Blackwell Ultra")
    return on("Blackwell");
  return base;
}

void SoftwarePreset::set_spread(const SoftwareSpread &spread) {
  base.spread = spread;
  for (auto &[architecture, software] : by_architecture)
    software.spread = spread;
}

SoftwarePreset read_software(TableReader table, const std::string &framework) {
  SoftwarePreset preset;
  preset.base.framework = framework;
  preset.fixed = table.texts("fixed");
  read_constants(table, preset.base);
  if (table.has("spread"))
    preset.base.spread = read_spread(table.table("spread"));
  for (const std::string_view architecture : architectures)
    if (table.has(architecture)) {
      TableReader own = table.table(architecture);
      Software &software = preset.by_architecture.emplace(architecture, preset.base).first->second;
      read_constants(own, software);
      own.finish();
    }
  table.finish();
  return preset;
}

SoftwarePreset load_software(const PresetCatalog &catalog, const std::string &name) {
  const std::string id = catalog.resolve("frameworks", name);
  if (id.empty())
    throw InputError({}, catalog.unknown_name("frameworks", name));
  Diagnostics diagnostics;
  const InputValue file = catalog.load("frameworks", id);
  TableReader root(file, "", diagnostics);
  SoftwarePreset preset = read_software(root.table("software"), id);
  diagnostics.throw_if_any();
  return preset;
}

std::string software_toml(const SoftwarePreset &preset) {
  std::string text = "[software]\n";
  if (!preset.fixed.empty())
    text += fmt::format("fixed = [\"{}\"] # known, and so not fitted\n",
                        fmt::join(preset.fixed, "\", \""));
  text += constants_toml(preset.base, Software{});
  for (const auto &[architecture, software] : preset.by_architecture)
    text +=
        fmt::format("\n[software.\"{}\"]\n", architecture) + constants_toml(software, preset.base);
  if (preset.base.spread != SoftwareSpread{})
    text += spread_toml(preset.base.spread);
  return text;
}

} // namespace flopcast
