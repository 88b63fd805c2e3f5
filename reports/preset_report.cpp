// SPDX-License-Identifier: Apache-2.0
#include "reports/preset_report.hpp"

#include "hardware/energy.hpp"
#include "hardware/price.hpp"
#include "hardware/units/text.hpp"
#include "reports/csv_text.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cctype>

namespace flopcast {
namespace {

using Json = nlohmann::ordered_json;

std::string lower_case(std::string_view text) {
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return lower;
}

std::vector<PresetSummary> price_summaries(const PresetCatalog &catalog) {
  std::vector<PresetSummary> result;
  for (const PriceQuote &quote : load_prices(catalog)) {
    std::string what = quote.provider;
    for (const std::string *part : {&quote.instance, &quote.region})
      if (!part->empty())
        what += " " + *part;
    result.push_back(
        {"prices", quote.gpu.empty() ? quote.gpu_name : quote.gpu,
         fmt::format("{}, {}", what, to_text(quote.kind)),
         fmt::format("{} ({})", quote.rent ? human_text(*quote.rent) : human_text(*quote.purchase),
                     to_text(quote.date))});
  }
  return result;
}

std::vector<PresetSummary> energy_summaries(const PresetCatalog &catalog) {
  std::vector<PresetSummary> result;
  for (const GridCarbon &grid : load_grids(catalog))
    result.push_back({"energy", grid.region, grid.note,
                      grid.date.empty()
                          ? human_text(grid.intensity)
                          : fmt::format("{} ({})", human_text(grid.intensity), grid.date)});
  return result;
}

std::string value_text(const InputValue &value) {
  struct Visitor {
    std::string operator()(bool flag) const { return flag ? "true" : "false"; }
    std::string operator()(std::int64_t number) const { return fmt::format("{}", number); }
    std::string operator()(double number) const { return fmt::format("{}", number); }
    std::string operator()(const std::string &text) const { return text; }
    std::string operator()(const Date &date) const { return to_text(date); }
    std::string operator()(const InputArray &array) const {
      std::vector<std::string> parts;
      for (const InputValue &element : array)
        parts.push_back(value_text(element));
      return fmt::format("{}", fmt::join(parts, "; "));
    }
    std::string operator()(const InputTable &) const { return {}; }
  };
  return std::visit(Visitor{}, value.data);
}

Json value_json(const InputValue &value) {
  struct Visitor {
    Json operator()(bool flag) const { return flag; }
    Json operator()(std::int64_t number) const { return number; }
    Json operator()(double number) const { return number; }
    Json operator()(const std::string &text) const { return text; }
    Json operator()(const Date &date) const { return to_text(date); }
    Json operator()(const InputArray &array) const {
      Json result = Json::array();
      for (const InputValue &element : array)
        result.push_back(value_json(element));
      return result;
    }
    Json operator()(const InputTable &table) const {
      Json result = Json::object();
      for (const auto &[key, element] : table)
        result[key] = value_json(element);
      return result;
    }
  };
  return std::visit(Visitor{}, value.data);
}

// A preset of the user's own may hold text that is no UTF-8.
std::string dumped(const Json &json) {
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

void append_sections(Report &report, const InputTable &table, const std::string &title,
                     const std::string &path) {
  ReportSection section{title, {}};
  for (const auto &[key, value] : table)
    if (!std::holds_alternative<InputTable>(value.data))
      section.rows.push_back({path + key, key, {value_text(value)}});
  if (!section.rows.empty())
    report.sections.push_back(std::move(section));
  for (const auto &[key, value] : table)
    if (const auto *inner = std::get_if<InputTable>(&value.data))
      append_sections(report, *inner, path + key, path + key + ".");
}

} // namespace

const std::vector<std::string> &preset_kinds() {
  static const std::vector<std::string> kinds{"devices",      "nodes", "fabrics", "models", "plans",
                                              "calibrations", "laws",  "prices",  "energy"};
  return kinds;
}

std::vector<PresetSummary> summaries(const PresetCatalog &catalog, std::string_view kind) {
  if (kind == "prices")
    return price_summaries(catalog);
  if (kind == "energy")
    return energy_summaries(catalog);
  std::vector<PresetSummary> result;
  for (const std::string &id : catalog.ids(kind)) {
    const InputValue preset = catalog.load(kind, id);
    const auto &table = std::get<InputTable>(preset.data);
    const auto name = table.find("name");
    const std::vector<std::string> aliases = catalog.aliases(kind, id);
    result.push_back({std::string(kind), id,
                      name == table.end() ? std::string() : value_text(name->second),
                      fmt::format("{}", fmt::join(aliases, ", "))});
  }
  return result;
}

std::vector<PresetSummary> search(std::vector<PresetSummary> all,
                                  const std::vector<std::string> &words) {
  std::erase_if(all, [&](const PresetSummary &preset) {
    const std::string text =
        lower_case(fmt::format("{} {} {} {}", preset.kind, preset.id, preset.name, preset.detail));
    return !std::ranges::all_of(words, [&](const std::string &word) {
      return text.find(lower_case(word)) != std::string::npos;
    });
  });
  return all;
}

Report summaries_report(const std::vector<PresetSummary> &presets, std::string_view title) {
  Report report;
  report.title = title;
  report.left_aligned = true;
  for (const PresetSummary &preset : presets) {
    if (report.sections.empty() || report.sections.back().title != preset.kind)
      report.sections.push_back({preset.kind, {}});
    std::string text = preset.name;
    if (!preset.detail.empty())
      text += text.empty() ? preset.detail : fmt::format(" ({})", preset.detail);
    report.sections.back().rows.push_back({preset.id, preset.id, {std::move(text)}});
  }
  return report;
}

std::string summaries_json(const std::vector<PresetSummary> &presets) {
  Json root = Json::array();
  for (const PresetSummary &preset : presets)
    root.push_back({{"kind", preset.kind},
                    {"id", preset.id},
                    {"name", preset.name},
                    {"detail", preset.detail}});
  return dumped(
      {{"schema_version", json_schema_version}, {"kind", "presets"}, {"presets", std::move(root)}});
}

std::string summaries_csv(const std::vector<PresetSummary> &presets) {
  std::string text = csv_line({"kind", "id", "name", "detail"});
  for (const PresetSummary &preset : presets)
    text += csv_line({preset.kind, preset.id, preset.name, preset.detail});
  return text;
}

Report preset_report(const InputValue &preset, std::string_view title) {
  Report report;
  report.title = title;
  report.left_aligned = true;
  append_sections(report, std::get<InputTable>(preset.data), "preset", "");
  return report;
}

std::string preset_json(const InputValue &preset) {
  return dumped({{"schema_version", json_schema_version},
                 {"kind", "preset"},
                 {"preset", value_json(preset)}});
}

std::string preset_csv(const InputValue &preset) {
  std::string text = csv_line({"key", "value"});
  for (const ReportSection &section : preset_report(preset, "").sections)
    for (const ReportRow &row : section.rows)
      text += csv_line({row.key, row.cells.front()});
  return text;
}

} // namespace flopcast
