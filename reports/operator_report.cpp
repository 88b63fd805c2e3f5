// SPDX-License-Identifier: Apache-2.0
#include "reports/operator_report.hpp"

#include "hardware/units/text.hpp"
#include "model/planning/operator_times.hpp"
#include "reports/csv_text.hpp"
#include "reports/json_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <functional>
#include <utility>

namespace flopcast {
namespace {

using namespace units;

std::string part_text(CallPart part) {
  std::string text(to_text(part));
  std::ranges::replace(text, '_', ' ');
  return text;
}

/// What the time of a call rests on.
std::string_view known_by(Coverage coverage) {
  constexpr std::array<std::string_view, 4> texts{"measured", "other sizes", "another class",
                                                  "datasheet"};
  return texts[static_cast<std::size_t>(coverage)];
}

Seconds time_of_all(const std::vector<OperatorTime> &operators) {
  Seconds sum;
  for (const OperatorTime &one : operators)
    sum += one.of_all();
  return sum;
}

std::vector<OperatorTime> slowest_first(std::vector<OperatorTime> operators) {
  std::ranges::stable_sort(operators, std::greater(), &OperatorTime::of_all);
  return operators;
}

ReportRow row_of(const OperatorTime &one, Seconds all) {
  const double share = all > Seconds{} ? one.of_all() / all : 0;
  const bool products = one.call.flops > FlopCount{};
  return {fmt::format("{}.{}", to_text(one.role), to_text(one.part)),
          fmt::format("{}, {}", to_text(one.role), part_text(one.part)),
          {shape_text(one.call), human_number(one.calls), human_text(one.time),
           human_text(one.of_all()), fmt::format("{:.1f} %", 100 * share),
           products ? human_text(one.call.flops / one.time) : std::string(),
           human_text(one.call.bytes / one.time), std::string(known_by(one.coverage))}};
}

/// The keys of JSON and the columns of CSV: docs/json.md.
Json record_of(const OperatorTime &one) {
  const MatrixShape &shape = one.call.shape;
  return {{"role", to_text(one.role)},
          {"region", to_text(one.region)},
          {"part", to_text(one.part)},
          {"class", to_text(one.call.kind)},
          {"format", to_text(one.call.format)},
          {"batch", shape.batch},
          {"rows", shape.rows},
          {"columns", shape.columns},
          {"depth", shape.depth},
          {"calls", one.calls},
          {"flop", one.call.flops.in(flop)},
          {"bytes", one.call.bytes.in(byte)},
          {"alone_s", one.alone.in(second)},
          {"time_s", one.time.in(second)},
          {"coverage", to_text(one.coverage)}};
}

} // namespace

Report operator_report(const Answer &answer) {
  const Plan &plan = answer.run.plan;
  const std::vector<OperatorTime> operators =
      slowest_first(operator_times(plan, answer.run.cluster));
  const Seconds all = time_of_all(operators);
  Report report;
  report.title = plan.name;
  report.columns = {"shape",  "calls", "one call",  "all calls",
                    "of all", "rate",  "bandwidth", "kernel known by"};
  constexpr std::array<std::pair<Region, std::string_view>, 4> regions{
      {{Region::embedding, "Embedding"},
       {Region::layer, "Layers"},
       {Region::head, "Logits and loss"},
       {Region::prediction, "Layers that predict further tokens"}}};
  for (const auto &[region, title] : regions) {
    ReportSection section{std::string(title), {}};
    for (const OperatorTime &one : operators)
      if (one.region == region && one.of_all() > Seconds{})
        section.rows.push_back(row_of(one, all));
    if (!section.rows.empty())
      report.sections.push_back(std::move(section));
  }
  const StepTime &step = answer.estimate.step->predicted;
  report.remarks_title = "Notes";
  report.remarks.push_back(
      {"calls", "for one micro-batch, by one GPU of each stage; forward twice where recomputed"});
  report.remarks.push_back(
      {"all of them",
       fmt::format("{} a micro-batch; {} micro-batches in {}", human_text(all),
                   grouped_integer(static_cast<double>(answer.estimate.step->micro_batches)),
                   plan.parallelism.pipeline_parallel > 1
                       ? fmt::format("{} stages", plan.parallelism.pipeline_parallel)
                       : std::string("one stage"))});
  report.remarks.push_back(
      {"of the step", fmt::format("{} compute and {} recompute of {}, which exchanges, the host, "
                                  "the pipeline's bubble and the optimizer share",
                                  human_text(step.compute), human_text(step.recompute),
                                  human_text(step.total()))});
  return report;
}

std::string operator_json(const Answer &answer) {
  const std::vector<OperatorTime> operators = operator_times(answer.run.plan, answer.run.cluster);
  Json root = {{"schema_version", json_schema_version},
               {"kind", "operators"},
               {"name", answer.run.plan.name},
               {"device", answer.run.cluster.device.id},
               {"calibration", answer.run.cluster.calibration.id},
               {"micro_batches", answer.estimate.step->micro_batches},
               {"time_s", time_of_all(operators).in(second)}};
  root["operators"] = Json::array();
  for (const OperatorTime &one : operators)
    root["operators"].push_back(record_of(one));
  return dumped(root);
}

std::string operator_csv(const Answer &answer) {
  std::string text;
  for (const OperatorTime &one : operator_times(answer.run.plan, answer.run.cluster)) {
    std::vector<std::string> names;
    std::vector<std::string> values;
    const Json record = record_of(one);
    for (const auto &[name, value] : record.items()) {
      names.push_back(name);
      values.push_back(value.is_string() ? value.template get<std::string>()
                                         : fmt::format("{}", value.template get<double>()));
    }
    if (text.empty())
      text = csv_line(names);
    text += csv_line(values);
  }
  return text;
}

} // namespace flopcast
