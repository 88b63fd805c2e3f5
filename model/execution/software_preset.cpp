// SPDX-License-Identifier: Apache-2.0
#include "model/execution/software_preset.hpp"

#include <fmt/format.h>

#include <array>

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

SoftwarePreset read_software(TableReader table, const std::string &framework) {
  SoftwarePreset preset;
  preset.base.framework = framework;
  read_constants(table, preset.base);
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
  std::string text = "[software]\n" + constants_toml(preset.base, Software{});
  for (const auto &[architecture, software] : preset.by_architecture)
    text +=
        fmt::format("\n[software.\"{}\"]\n", architecture) + constants_toml(software, preset.base);
  return text;
}

} // namespace flopcast
