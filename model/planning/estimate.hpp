// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "model/architecture/operator_graph.hpp"
#include "model/economics/cost.hpp"
#include "model/economics/power.hpp"
#include "model/economics/run_time.hpp"
#include "model/execution/memory.hpp"
#include "model/execution/step_time.hpp"
#include "model/planning/legality.hpp"
#include "model/planning/plan.hpp"

#include <optional>
#include <vector>

namespace flopcast {

struct ParameterCounts {
  double total = 0;
  double active = 0;     ///< used by a token; all of them in a dense model
  double prediction = 0; ///< of layers for multi-token prediction, which `total` leaves out
  double embedding = 0;  ///< tables of tokens and positions, and an output matrix of its own
  double matrices = 0;   ///< weights of the matrix products inside layers
};

/// Work, forward and backward. "Model" work is what the mathematics asks for; "hardware" work adds
/// what is recomputed. Attention is counted full unless the name says causal.
struct WorkTotals {
  FlopPerToken per_token;
  FlopPerToken per_token_causal; ///< scores that the mask discards left out
  FlopPerToken six_n_per_token;  ///< N: active parameters
  FlopCount step_model;
  FlopCount step_hardware;
  FlopCount model_total;
  FlopCount model_total_causal;
  FlopCount hardware_total;
  FlopCount six_nd;
};

/// Shares of the cluster's dense peak in the format that the plan trains in.
struct Utilisation {
  double mfu = 0;         ///< model FLOPs, attention counted full
  double mfu_causal = 0;  ///< the same, causal
  double mfu_six_n = 0;   ///< 6N a token: without attention
  double hfu = 0;         ///< hardware FLOPs
  FlopRate flops_per_gpu; ///< model FLOPs, attention full
  TokenRatePerGpu tokens_per_gpu;
};

/// What a plan that can be laid out does in a step.
struct StepEstimate {
  MemoryParts first_stage;
  MemoryParts last_stage;
  /// Every stage's, where the plan says that they hold or do again different layers; else empty:
  /// the ends need most.
  std::vector<MemoryParts> stages;
  StepTime time;
  StepTime predicted; ///< differs from `time` where the plan states its speed
  double micro_batches = 0;
  Utilisation utilisation;
  std::optional<StepPower> power; ///< where the calibration tells it and the plan does not
  /// Operators whose shapes lie outside what the calibration measured: their times are
  /// extrapolated.
  OperatorRoles extrapolated;

  /// Of the stage that needs most.
  [[nodiscard]] const MemoryParts &memory() const {
    const MemoryParts *most = last_stage.total() > first_stage.total() ? &last_stage : &first_stage;
    for (const MemoryParts &stage : stages)
      if (stage.total() > most->total())
        most = &stage;
    return *most;
  }
};

/// What the whole run takes.
struct RunEstimate {
  RunTime time;
  Bytes checkpoint;
  std::vector<CostLine> costs;
  Money total_cost;
  EnergyUse energy;
};

/// The answer to a plan. Members that a plan does not get far enough for are absent: a layout that
/// is impossible has no step. `reasons` says why, and is empty for a plan that can run.
struct Estimate {
  ParameterCounts parameters;
  WorkTotals work;
  /// Nats per token that the plan's law expects. Its interval costs a thousand times as much:
  /// loss_prediction() tells it (model/planning/expected_loss.hpp).
  std::optional<double> loss;
  std::optional<StepEstimate> step;
  std::optional<RunEstimate> run;
  std::vector<Reason> reasons;

  [[nodiscard]] bool feasible() const { return reasons.empty(); }
};

/// Pure: no files, no clock, no globals; safe to call from many threads.
[[nodiscard]] Estimate estimate(const Plan &plan, const Cluster &cluster);

} // namespace flopcast
