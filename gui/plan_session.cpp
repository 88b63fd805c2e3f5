// SPDX-License-Identifier: Apache-2.0
#include "gui/plan_session.hpp"

#include "gui/plan_text.hpp"
#include "model/architecture/model_preset.hpp"
#include "model/planning/plan_reader.hpp"
#include "reports/estimate_report.hpp"

#include <filesystem>
#include <utility>

namespace flopcast {
namespace {

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

std::string first_plan(const std::string &model) {
  return "[model]\npreset = " + quoted_toml(model) + "\n\n[hardware]\ngpu = \"h100\"\ncount = 64\n";
}

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

std::string PlanSession::text(const std::string &where) const {
  return read_file(catalog_.locate("plans", where).string());
}

PlanRequest PlanSession::opened(const std::string &where) const {
  const std::string file = located(where);
  std::string held = text(where);
  if (!is_json_object(held))
    return {file, {}, std::move(held)};
  const std::string model = std::filesystem::absolute(file).string();
  return {load_model(catalog_, model).name, {}, first_plan(model)};
}

PlanOutcome PlanSession::outcome(const PlanRequest &request) const {
  try {
    auto plan = std::make_shared<EstimatedPlan>();
    plan->written = request.text ? parse_toml(*request.text, request.where)
                                 : load_toml(catalog_.locate("plans", request.where).string());
    apply_changes(plan->written, request.changes);
    plan->run = read_plan(plan->written, catalog_);
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
