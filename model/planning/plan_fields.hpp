// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hardware/energy.hpp"
#include "hardware/input/table_reader.hpp"
#include "hardware/presets/catalog.hpp"
#include "model/architecture/model_preset.hpp"
#include "model/planning/plan.hpp"

#include <string>
#include <string_view>

namespace flopcast {

/// The readers of a plan's tables. Each fills its part of the run and notes what it took by
/// default.
class AssumptionLog {
public:
  explicit AssumptionLog(std::vector<Assumption> &assumptions) : assumptions_(&assumptions) {}

  void defaulted(std::string key, std::string value, std::string why) {
    assumptions_->push_back({std::move(key), std::move(value), std::move(why), Origin::defaulted});
  }
  /// What was noted under the key before no longer holds.
  void replaced(std::string key, std::string value, std::string why) {
    std::erase_if(*assumptions_, [&](const Assumption &old) { return old.key == key; });
    defaulted(std::move(key), std::move(value), std::move(why));
  }
  void assumed(std::string key, std::string value, std::string why) {
    assumptions_->push_back({std::move(key), std::move(value), std::move(why), Origin::assumed});
  }

private:
  std::vector<Assumption> *assumptions_;
};

/// What the readers share.
struct PlanReading {
  const PresetCatalog &catalog;
  Diagnostics &diagnostics;
  AssumptionLog log;
  PlannedRun run;
  PublishedTraining published;         ///< of the model preset
  bool global_batch_was_given = false; ///< in sequences
  bool micro_batch_was_given = false;
  bool recompute_was_given = false;
  std::optional<TokenCount> wanted_batch; ///< given in tokens
};

/// Loads something by name; a failure is reported at the key that named it.
template <class Load> auto load_named(TableReader &table, std::string_view key, Load load) {
  std::optional<decltype(load())> loaded;
  try {
    loaded.emplace(load());
  } catch (const InputError &error) {
    table.report(key, error.what());
  }
  return loaded;
}

void read_model(PlanReading &reading, TableReader table);
void read_data(PlanReading &reading, TableReader table);
/// The keys of [data] that ask for a loss; the model must be known.
void read_law_choice(PlanReading &reading, TableReader &table);
void read_hardware(PlanReading &reading, TableReader table);
void read_parallelism(PlanReading &reading, TableReader table);
void read_training(PlanReading &reading, TableReader table);
void read_stated(PlanReading &reading, TableReader table);
void read_run_conditions(PlanReading &reading, TableReader table);
void read_price(PlanReading &reading, TableReader table);
void read_costs(PlanReading &reading, TableReader table, const InputValue &root);
void read_energy(PlanReading &reading, TableReader table);

} // namespace flopcast
