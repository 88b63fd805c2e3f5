// SPDX-License-Identifier: Apache-2.0
#include "gui/plan_sweep.hpp"

#include "gui/plan_text.hpp"
#include "hardware/price.hpp"

#include <fmt/format.h>

#include <array>

namespace flopcast {
namespace {

constexpr int doublings = 5; // 32 times fewer and 32 times more

PlanRequest with_edits(PlanRequest request, const std::vector<PlanEdit> &edits) {
  for (const PlanEdit &edit : edits)
    request.changes = with_edit(request.changes, edit);
  return request;
}

} // namespace

std::vector<std::int64_t> scaling_counts(std::int64_t gpus) {
  std::vector<std::int64_t> counts;
  std::int64_t least = gpus;
  for (int i = 0; i < doublings && least % 2 == 0; ++i)
    least /= 2;
  for (std::int64_t count = least; count <= gpus << doublings; count *= 2)
    counts.push_back(count);
  return counts;
}

std::optional<std::vector<ScalingPoint>> scaling(const PlanSession &session,
                                                 const PlanRequest &request,
                                                 const std::vector<std::int64_t> &counts,
                                                 const std::stop_token &stop) {
  std::vector<ScalingPoint> points;
  for (const std::int64_t count : counts) {
    if (stop.stop_requested())
      return std::nullopt;
    points.push_back({count, session.outcome(with_edits(
                                 request, {{"hardware.nodes", std::nullopt},
                                           {"hardware.count", fmt::format("{}", count)},
                                           {"parallelism.data_parallel", std::nullopt}}))});
  }
  return points;
}

std::optional<std::vector<Variant>> price_variants(const PlanSession &session,
                                                   const PlanRequest &request,
                                                   const std::stop_token &stop) {
  std::vector<Variant> variants;
  for (const auto &[name, kind] : price_kind_names()) {
    if (stop.stop_requested())
      return std::nullopt;
    const std::string changes = fmt::format("price.kind={}", name);
    PlanOutcome outcome = session.outcome(with_edits(request, {{"price.rate", std::nullopt},
                                                               {"price.purchase", std::nullopt},
                                                               {"price.date", std::nullopt},
                                                               {"price.kind", std::string(name)}}));
    // Not every GPU is offered in every way: what nobody lists is no error here.
    if (std::holds_alternative<EstimatedPlanPointer>(outcome))
      variants.push_back({std::string(name), changes, std::move(outcome)});
  }
  return variants;
}

} // namespace flopcast
