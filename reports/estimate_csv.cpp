// SPDX-License-Identifier: Apache-2.0
#include "reports/estimate_csv.hpp"

#include "model/planning/expected_loss.hpp"
#include "model/planning/uncertainty.hpp"
#include "reports/csv_text.hpp"

#include <fmt/format.h>

namespace flopcast {
namespace {

std::string key_unit(std::string_view key) {
  for (const auto &[ending, unit] : {
           std::pair<std::string_view, std::string_view>{"_bytes", "B"},
           {"per_s_per_gpu", "token/(s*GPU)"},
           {"_s", "s"},
           {"_usd", key == "cost.gpu_hour_usd" ? "USD/(GPU*h)" : "USD"},
           {"gpu_hours", "GPU*h"},
           {"_joule", "J"},
           {"_kg", "kg"},
           {"tflops_per_gpu", "TFLOP/s"},
           {"data.tokens", "token"},
           {"per_token", "FLOP/token"},
           {"per_token_causal", "FLOP/token"},
       })
    if (key.ends_with(ending))
      return std::string(unit);
  return key.starts_with("flops.") ? "FLOP" : "1";
}

} // namespace

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
  if (const auto loss = loss_prediction(answer.run.plan, answer.estimate)) {
    const auto side = [&](const char *key, const std::optional<LawInterval> &interval,
                          double LawInterval::*end) {
      text += csv_line({key, interval ? fmt::format("{}", *interval.*end) : "", "nat/token",
                        interval ? fmt::format("{:.4f} nats/token", *interval.*end) : "", "", ""});
    };
    side("law.run.low", loss->interval, &LawInterval::low);
    side("law.run.high", loss->interval, &LawInterval::high);
    side("law.mean.low", loss->of_coefficients, &LawInterval::low);
    side("law.mean.high", loss->of_coefficients, &LawInterval::high);
    text += csv_line({"law.id", "", "", answer.run.plan.data.law->law.id, "", ""});
    for (const std::string &warning : loss->warnings)
      text += csv_line({"law.warning", "", "", warning, "", ""});
  }
  text += csv_line({"feasible", answer.estimate.feasible() ? "1" : "0", "1",
                    answer.estimate.feasible() ? "yes" : "no", "", ""});
  return text;
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

} // namespace flopcast
