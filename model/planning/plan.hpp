// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hardware/cluster.hpp"
#include "hardware/provenance.hpp"
#include "model/architecture/decoder.hpp"
#include "model/execution/parallelism.hpp"
#include "model/execution/training.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace flopcast {

/// Something that the plan did not say, what was taken for it and why.
struct Assumption {
  std::string key;   ///< the plan's key, such as "run.goodput"
  std::string value; ///< with its unit
  std::string why;
  Origin origin = Origin::defaulted;
};

struct PlannedModel {
  std::string id; ///< of the preset, or "" for a model written out in the plan
  std::string name;
  Decoder decoder;
};

struct PlannedLaw; // model/planning/expected_loss.hpp

struct PlannedData {
  TokenCount tokens; ///< processed, epochs included
  std::int64_t sequence_length = 0;
  std::optional<TokenCount> unique_tokens; ///< one epoch, where the plan says how many it has
  /// What tells the loss; null: nothing does. Nobody changes it, so that the copies of a plan share
  /// it: searches copy plans by the thousand.
  std::shared_ptr<const PlannedLaw> law;
};

/// Which FLOPs a stated utilisation counts.
enum class UtilisationBasis { model_flops, six_nd };

/// What the plan asserts instead of letting it be predicted; at most one of the first four.
struct StatedThroughput {
  std::optional<double> mfu;                  ///< of the peak in training.precision
  std::optional<FlopRate> flops_per_gpu;      ///< reached by each GPU
  std::optional<TokenRate> tokens_per_second; ///< of the whole cluster
  std::optional<Seconds> step_time;
  UtilisationBasis basis = UtilisationBasis::model_flops;
  std::optional<FlopCount> training_flops; ///< of the whole run, in place of the counted ones

  [[nodiscard]] bool states_speed() const {
    return mfu || flops_per_gpu || tokens_per_second || step_time;
  }
};

/// GPUs that are or were held for a time.
struct Allocation {
  std::int64_t gpus = 0;
  Seconds duration;
};

struct RunConditions {
  double goodput = 1;                  ///< productive share of the held time; see allocations
  std::vector<Allocation> allocations; ///< if any: the held GPU time, and goodput follows from it
  std::optional<Seconds> checkpoint_interval;    ///< training between two checkpoints
  std::optional<Bandwidth> checkpoint_bandwidth; ///< absent: the pauses are part of the goodput
  std::int64_t checkpoints_kept = 1;
};

/// What held GPU time costs.
struct PriceTerms {
  std::optional<GpuPrice> rent;
  /// What providers ask, P10 and P90, where the rent was looked up among several.
  std::optional<GpuPrice> rent_low = std::nullopt;
  std::optional<GpuPrice> rent_high = std::nullopt;
  std::optional<PurchasePrice> purchase; ///< own hardware: written off over lifetime
  Seconds lifetime;
  std::optional<StoragePrice> storage; ///< of checkpoints
  std::string description;             ///< where the price comes from
  Origin origin = Origin::defaulted;
};

/// A line of the budget beside the accelerators; one of the two is set.
struct CostItem {
  std::string name;
  std::optional<Money> amount;
  std::optional<double> share; ///< of the cost of accelerator time
};

struct EnergyTerms {
  std::optional<PowerPerGpu> power; ///< of the server, per accelerator, in training
  /// Of the server beside the accelerator, where step_power() tells the accelerator's own; `power`
  /// then only stands for steps of which it does not.
  std::optional<PowerPerGpu> beside_accelerator;
  double pue = 1;
  CarbonIntensity carbon_intensity;
  std::optional<EnergyPrice> electricity; ///< paid apart: own hardware only
};

/// Everything that a run is determined by, but for the machine. Plain values: estimate() needs
/// nothing else.
struct Plan {
  std::string name;
  PlannedModel model;
  PlannedData data;
  Parallelism parallelism;
  Training training;
  StatedThroughput stated;
  RunConditions run;
  PriceTerms price;
  std::vector<CostItem> cost_items;
  EnergyTerms energy;
  std::vector<Assumption> assumptions;
};

/// A plan with the machine that it names.
struct PlannedRun {
  Plan plan;
  Cluster cluster;
  bool parallelism_was_given = false;
  /// Keys of [model] and [hardware] by which the plan replaces what their presets state.
  std::vector<std::string> overridden;
};

} // namespace flopcast
