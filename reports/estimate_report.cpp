// SPDX-License-Identifier: Apache-2.0
#include "reports/estimate_report.hpp"

#include "model/planning/uncertainty.hpp"
#include "reports/csv_text.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <cmath>
#include <cstddef>

namespace flopcast {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view missing = "–";

std::string key_unit(std::string_view key) {
  for (const auto &[ending, unit] : {std::pair<std::string_view, std::string_view>{"_bytes", "B"},
                                     {"per_s_per_gpu", "token/(s*GPU)"},
                                     {"_s", "s"},
                                     {"_usd", key == "cost.gpu_hour_usd" ? "USD/(GPU*h)" : "USD"},
                                     {"gpu_hours", "GPU*h"},
                                     {"_joule", "J"},
                                     {"_kg", "kg"},
                                     {"tflops_per_gpu", "TFLOP/s"},
                                     {"data.tokens", "token"},
                                     {"per_token", "FLOP/token"},
                                     {"per_token_causal", "FLOP/token"}})
    if (key.ends_with(ending))
      return std::string(unit);
  return key.starts_with("flops.") ? "FLOP" : "1";
}

/// Numbers of zero that only some plans have: they would be noise in a table.
bool is_optional_row(std::string_view key) {
  return key.starts_with("time.breakdown.") || key == "time.checkpoints_s" ||
         key == "parameters.active" || key == "memory.per_gpu.buffers_bytes";
}

/// "total" alone would not say that it is memory.
std::string headline_label(const NamedQuantity &quantity) {
  return quantity.section == QuantitySection::memory
             ? fmt::format("{}, {}", to_text(quantity.section), quantity.label)
             : std::string(quantity.label);
}

std::string share_of(double part, double whole) {
  return whole > 0 ? fmt::format("{:.1f} %", 100 * part / whole) : std::string();
}

void append_rows(ReportSection &section, const Answer &answer, QuantitySection which) {
  const Estimate &estimate = answer.estimate;
  for (const NamedQuantity &quantity : named_quantities()) {
    if (quantity.section != which)
      continue;
    const auto value = quantity.value(answer);
    const bool nothing = !value || value->value == 0;
    if (nothing && is_optional_row(quantity.key))
      continue;
    if (nothing && quantity.key == "parameters.prediction")
      continue;
    if (quantity.key == "parameters.active" && value->value == estimate.parameters.total)
      continue;
    ReportRow row{std::string(quantity.key),
                  std::string(quantity.label),
                  {value ? quantity_text(quantity, *value) : std::string(missing)}};
    if (value && quantity.key.starts_with("time.breakdown."))
      row.cells.push_back(share_of(value->value, estimate.step->time.total().in(units::second)));
    if (value && which == QuantitySection::memory &&
        quantity.key != "memory.per_gpu.capacity_bytes")
      row.cells.push_back(
          share_of(value->value, answer.run.cluster.device.memory_capacity.in(units::byte)));
    section.rows.push_back(std::move(row));
  }
}

Json number_or_null(const std::optional<AnyQuantity> &value, double unit) {
  if (!value || !std::isfinite(value->value))
    return nullptr;
  return value->value / unit;
}

/// Puts `value` under a dotted path.
void put(Json &root, std::string_view path, Json value) {
  Json *node = &root;
  for (;;) {
    const auto dot = path.find('.');
    node = &(*node)[std::string(path.substr(0, dot))];
    if (dot == std::string_view::npos)
      break;
    path.remove_prefix(dot + 1);
  }
  *node = std::move(value);
}

/// Operators whose times are extrapolated, as a list for people; "" if there are none.
std::string extrapolated_roles(const Estimate &estimate) {
  std::string text;
  for (std::size_t role = 0; estimate.step && role < operator_role_count; ++role)
    if (estimate.step->extrapolated.test(role))
      text +=
          fmt::format("{}{}", text.empty() ? "" : ", ", to_text(static_cast<OperatorRole>(role)));
  return text;
}

/// Low, base and high of every quantity that has a range, under its dotted key.
Json ranges_json(const Answer &answer, const std::optional<Ranges> &known) {
  if (!known)
    return nullptr;
  Json root = Json::object();
  for (const NamedQuantity &quantity : named_quantities())
    if (const auto range = range_of(quantity, answer, *known))
      put(root, quantity.key,
          {{"low", range->low / quantity.key_unit},
           {"base", number_or_null(quantity.value(answer), quantity.key_unit)},
           {"high", range->high / quantity.key_unit}});
  return root;
}

Json uncertainty_json(const Answer &answer, const std::optional<Ranges> &known) {
  if (!known)
    return nullptr;
  const SoftwareSpread &runs = answer.run.plan.training.software.spread;
  return {{"meaning", range_meaning(answer, *known)},
          {"kernels", known->hardware.operators},
          {"links", known->hardware.links},
          {"runs",
           {{"groups", runs.step_time.samples},
            {"p10", runs.step_time.p10},
            {"p90", runs.step_time.p90},
            {"hardware", runs.hardware}}}};
}

/// Base, and P10 to P90, of the headline numbers.
ReportSection ranges_section(const Answer &answer, const Ranges &known) {
  ReportSection section{"Ranges: base, P10 to P90", {}};
  for (const NamedQuantity &quantity : named_quantities()) {
    const auto base = quantity.value(answer);
    const auto range = range_of(quantity, answer, known);
    if (!quantity.headline || !base || !range)
      continue;
    section.rows.push_back({fmt::format("ranges.{}", quantity.key),
                            headline_label(quantity),
                            {quantity_text(quantity, *base), range_text(quantity, *base, *range)}});
  }
  return section;
}

/// What the ranges mean, and memory that fits at its base and not at its P90.
void add_range_remarks(Report &report, const Answer &answer, const Ranges &known) {
  report.remarks.push_back({"ranges", range_meaning(answer, known)});
  const Bytes high = std::exp(known.memory.p90) * answer.estimate.step->memory().total();
  const Device &device = answer.run.cluster.device;
  if (answer.estimate.feasible() && high > device.memory_capacity)
    report.remarks.push_back(
        {"memory", fmt::format("fits as predicted, but its P90 of {} is above the {} of {}",
                               human_text(high), human_text(device.memory_capacity), device.name)});
}

Json layout_json(const Layout &layout) {
  const Parallelism &parallel = layout.parallelism;
  return {{"gpus", layout.gpus},
          {"tensor_parallel", parallel.tensor_parallel},
          {"sequence_parallel", parallel.sequence_parallel},
          {"pipeline_parallel", parallel.pipeline_parallel},
          {"virtual_pipeline", parallel.virtual_pipeline},
          {"context_parallel", parallel.context_parallel},
          {"expert_parallel", parallel.expert_parallel},
          {"data_parallel", parallel.data_parallel},
          {"zero_stage", parallel.zero_stage},
          {"micro_batch", layout.training.micro_batch},
          {"global_batch", layout.training.global_batch},
          {"recompute", to_text(layout.training.recompute)}};
}

/// "" where the plan names none; one that the plan writes out has a name alone.
std::string fabric_id(const Cluster &cluster) {
  if (!cluster.fabric)
    return {};
  return cluster.fabric->id.empty() ? cluster.fabric->name : cluster.fabric->id;
}

Json answer_json(const Answer &answer, const std::optional<Layout> &nearest) {
  const PlannedRun &run = answer.run;
  const Estimate &estimate = answer.estimate;
  Json root{{"schema_version", json_schema_version}, {"kind", "estimate"}};
  root["plan"] = {
      {"name", run.plan.name},
      {"model", run.plan.model.id.empty() ? run.plan.model.name : run.plan.model.id},
      {"gpu", run.cluster.device.id},
      {"node", run.cluster.node.id},
      {"fabric", fabric_id(run.cluster)},
      {"calibration", run.cluster.calibration.id},
      {"sequence_length", run.plan.data.sequence_length},
      {"precision", to_text(run.plan.training.precision)},
      {"optimizer", to_text(run.plan.training.optimizer)},
      {"layout", layout_json({run.plan.parallelism, run.plan.training, run.cluster.gpus})}};
  root["feasible"] = estimate.feasible();
  root["reasons"] = Json::array();
  for (const Reason &reason : estimate.reasons)
    root["reasons"].push_back(
        {{"code", reason.code}, {"text", reason.text}, {"remedy", reason.remedy}});
  if (!estimate.feasible())
    root["nearest"] = nearest ? layout_json(*nearest) : Json(nullptr);
  for (const NamedQuantity &quantity : named_quantities())
    put(root, quantity.key, number_or_null(quantity.value(answer), quantity.key_unit));
  root["cost"]["price"] = {{"origin", to_text(run.plan.price.origin)},
                           {"description", run.plan.price.description}};
  root["cost"]["lines"] = Json::array();
  if (estimate.run)
    for (const CostLine &line : estimate.run->costs)
      root["cost"]["lines"].push_back({{"name", line.name}, {"usd", line.amount.in(units::usd)}});
  const auto known = ranges(answer);
  root["ranges"] = ranges_json(answer, known);
  root["uncertainty"] = uncertainty_json(answer, known);
  root["extrapolated"] = Json::array();
  for (std::size_t role = 0; estimate.step && role < operator_role_count; ++role)
    if (estimate.step->extrapolated.test(role))
      root["extrapolated"].push_back(to_text(static_cast<OperatorRole>(role)));
  root["assumptions"] = Json::array();
  for (const Assumption &assumption : run.plan.assumptions)
    root["assumptions"].push_back({{"key", assumption.key},
                                   {"value", assumption.value},
                                   {"why", assumption.why},
                                   {"origin", to_text(assumption.origin)}});
  return root;
}

std::string change_text(double from, double to) {
  if (from == 0)
    return "";
  const double change = 100 * (to - from) / from;
  return std::abs(change) < 0.05 ? "=" : fmt::format("{:+.1f} %", change);
}

// nlohmann-json throws on text that is no UTF-8, and a plan's name may hold anything.
std::string dumped(const Json &json) {
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

} // namespace

Report estimate_report(const Answer &answer, const std::optional<Layout> &nearest) {
  const Plan &plan = answer.run.plan;
  const Estimate &estimate = answer.estimate;
  Report report;
  report.title = plan.name;
  for (const Reason &reason : estimate.reasons)
    report.alerts.push_back({"cannot run", fmt::format("{}; {}", reason.text, reason.remedy)});
  if (!estimate.feasible())
    report.alerts.push_back(
        {"nearest plan",
         nearest ? fmt::format("{}{}", describe_layout(nearest->parallelism, nearest->training),
                               nearest->gpus == answer.run.cluster.gpus
                                   ? ""
                                   : fmt::format(", on {} GPUs", nearest->gpus))
                 : std::string("none found with up to 64 times as many GPUs")});

  ReportSection setup{"Plan", {}};
  const auto setup_row = [&](std::string label, std::string text) {
    setup.rows.push_back({"", std::move(label), {std::move(text)}});
  };
  setup_row("model", plan.model.name);
  setup_row("GPUs",
            fmt::format("{} x {}", grouped_integer(static_cast<double>(answer.run.cluster.gpus)),
                        answer.run.cluster.device.name));
  if (answer.run.cluster.fabric)
    setup_row("fabric", answer.run.cluster.fabric->name);
  setup_row("layout",
            fmt::format("tensor {} x pipeline {} x data {}{}", plan.parallelism.tensor_parallel,
                        plan.parallelism.pipeline_parallel, plan.parallelism.data_parallel,
                        plan.parallelism.context_parallel > 1
                            ? fmt::format(" x context {}", plan.parallelism.context_parallel)
                            : ""));
  setup_row("sharing", fmt::format("ZeRO-{}, recompute {}", plan.parallelism.zero_stage,
                                   to_text(plan.training.recompute)));
  setup_row("batch", fmt::format("{} x {} tokens, micro-batch {}",
                                 grouped_integer(static_cast<double>(plan.training.global_batch)),
                                 grouped_integer(static_cast<double>(plan.data.sequence_length)),
                                 plan.training.micro_batch));
  report.sections.push_back(std::move(setup));

  using enum QuantitySection;
  for (const QuantitySection which : {parameters, work, memory, time, throughput, cost, energy}) {
    ReportSection section{std::string(to_text(which)), {}};
    if (which == cost && estimate.run)
      for (const CostLine &line : estimate.run->costs)
        section.rows.push_back(
            {"",
             line.name,
             {human_text(line.amount),
              share_of(line.amount.in(units::usd), estimate.run->total_cost.in(units::usd))}});
    append_rows(section, answer, which);
    report.sections.push_back(std::move(section));
  }
  const auto known = ranges(answer);
  if (known)
    if (ReportSection section = ranges_section(answer, *known); !section.rows.empty())
      report.sections.push_back(std::move(section));
  report.remarks_title = "Assumptions (defaults unless the plan says otherwise)";
  if (plan.price.origin != Origin::defaulted) // else it stands among the assumptions
    report.remarks.push_back({"price", plan.price.description});
  if (const std::string roles = extrapolated_roles(estimate); !roles.empty())
    report.remarks.push_back({"hardware.calibration",
                              fmt::format("extrapolated: shapes of {} lie outside what {} measured",
                                          roles, answer.run.cluster.calibration.id)});
  if (known)
    add_range_remarks(report, answer, *known);
  for (const Assumption &assumption : plan.assumptions)
    report.remarks.push_back(
        {assumption.key, fmt::format("{} – {}", assumption.value, assumption.why)});
  return report;
}

std::string estimate_json(const Answer &answer, const std::optional<Layout> &nearest) {
  return dumped(answer_json(answer, nearest));
}

std::string estimate_csv(const Answer &answer) {
  std::string text = csv_line({"key", "value", "unit", "text", "low", "high"});
  const auto known = ranges(answer);
  for (const NamedQuantity &quantity : named_quantities()) {
    const auto value = quantity.value(answer);
    const auto range = known ? range_of(quantity, answer, *known) : std::nullopt;
    const auto end = [&](double ValueRange::*side) {
      return range ? fmt::format("{}", (*range).*side / quantity.key_unit) : std::string();
    };
    text += csv_line({std::string(quantity.key),
                      value ? fmt::format("{}", value->value / quantity.key_unit) : "",
                      key_unit(quantity.key), value ? quantity_text(quantity, *value) : "",
                      end(&ValueRange::low), end(&ValueRange::high)});
  }
  if (answer.estimate.run)
    for (const CostLine &line : answer.estimate.run->costs)
      text += csv_line({fmt::format("cost.lines.{}", line.name),
                        fmt::format("{}", line.amount.in(units::usd)), "USD",
                        human_text(line.amount), "", ""});
  text += csv_line({"feasible", answer.estimate.feasible() ? "1" : "0", "1",
                    answer.estimate.feasible() ? "yes" : "no", "", ""});
  return text;
}

namespace {

/// "a to b" for each answer, of the headline numbers that have a range in any.
ReportSection compared_ranges(std::span<const Answer> answers) {
  std::vector<std::optional<Ranges>> known;
  for (const Answer &answer : answers)
    known.push_back(ranges(answer));
  ReportSection section{"Ranges, P10 to P90", {}};
  for (const NamedQuantity &quantity : named_quantities()) {
    if (!quantity.headline)
      continue;
    ReportRow row{fmt::format("ranges.{}", quantity.key), headline_label(quantity), {}};
    bool any = false;
    for (std::size_t i = 0; i < answers.size(); ++i) {
      const auto value = quantity.value(answers[i]);
      const auto range = known[i] ? range_of(quantity, answers[i], *known[i]) : std::nullopt;
      any = any || range;
      row.cells.push_back(value && range ? range_text(quantity, *value, *range) : std::string());
      if (i > 0)
        row.cells.emplace_back();
    }
    if (any)
      section.rows.push_back(std::move(row));
  }
  return section;
}

} // namespace

Report compare_report(std::span<const Answer> answers) {
  Report report;
  report.title = "Comparison";
  for (std::size_t i = 0; i < answers.size(); ++i) {
    report.columns.push_back(answers[i].run.plan.name);
    if (i > 0)
      report.columns.emplace_back("change");
    for (const Reason &reason : answers[i].estimate.reasons)
      report.alerts.push_back({answers[i].run.plan.name,
                               fmt::format("cannot run: {}; {}", reason.text, reason.remedy)});
  }
  ReportSection section{"Headline numbers", {}};
  for (const NamedQuantity &quantity : named_quantities()) {
    if (!quantity.headline)
      continue;
    ReportRow row{std::string(quantity.key), headline_label(quantity), {}};
    const auto first = quantity.value(answers.front());
    for (std::size_t i = 0; i < answers.size(); ++i) {
      const auto value = quantity.value(answers[i]);
      row.cells.push_back(value ? quantity_text(quantity, *value) : std::string(missing));
      if (i > 0)
        row.cells.push_back(first && value ? change_text(first->value, value->value) : "");
    }
    section.rows.push_back(std::move(row));
  }
  report.sections.push_back(std::move(section));
  if (ReportSection spreads = compared_ranges(answers); !spreads.rows.empty())
    report.sections.push_back(std::move(spreads));
  return report;
}

std::string compare_json(std::span<const Answer> answers) {
  Json root{{"schema_version", json_schema_version},
            {"kind", "comparison"},
            {"baseline", 0},
            {"estimates", Json::array()}};
  for (const Answer &answer : answers)
    root["estimates"].push_back(answer_json(answer, std::nullopt));
  return dumped(root);
}

std::string compare_csv(std::span<const Answer> answers) {
  std::vector<std::string> header{"key", "unit"};
  for (const Answer &answer : answers)
    header.push_back(answer.run.plan.name);
  std::string text = csv_line(header);
  for (const NamedQuantity &quantity : named_quantities()) {
    std::vector<std::string> line{std::string(quantity.key), key_unit(quantity.key)};
    for (const Answer &answer : answers) {
      const auto value = quantity.value(answer);
      line.push_back(value ? fmt::format("{}", value->value / quantity.key_unit) : "");
    }
    text += csv_line(line);
  }
  return text;
}

namespace {

/// A plan that cannot run has no step, so nothing that follows from one.
bool has_value(const Explanation &explanation) {
  return explanation.text != missing && std::isfinite(explanation.value.value);
}

Json explanation_node(const Explanation &explanation, int depth) {
  Json node{{"key", explanation.key},
            {"label", explanation.label},
            {"value", has_value(explanation) ? Json(explanation.value.value) : Json(nullptr)},
            {"text", explanation.text},
            {"origin", to_text(explanation.origin)},
            {"formula", explanation.formula},
            {"source", explanation.source},
            {"inputs", Json::array()}};
  if (explanation.range)
    node["range"] = {{"low", explanation.range->low},
                     {"high", explanation.range->high},
                     {"text", explanation.range->text}};
  if (depth > 0)
    for (const Explanation &input : explanation.inputs)
      node["inputs"].push_back(explanation_node(input, depth - 1));
  return node;
}

template <class Visit>
void walk(const Explanation &explanation, int depth, int level, const Visit &visit) {
  visit(explanation, level);
  if (level < depth)
    for (const Explanation &input : explanation.inputs)
      walk(input, depth, level + 1, visit);
}

} // namespace

std::string explanation_text(const Explanation &explanation, int depth, TextStyle style) {
  std::string text;
  walk(explanation, depth, 0, [&](const Explanation &node, int level) {
    const std::string indent(static_cast<std::size_t>(2 * level), ' ');
    const std::string strong = style.colour ? "\x1b[1m" : "";
    const std::string end = style.colour ? "\x1b[0m" : "";
    text += fmt::format("{}{} = {}{}{}  [{}]\n", indent, node.label, strong, node.text, end,
                        to_text(node.origin));
    if (!node.formula.empty())
      text += fmt::format("{}    = {}\n", indent, node.formula);
    if (!node.source.empty())
      text += fmt::format("{}    {}{}\n", indent, has_value(node) ? "from " : "", node.source);
    if (node.range)
      text += fmt::format("{}    range {}\n", indent, node.range->text);
  });
  return text;
}

std::string explanation_json(const Explanation &explanation, int depth) {
  Json root{{"schema_version", json_schema_version}, {"kind", "explanation"}};
  root.update(explanation_node(explanation, depth));
  return dumped(root);
}

std::string explanation_markdown(const Explanation &explanation, int depth) {
  std::string text;
  walk(explanation, depth, 0, [&](const Explanation &node, int level) {
    text += fmt::format(
        "{}- **{}** = {} ({})", std::string(static_cast<std::size_t>(2 * level), ' '),
        escaped_markdown(node.label), escaped_markdown(node.text), to_text(node.origin));
    if (!node.formula.empty())
      text += fmt::format(": {}", escaped_markdown(node.formula));
    if (!node.source.empty())
      text += fmt::format("; {}", escaped_markdown(node.source));
    if (node.range)
      text += fmt::format("; range {}", escaped_markdown(node.range->text));
    text += '\n';
  });
  return text;
}

std::string explanation_csv(const Explanation &explanation, int depth) {
  std::string text = csv_line({"depth", "key", "value", "text", "origin", "formula", "source"});
  walk(explanation, depth, 0, [&](const Explanation &node, int level) {
    text += csv_line({fmt::format("{}", level), node.key,
                      has_value(node) ? fmt::format("{}", node.value.value) : "", node.text,
                      std::string(to_text(node.origin)), node.formula, node.source});
  });
  return text;
}

} // namespace flopcast
