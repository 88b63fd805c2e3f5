// SPDX-License-Identifier: Apache-2.0
#include "reports/calibration_report.hpp"

#include "hardware/units/text.hpp"
#include "reports/csv_text.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace flopcast {
namespace {

using Json = nlohmann::ordered_json;

std::string percent(double share) { return fmt::format("{:.1f} %", 100 * share); }
std::string signed_percent(double share) { return fmt::format("{:+.1f} %", 100 * share); }

std::vector<std::string> error_cells(const ErrorSummary &errors) {
  return {grouped_integer(static_cast<double>(errors.samples)), percent(errors.median),
          percent(errors.mean), percent(errors.p90), signed_percent(errors.bias)};
}

const std::vector<std::string> error_columns{"samples", "median", "mean", "P90", "bias"};

std::string_view pass_name(Pass pass) { return pass == Pass::forward ? "forward" : "backward"; }

std::string class_name(OperatorClass kind, Pass pass, NumberFormat format) {
  return fmt::format("{}, {}, {}", to_text(kind), pass == Pass::forward ? "forward" : "backward",
                     to_text(format));
}

std::string link_name(LinkLevel level, Collective collective) {
  std::string name(to_text(collective));
  std::ranges::replace(name, '_', '-');
  return name + (level == LinkLevel::scale_up ? ", inside a domain" : ", between domains");
}

Json errors_json(const ErrorSummary &errors) {
  return {{"samples", errors.samples},
          {"median", errors.median},
          {"mean", errors.mean},
          {"p90", errors.p90},
          {"bias", errors.bias}};
}

Json class_json(OperatorClass kind, Pass pass, NumberFormat format) {
  return {{"class", to_text(kind)}, {"pass", pass_name(pass)}, {"format", to_text(format)}};
}

Json link_json(LinkLevel level, Collective collective) {
  return {{"level", to_text(level)}, {"collective", to_text(collective)}};
}

/// `level` is "device" for kernels, which have a pass and a format too.
std::string errors_line(std::string_view level, std::string_view kind, std::string_view pass,
                        std::string_view format, std::string_view part,
                        const ErrorSummary &errors) {
  const auto number = [](double value) { return fmt::format("{:.6g}", value); };
  return csv_line({std::string(level), std::string(kind), std::string(pass), std::string(format),
                   std::string(part), fmt::format("{}", errors.samples), number(errors.median),
                   number(errors.mean), number(errors.p90), number(errors.bias)});
}

std::string errors_header(std::string_view part) {
  return csv_line({"level", "kind", "pass", "format", std::string(part), "samples", "median",
                   "mean", "p90", "bias"});
}

Json header_json(const Calibration &calibration, std::string_view kind) {
  return {{"schema_version", json_schema_version},
          {"kind", kind},
          {"id", calibration.id},
          {"device", calibration.device},
          {"transferred_to", calibration.transferred_to},
          {"origin", to_text(calibration.origin)},
          {"software", calibration.software},
          {"source", calibration.provenance.source},
          {"date", to_text(calibration.provenance.date)}};
}

std::string dumped(const Json &json) {
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

ReportSection gemm_section(NumberFormat format, const GemmModel &model) {
  ReportSection section{fmt::format("Matrix products in {}", to_text(format)), {}};
  const auto row = [&](std::string label, std::string text) {
    section.rows.push_back({"", std::move(label), {std::move(text)}});
  };
  row("launch", human_text(model.launch));
  row("share of the memory bandwidth", percent(model.memory_efficiency));
  for (std::size_t j = 0; j < gemm_tiles.size(); ++j)
    row(fmt::format("share of peak, tiles of {} x {}", gemm_tiles[j].rows, gemm_tiles[j].columns),
        percent(model.tile_efficiency[j]));
  row("depth that starting a tile is worth", fmt::format("{:.0f}", model.fill_depth));
  if (model.conversion_bytes > 0)
    row("conversion of the left operand",
        fmt::format("{:.1f} B an element", model.conversion_bytes));
  row("measured",
      fmt::format("{} x {} x {} to {} x {} x {}", model.measured_from.rows,
                  model.measured_from.columns, model.measured_from.depth, model.measured_to.rows,
                  model.measured_to.columns, model.measured_to.depth));
  row("knots of the residual", fmt::format("{}", model.residual.values.size()));
  return section;
}

ReportSection grouped_section(NumberFormat format, const GroupedModel &model) {
  ReportSection section{fmt::format("Products of experts in {}", to_text(format)), {}};
  const auto row = [&](std::string label, std::string text) {
    section.rows.push_back({"", std::move(label), {std::move(text)}});
  };
  const GemmModel &product = model.product;
  row("launches of a layer", human_text(model.layer_launch));
  row("share of the memory bandwidth", percent(product.memory_efficiency));
  for (std::size_t j = 0; j < gemm_tiles.size(); ++j)
    row(fmt::format("share of peak, tiles of {} x {}", gemm_tiles[j].rows, gemm_tiles[j].columns),
        percent(product.tile_efficiency[j]));
  row("depth that starting a tile is worth", fmt::format("{:.0f}", product.fill_depth));
  row("traffic of the permutations", fmt::format("{:.1f} B an element", model.permuted_bytes));
  row("traffic of the activation", fmt::format("{:.1f} B an element", model.activated_bytes));
  row("traffic by token", fmt::format("{:.1f} B an element", model.token_bytes));
  row("rows added where experts get unequal shares", fmt::format("{:.0f}", model.uneven_rows));
  row("measured",
      fmt::format("{} to {} experts", product.measured_from.batch, product.measured_to.batch));
  return section;
}

std::string link_row(const CollectiveModel &model) {
  std::string text = fmt::format("{} of the bandwidth, {} and {} a step", percent(model.efficiency),
                                 human_text(model.start), human_text(model.step));
  if (model.in_switch_efficiency > 0)
    text += fmt::format("; in the switch {} and {}", percent(model.in_switch_efficiency),
                        human_text(model.in_switch_start));
  if (model.samples == 0)
    return text + "; not measured";
  return text + fmt::format("; measured {} to {}, up to {} ranks", human_text(model.measured_from),
                            human_text(model.measured_to), model.most_ranks);
}

ReportSection links_section(std::string title, const LinkModel &model) {
  ReportSection section{std::move(title), {}};
  for (const auto &[name, collective] : collective_names()) {
    std::string label(name);
    std::ranges::replace(label, '_', '-');
    section.rows.push_back({"", std::move(label), {link_row(model.of(collective))}});
  }
  return section;
}

ReportSection power_section(const MeteredPower &power) {
  ReportSection section{fmt::format("Power, metered on {}", power.device), {}};
  const auto row = [&](std::string label, std::string text) {
    section.rows.push_back({"", std::move(label), {std::move(text)}});
  };
  row("idle", human_text(power.model.idle));
  for (const auto &[name, format] : number_format_names())
    if (const EnergyPerFlop energy = power.model.per_flop[static_cast<std::size_t>(format)];
        energy > EnergyPerFlop{})
      row(fmt::format("work in {}", name), human_text(energy));
  row("operands and results", human_text(power.model.per_byte));
  row("limit", human_text(power.model.limit));
  row("software", power.software);
  return section;
}

Json power_json(const MeteredPower &power) {
  Json per_flop = Json::object();
  for (const auto &[name, format] : number_format_names())
    if (const EnergyPerFlop energy = power.model.per_flop[static_cast<std::size_t>(format)];
        energy > EnergyPerFlop{})
      per_flop[std::string(name)] = energy.in(units::joule / units::flop);
  return {{"device", power.device},
          {"software", power.software},
          {"idle_watt", power.model.idle.in(units::watt)},
          {"limit_watt", power.model.limit.in(units::watt)},
          {"joule_per_flop", std::move(per_flop)},
          {"joule_per_byte", power.model.per_byte.in(units::joule / units::byte)},
          {"fitted", errors_json(power.fitted)},
          {"held_back", errors_json(power.held_back)}};
}

/// One line on the part that the fit did not see.
std::string held_back_text(const ErrorSummary &errors) {
  return fmt::format("{} held-back samples: median {}, mean {}, P90 {}, bias {}", errors.samples,
                     percent(errors.median), percent(errors.mean), percent(errors.p90),
                     signed_percent(errors.bias));
}

} // namespace

Report calibration_report(const Calibration &calibration) {
  Report report;
  report.title = calibration.name;
  report.left_aligned = true;
  ReportSection about{"Calibration", {}};
  const auto row = [&](std::string label, const std::string &text) {
    if (!text.empty())
      about.rows.push_back({"", std::move(label), {text}});
  };
  row("id", calibration.id);
  row("origin", std::string(to_text(calibration.origin)));
  row("measured on", calibration.device);
  row("stands in for", calibration.transferred_to);
  row("software", calibration.software);
  row("source", calibration.provenance.source);
  row("date", to_text(calibration.provenance.date));
  report.sections.push_back(std::move(about));
  for (const auto &[name, format] : number_format_names())
    if (const auto &model = calibration.gemm[static_cast<std::size_t>(format)])
      report.sections.push_back(gemm_section(format, *model));
  for (const auto &[name, format] : number_format_names())
    if (const auto &model = calibration.grouped_gemm[static_cast<std::size_t>(format)])
      report.sections.push_back(grouped_section(format, *model));
  if (calibration.scale_up_links)
    report.sections.push_back(
        links_section("Collectives inside a domain", *calibration.scale_up_links));
  if (calibration.scale_out_links)
    report.sections.push_back(
        links_section("Collectives between domains", *calibration.scale_out_links));
  if (calibration.power)
    report.sections.push_back(power_section(*calibration.power));
  ReportSection shares{"Where nothing was measured", {}};
  const auto share = [&](std::string label, double value) {
    shares.rows.push_back({"", std::move(label), {percent(value)}});
  };
  share("matrix products", calibration.gemm_efficiency);
  share("products of unfused attention", calibration.batched_gemm_efficiency);
  share("flash attention, forward", calibration.attention_forward_efficiency);
  share("flash attention, backward", calibration.attention_backward_efficiency);
  share("memory bandwidth", calibration.memory_efficiency);
  shares.rows.push_back({"", "launch of a kernel", {human_text(calibration.launch)}});
  report.sections.push_back(std::move(shares));
  for (const ClassErrors &errors : calibration.errors)
    report.remarks.push_back(
        {class_name(errors.kind, errors.pass, errors.format), held_back_text(errors.held_back)});
  for (const LinkErrors &errors : calibration.link_errors)
    report.remarks.push_back(
        {link_name(errors.level, errors.collective), held_back_text(errors.held_back)});
  if (calibration.power)
    report.remarks.push_back(
        {"power, kernels from 100 us", held_back_text(calibration.power->held_back)});
  report.remarks_title = "Errors on what the fit did not see: shapes of kernels above 50 us, sizes "
                         "of collectives from 1 MiB";
  return report;
}

std::string calibration_json(const Calibration &calibration) {
  Json root = header_json(calibration, "calibration");
  root["errors"] = Json::array();
  for (const ClassErrors &errors : calibration.errors) {
    Json entry = class_json(errors.kind, errors.pass, errors.format);
    entry["fitted"] = errors_json(errors.fitted);
    entry["held_back"] = errors_json(errors.held_back);
    root["errors"].push_back(std::move(entry));
  }
  root["link_errors"] = Json::array();
  for (const LinkErrors &errors : calibration.link_errors) {
    Json entry = link_json(errors.level, errors.collective);
    entry["fitted"] = errors_json(errors.fitted);
    entry["held_back"] = errors_json(errors.held_back);
    root["link_errors"].push_back(std::move(entry));
  }
  if (calibration.power)
    root["power"] = power_json(*calibration.power);
  return dumped(root);
}

std::string calibration_csv(const Calibration &calibration) {
  std::string text = errors_header("part");
  const auto lines = [&](std::string_view level, std::string_view kind, std::string_view pass,
                         std::string_view format, const auto &errors) {
    text += errors_line(level, kind, pass, format, "fitted", errors.fitted);
    text += errors_line(level, kind, pass, format, "held_back", errors.held_back);
  };
  for (const ClassErrors &errors : calibration.errors)
    lines("device", to_text(errors.kind), pass_name(errors.pass), to_text(errors.format), errors);
  for (const LinkErrors &errors : calibration.link_errors)
    lines(to_text(errors.level), to_text(errors.collective), "", "", errors);
  if (calibration.power)
    lines("device", "power", "", "", *calibration.power);
  return text;
}

Report validation_report(const Calibration &calibration, const Device &device,
                         const Validation &validation) {
  Report report;
  report.title = fmt::format("{} against held-back samples of {}", calibration.id, device.name);
  report.columns = error_columns;
  const auto row = [&](const std::string &section, const std::string &size,
                       const ErrorSummary &errors) {
    if (report.sections.empty() || report.sections.back().title != section)
      report.sections.push_back({section, {}});
    report.sections.back().rows.push_back({"", size, error_cells(errors)});
  };
  for (const ValidationRow &r : validation.kernels)
    row(class_name(r.kind, r.pass, r.format), r.size, r.errors);
  for (const LinkValidationRow &r : validation.collectives)
    row(link_name(r.level, r.collective), r.size, r.errors);
  return report;
}

std::string validation_json(const Calibration &calibration, const Validation &validation) {
  Json root = header_json(calibration, "validation");
  root["rows"] = Json::array();
  for (const ValidationRow &row : validation.kernels) {
    Json entry = class_json(row.kind, row.pass, row.format);
    entry["size"] = row.size;
    entry.update(errors_json(row.errors));
    root["rows"].push_back(std::move(entry));
  }
  root["link_rows"] = Json::array();
  for (const LinkValidationRow &row : validation.collectives) {
    Json entry = link_json(row.level, row.collective);
    entry["size"] = row.size;
    entry.update(errors_json(row.errors));
    root["link_rows"].push_back(std::move(entry));
  }
  return dumped(root);
}

std::string validation_csv(const Validation &validation) {
  std::string text = errors_header("size");
  for (const ValidationRow &row : validation.kernels)
    text += errors_line("device", to_text(row.kind), pass_name(row.pass), to_text(row.format),
                        row.size, row.errors);
  for (const LinkValidationRow &row : validation.collectives)
    text += errors_line(to_text(row.level), to_text(row.collective), "", "", row.size, row.errors);
  return text;
}

} // namespace flopcast
