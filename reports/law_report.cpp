// SPDX-License-Identifier: Apache-2.0
#include "reports/law_report.hpp"

#include "hardware/units/text.hpp"
#include "reports/csv_text.hpp"

#include <fmt/format.h>

#include <utility>

namespace flopcast {
namespace {

std::string bounds_text(const Bounds &bounds) {
  const auto side = [](const std::optional<double> &value) {
    return value ? human_number(*value) : std::string("?");
  };
  return !bounds.low && !bounds.high ? std::string("not recorded")
                                     : side(bounds.low) + " to " + side(bounds.high);
}

std::string with_interval(const std::optional<LawInterval> &interval, double base,
                          std::string (*text)(double)) {
  return interval
             ? fmt::format("{} ({} to {})", text(base), text(interval->low), text(interval->high))
             : text(base);
}

std::string loss_text(double loss) { return fmt::format("{:.4f}", loss); }
std::string gain_text(double lost) { return fmt::format("{:+.4f}", lost); }
std::string share_text(double share) { return fmt::format("{:.1f} %", 100 * share); }

void append_remarks(Report &report, const std::vector<std::string> &warnings,
                    const std::vector<std::string> &caveats) {
  report.remarks_title = "What to know";
  for (const std::string &warning : warnings)
    report.remarks.push_back({"warning", warning});
  for (const std::string &caveat : caveats)
    report.remarks.push_back({"caveat", caveat});
}

ReportSection hardware_section(const LawPlan &plan) {
  const HardwareAnswer &h = *plan.hardware;
  const Decoder &d = h.chosen.decoder;
  ReportSection section{"on hardware", {}};
  const auto add = [&](std::string key, std::string label, std::string text) {
    section.rows.push_back({std::move(key), std::move(label), {std::move(text)}});
  };
  add("decoder", "decoder",
      fmt::format("{} layers, hidden {}, {} heads, {} KV heads, feed-forward {}", d.layers,
                  d.hidden, d.heads, d.kv_heads, d.ffn_hidden));
  if (d.experts)
    add("experts", "experts",
        fmt::format("{} of width {}, {} used by a token{}", d.experts->count, d.experts->hidden,
                    d.experts->per_token,
                    d.experts->shared_hidden > 0
                        ? fmt::format(", {} shared", d.experts->shared_hidden)
                        : ""));
  add("params", "its N", human_number(h.chosen.params));
  if (d.experts)
    add("active_params", "parameters, and those of a token",
        fmt::format("{}, {}", human_number(h.chosen.counts.total),
                    human_number(h.chosen.counts.active)));
  add("tokens", "its D", human_number(h.tokens.in(units::token)));
  add("loss", "its loss", loss_text(h.loss));
  add("gpus", "GPUs", fmt::format("{} x {}", h.gpus, plan.gpu_name));
  add("layout", "layout", describe_layout(h.chosen.layout.parallelism, h.chosen.layout.training));
  add("batch", "batch", fmt::format("{} sequences", h.chosen.layout.training.global_batch));
  add("duration", "duration", human_text(h.duration));
  add("training_time", "training", human_text(h.training_time));
  add("training_cost", "training cost", human_text(h.training_cost));
  if (h.serving_time > GpuTime{}) {
    add("serving_time", "serving", human_text(h.serving_time));
    add("serving_cost", "serving cost", human_text(h.serving_cost));
  }
  add("mfu", "MFU", share_text(h.estimate.step->utilisation.mfu));
  return section;
}

/// Key, unit-free interval, and how the table words it.
struct Line {
  std::string key;
  std::string label;
  std::optional<LawInterval> interval;
  double base = 0;
  std::string (*text)(double) = human_number;
};

std::vector<Line> plan_lines(const LawPlan &plan) {
  const AllocationAnswer &a = plan.answer;
  const double tokens = a.best.tokens.in(units::token);
  std::vector<Line> lines{
      {"N", "N, parameters", a.params, a.best.params},
      {"D", "D, tokens", a.tokens, tokens},
      {"tokens_per_parameter", "D/N", a.tokens_per_parameter, tokens / a.best.params}};
  if (plan.has_loss)
    lines.push_back({"loss", "loss", a.loss, a.best.loss, loss_text});
  std::optional<LawInterval> cost = a.cost;
  if (cost)
    cost = LawInterval{cost->low * plan.cost_scale, cost->base * plan.cost_scale,
                       cost->high * plan.cost_scale};
  lines.push_back({"cost", "cost, " + plan.cost_unit, cost, a.best.cost * plan.cost_scale});
  if (a.flatness.half_params)
    lines.push_back(
        {"flatness_half", "loss at N/2", std::nullopt, *a.flatness.half_params, gain_text});
  if (a.flatness.double_params)
    lines.push_back(
        {"flatness_double", "loss at 2N", a.flatness_double, *a.flatness.double_params, gain_text});
  if (plan.epochs)
    lines.push_back({"epochs", "epochs", std::nullopt, *plan.epochs});
  if (plan.batch) {
    lines.push_back({"batch", "batch, tokens", std::nullopt, plan.batch->batch.in(units::token)});
    lines.push_back({"critical_batch", "critical batch, tokens", std::nullopt,
                     plan.batch->critical.in(units::token)});
    lines.push_back({"learning_rate", "learning rate", std::nullopt, plan.batch->learning_rate});
  }
  return lines;
}

std::vector<Line> prediction_lines(const LossPrediction &p) {
  std::vector<Line> lines{{"loss", "loss of a run", p.interval, p.loss, loss_text},
                          {"mean", "mean of the law", p.of_coefficients, p.loss, loss_text}};
  if (p.downstream)
    lines.push_back(
        {"downstream_error", "top-1 error", p.downstream, p.downstream->base, share_text});
  if (p.effective_params)
    lines.push_back(
        {"effective_params", "dense model that is as good", std::nullopt, *p.effective_params});
  return lines;
}

std::string lines_csv(const std::vector<Line> &lines) {
  std::string text = csv_line({"key", "low", "base", "high"});
  for (const Line &line : lines)
    text += csv_line({line.key, line.interval ? fmt::format("{}", line.interval->low) : "",
                      fmt::format("{}", line.base),
                      line.interval ? fmt::format("{}", line.interval->high) : ""});
  return text;
}

ReportSection lines_section(std::string title, const std::vector<Line> &lines) {
  ReportSection section{std::move(title), {}};
  for (const Line &line : lines)
    section.rows.push_back(
        {line.key, line.label, {with_interval(line.interval, line.base, line.text)}});
  return section;
}

} // namespace

Report laws_report(const std::vector<ScalingLaw> &laws) {
  Report report;
  report.title = fmt::format("{} scaling laws", laws.size());
  report.left_aligned = true;
  report.columns = {"form", "N", "status", "name"};
  report.sections.push_back({"laws", {}});
  for (const ScalingLaw &law : laws)
    report.sections.front().rows.push_back(
        {law.id,
         law.id,
         {law.form ? std::string(form_name(*law.form)) : "relations",
          std::string(spelled(params_convention_names(), law.conventions.params)),
          std::string(spelled(law_status_names(), law.status)), law.name}});
  return report;
}

std::string laws_csv(const std::vector<ScalingLaw> &laws) {
  std::string text = csv_line({"id", "form", "params", "status", "name", "source"});
  for (const ScalingLaw &law : laws)
    text += csv_line({law.id, law.form ? std::string(form_name(*law.form)) : "relations",
                      std::string(spelled(params_convention_names(), law.conventions.params)),
                      std::string(spelled(law_status_names(), law.status)), law.name,
                      law.provenance.source});
  return text;
}

Report law_report(const ScalingLaw &law) {
  Report report;
  report.title = law.name;
  report.left_aligned = true;
  const auto row = [](const std::string &label, std::string text) {
    return ReportRow{label, label, {std::move(text)}};
  };
  ReportSection about{"law", {}};
  if (law.form)
    about.rows.push_back(row("formula", std::string(form_formula(*law.form))));
  about.rows.push_back(row("status", std::string(spelled(law_status_names(), law.status))));
  about.rows.push_back(
      row("source", fmt::format("{} ({})", law.provenance.source, to_text(law.provenance.date))));
  report.sections.push_back(std::move(about));
  if (law.form) {
    ReportSection section{"coefficients", {}};
    const std::vector<Coefficient> letters = coefficients(*law.form);
    for (std::size_t i = 0; i < letters.size(); ++i) {
      std::string text = fmt::format("{}", letters[i].value);
      if (i < law.uncertainty.standard_errors.size())
        text += fmt::format(" (standard error {})", law.uncertainty.standard_errors[i]);
      section.rows.push_back(row(std::string(letters[i].letter), std::move(text)));
    }
    if (law.downstream)
      section.rows.push_back(
          row("top-1 error",
              fmt::format("{} - {} exp(-{} loss), {}", law.downstream->ceiling,
                          law.downstream->gain, law.downstream->rate, law.downstream->tasks)));
    report.sections.push_back(std::move(section));
  }
  if (!law.relations.empty()) {
    ReportSection section{"relations", {}};
    for (const LawRelation &relation : law.relations) {
      std::string label(spelled(law_quantity_names(), relation.result));
      if (!relation.name.empty())
        label += fmt::format(" ({})", relation.name);
      section.rows.push_back(row(label, relation_formula(relation)));
    }
    report.sections.push_back(std::move(section));
  }
  const LawConventions &c = law.conventions;
  ReportSection conventions{"conventions", {}};
  conventions.rows = {row("N", std::string(spelled(params_convention_names(), c.params))),
                      row("C", std::string(spelled(compute_convention_names(), c.compute))),
                      row("loss", std::string(spelled(loss_unit_names(), c.loss))),
                      row("tokenizer", c.tokenizer.empty() ? "not recorded" : c.tokenizer),
                      row("data", c.data.empty() ? "not recorded" : c.data)};
  report.sections.push_back(std::move(conventions));
  report.sections.push_back(
      {"fitted to",
       {row("N", bounds_text(law.range.params)), row("D", bounds_text(law.range.tokens)),
        row("C, FLOP", bounds_text(law.range.compute))}});
  std::vector<std::string> warnings;
  if (std::string caveat = interval_caveat(law); law.form && !caveat.empty())
    warnings.push_back(std::move(caveat));
  append_remarks(report, warnings, law.caveats);
  if (!law.uncertainty.basis.empty())
    report.remarks.push_back({"uncertainty", law.uncertainty.basis});
  return report;
}

Report prediction_report(const ScalingLaw &law, const LossPrediction &prediction) {
  Report report;
  report.title = law.name;
  report.left_aligned = true;
  report.sections.push_back(
      lines_section(fmt::format("{}, with the interval of 80 %",
                                spelled(loss_unit_names(), law.conventions.loss)),
                    prediction_lines(prediction)));
  append_remarks(report, prediction.warnings, law.caveats);
  return report;
}

Report law_plan_report(const LawPlan &plan) {
  Report report;
  report.title = fmt::format("{}: {}", plan.law.name, plan.goal);
  report.left_aligned = true;
  report.sections.push_back(lines_section("optimum, with intervals of 80 %", plan_lines(plan)));
  if (plan.hardware)
    report.sections.push_back(hardware_section(plan));
  append_remarks(report, plan.warnings, plan.law.caveats);
  return report;
}

std::string prediction_csv(const LossPrediction &prediction) {
  return lines_csv(prediction_lines(prediction));
}

std::string law_plan_csv(const LawPlan &plan) { return lines_csv(plan_lines(plan)); }

} // namespace flopcast
