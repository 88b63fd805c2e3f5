// SPDX-License-Identifier: Apache-2.0
#include "gui/plan_session.hpp"

#include "hardware/input/value.hpp"
#include "model/planning/plan_reader.hpp"
#include "reports/estimate_report.hpp"

#include <algorithm>
#include <filesystem>
#include <utility>

namespace flopcast {
namespace {

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view blanks = " \t\r";
  const auto begin = text.find_first_not_of(blanks);
  if (begin == std::string_view::npos)
    return {};
  return text.substr(begin, text.find_last_not_of(blanks) - begin + 1);
}

std::vector<std::string> assignments(std::string_view overrides) {
  std::vector<std::string> found;
  while (!overrides.empty()) {
    const auto end = std::min(overrides.find('\n'), overrides.size());
    const std::string_view line = trimmed(overrides.substr(0, end));
    if (!line.empty() && line.front() != '#')
      found.emplace_back(line);
    overrides.remove_prefix(std::min(end + 1, overrides.size()));
  }
  return found;
}

bool is_file(const std::string &where) {
  std::error_code ignored;
  return std::filesystem::exists(where, ignored);
}

/// The name in a plan's file, or its id if the file cannot be read.
std::string name_of(const PresetCatalog &catalog, const std::string &id) {
  try {
    const InputValue plan = catalog.load("plans", id);
    const auto &table = std::get<InputTable>(plan.data);
    if (const auto name = table.find("name"); name != table.end())
      if (const auto *text = std::get_if<std::string>(&name->second.data))
        return *text;
  } catch (const InputError &) {
    // Listed all the same: choosing it shows the error with its place.
  }
  return id;
}

} // namespace

std::size_t override_count(const std::string &overrides) { return assignments(overrides).size(); }

PlanSession::PlanSession(PresetCatalog catalog) : catalog_(std::move(catalog)) {}

std::vector<ShippedPlan> PlanSession::shipped_plans() const {
  std::vector<ShippedPlan> plans;
  for (const std::string &id : catalog_.ids("plans"))
    plans.push_back({id, name_of(catalog_, id), catalog_.path("plans", id).string()});
  return plans;
}

std::string PlanSession::located(const std::string &where) const {
  if (is_file(where))
    return where;
  const std::string id = catalog_.resolve("plans", where);
  return id.empty() ? where : catalog_.path("plans", id).string();
}

InputValue PlanSession::load(const std::string &where) const {
  return load_toml(catalog_.locate("plans", where).string());
}

PlanOutcome PlanSession::outcome(const PlanRequest &request) const {
  try {
    InputValue root = load(request.where);
    for (const std::string &assignment : assignments(request.overrides))
      apply_override(root, assignment);
    auto plan = std::make_shared<EstimatedPlan>();
    plan->run = read_plan(root, catalog_);
    plan->estimate = estimate(plan->run.plan, plan->run.cluster);
    if (!plan->estimate.feasible())
      plan->nearest = nearest_layout(plan->run.plan, plan->run.cluster);
    plan->report = estimate_report(plan->answer(), plan->nearest);
    return plan;
  } catch (const InputError &error) {
    return error;
  }
}

} // namespace flopcast
