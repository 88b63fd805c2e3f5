// SPDX-License-Identifier: Apache-2.0
#include "reports/step_report.hpp"

#include "hardware/units/text.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace flopcast {
namespace {

using namespace units;

std::string error_text(double predicted, double measured) {
  return measured > 0 ? fmt::format("{:+.1f} %", 100 * (predicted / measured - 1)) : "";
}

ReportRow time_row(std::string key, std::string label, Seconds predicted, Seconds measured) {
  return {std::move(key),
          std::move(label),
          {human_text(predicted), human_text(measured),
           error_text(predicted.in(second), measured.in(second))}};
}

/// Tokens of a step.
double tokens(const GptShape &shape) { return static_cast<double>(shape.tokens()); }

} // namespace

Report step_report(const StepComparison &comparison) {
  const auto &[run, predicted, measured] = comparison;
  const StepTime &time = predicted.step->predicted;
  Report report;
  report.title = fmt::format("A training step of {} on {}", run.plan.name, run.cluster.device.name);
  report.columns = {"predicted", "measured", "error"};
  const double predicted_rate = tokens(measured.shape) / comparison.predicted_step().in(second);
  const double measured_rate = measured.tokens_per_second.in(token / second);
  report.sections.push_back(
      {"Time",
       {time_row("step", "step", comparison.predicted_step(), measured.step),
        time_row("compute", "forward and backward", time.compute,
                 measured.forward + measured.backward),
        time_row("optimizer", "optimizer", time.optimizer, measured.optimizer),
        {"tokens_per_second",
         "tokens per second",
         {fmt::format("{:.0f}", predicted_rate), fmt::format("{:.0f}", measured_rate),
          error_text(predicted_rate, measured_rate)}}}});
  const Bytes allocated = static_cast<double>(measured.allocated_bytes) * byte;
  const Bytes needed = predicted.step->memory().total() - predicted.step->memory().reserve;
  report.sections.push_back({"Memory",
                             {{"memory",
                               "tensors of the step",
                               {human_text(needed), human_text(allocated),
                                error_text(needed.in(byte), allocated.in(byte))}}}});
  report.remarks_title = "Notes";
  report.remarks.push_back(
      {"measured", fmt::format("median of {} steps, known to {:.1f} %{}", measured.runs,
                               100 * measured.relative_error,
                               measured.throttled ? "; clocks fell while it ran" : "")});
  report.remarks.push_back({"loss", fmt::format("{:.3f} nats a token at the first step, {:.3f} at "
                                                "the last, on one batch",
                                                measured.loss_before, measured.loss_after)});
  return report;
}

std::string step_json(const StepComparison &comparison) {
  const auto &[run, predicted, measured] = comparison;
  const GptShape &shape = measured.shape;
  const StepTime &time = predicted.step->predicted;
  nlohmann::ordered_json json;
  json["schema_version"] = json_schema_version;
  json["kind"] = "measured_step";
  json["device"] = run.cluster.device.id;
  json["calibration"] = run.cluster.calibration.id;
  json["shape"] = {{"layers", shape.layers},
                   {"hidden", shape.hidden},
                   {"heads", shape.heads},
                   {"sequence", shape.sequence},
                   {"micro_batch", shape.micro_batch},
                   {"vocabulary", shape.vocabulary},
                   {"format", to_text(measured.format)}};
  json["predicted"] = {{"step_s", comparison.predicted_step().in(second)},
                       {"compute_s", time.compute.in(second)},
                       {"optimizer_s", time.optimizer.in(second)}};
  json["measured"] = {{"step_s", measured.step.in(second)},
                      {"forward_s", measured.forward.in(second)},
                      {"backward_s", measured.backward.in(second)},
                      {"optimizer_s", measured.optimizer.in(second)},
                      {"relative_error", measured.relative_error},
                      {"runs", measured.runs},
                      {"tokens_per_second", measured.tokens_per_second.in(token / second)},
                      {"allocated_bytes", measured.allocated_bytes},
                      {"loss_before", measured.loss_before},
                      {"loss_after", measured.loss_after}};
  json["error"] = comparison.error();
  return json.dump(2) + "\n";
}

} // namespace flopcast
