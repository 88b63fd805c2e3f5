// SPDX-License-Identifier: Apache-2.0
#include "reports/operator_report.hpp"

#include "hardware/units/text.hpp"
#include "model/planning/operator_times.hpp"
#include "reports/csv_text.hpp"
#include "reports/json_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace flopcast {
namespace {

using namespace units;

std::string_view part_key(CallPart part) {
  switch (part) {
  case CallPart::forward:
    return "forward";
  case CallPart::backward:
    return "backward";
  case CallPart::input_gradient:
    return "input_gradient";
  case CallPart::weight_gradient:
    break;
  }
  return "weight_gradient";
}

std::string part_text(CallPart part) {
  std::string text(part_key(part));
  std::ranges::replace(text, '_', ' ');
  return text;
}

std::string_view region_key(Region region) {
  switch (region) {
  case Region::embedding:
    return "embedding";
  case Region::layer:
    return "layer";
  case Region::head:
    return "head";
  case Region::prediction:
    break;
  }
  return "prediction";
}

std::string_view coverage_key(Coverage coverage) {
  switch (coverage) {
  case Coverage::inside:
    return "inside";
  case Coverage::outside:
    return "outside";
  case Coverage::stand_in:
    return "stand_in";
  case Coverage::unmeasured:
    break;
  }
  return "unmeasured";
}

std::string_view coverage_text(Coverage coverage) {
  switch (coverage) {
  case Coverage::inside:
    return "measured";
  case Coverage::outside:
    return "other sizes";
  case Coverage::stand_in:
    return "another class";
  case Coverage::unmeasured:
    break;
  }
  return "datasheet";
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
  return {fmt::format("{}.{}", to_text(one.role), part_key(one.part)),
          fmt::format("{}, {}", to_text(one.role), part_text(one.part)),
          {shape_text(one.call), human_number(one.calls), human_text(one.time),
           human_text(one.of_all()), fmt::format("{:.1f} %", 100 * share),
           products ? human_text(one.call.flops / one.time) : std::string(),
           human_text(one.call.bytes / one.time), std::string(coverage_text(one.coverage))}};
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
  for (const OperatorTime &one : operators) {
    const MatrixShape &shape = one.call.shape;
    root["operators"].push_back({{"role", to_text(one.role)},
                                 {"region", region_key(one.region)},
                                 {"part", part_key(one.part)},
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
                                 {"coverage", coverage_key(one.coverage)}});
  }
  return dumped(root);
}

std::string operator_csv(const Answer &answer) {
  std::string text =
      csv_line({"role", "region", "part", "class", "format", "batch", "rows", "columns", "depth",
                "calls", "flop", "bytes", "alone_s", "time_s", "coverage"});
  const auto number = [](auto value) { return fmt::format("{}", value); };
  for (const OperatorTime &one : operator_times(answer.run.plan, answer.run.cluster)) {
    const MatrixShape &shape = one.call.shape;
    text += csv_line({std::string(to_text(one.role)), std::string(region_key(one.region)),
                      std::string(part_key(one.part)), std::string(to_text(one.call.kind)),
                      std::string(to_text(one.call.format)), number(shape.batch),
                      number(shape.rows), number(shape.columns), number(shape.depth),
                      number(one.calls), number(one.call.flops.in(flop)),
                      number(one.call.bytes.in(byte)), number(one.alone.in(second)),
                      number(one.time.in(second)), std::string(coverage_key(one.coverage))});
  }
  return text;
}

} // namespace flopcast
