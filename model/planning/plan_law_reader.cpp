// SPDX-License-Identifier: Apache-2.0
#include "model/planning/expected_loss.hpp"
#include "model/planning/plan_fields.hpp"
#include "model/scaling/law_reader.hpp"

#include <fmt/format.h>

#include <utility>

namespace flopcast {
namespace {

constexpr std::string_view no_law = "none";

PlannedLaw load_planned_law(const PresetCatalog &catalog, const std::string &id) {
  PlannedLaw planned{.law = load_law(catalog, id), .unrounded = std::nullopt, .tokenizer = {}};
  if (!planned.law.unrounded.empty())
    planned.unrounded = load_law(catalog, planned.law.unrounded);
  return planned;
}

} // namespace

void read_law_choice(PlanReading &reading, TableReader &table) {
  const Decoder &decoder = reading.run.plan.model.decoder;
  std::string tokenizer = table.text("tokenizer").value_or("");
  const auto wanted = table.text("law");
  if (table.has("law") && !wanted)
    return; // no text: reported
  if (!wanted && !decoder.causal) {
    reading.log.defaulted("data.law", std::string(no_law),
                          "the laws are of models that predict the next token from those before");
    return;
  }
  const std::string id = wanted.value_or(std::string(usual_law));
  if (id == no_law)
    return;
  auto planned = load_named(table, "law", [&] { return load_planned_law(reading.catalog, id); });
  if (!planned)
    return;
  if (const std::string why = why_not_asked(planned->law, decoder); !why.empty() && wanted)
    table.report("law", fmt::format("law {} {}; \"flopcast law list\" shows others, \"{}\" "
                                    "expects no loss",
                                    id, why, no_law));
  planned->tokenizer = std::move(tokenizer);
  reading.run.plan.data.law = std::make_shared<const PlannedLaw>(std::move(*planned));
  if (!wanted)
    reading.log.defaulted("data.law", id,
                          "the 240 runs of Hoffmann et al. 2022, fitted anew; \"none\" expects no "
                          "loss");
}

} // namespace flopcast
