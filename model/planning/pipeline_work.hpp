// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hardware/cluster.hpp"
#include "model/execution/schedule/pipeline.hpp"
#include "model/planning/plan.hpp"

namespace flopcast {

/// What the stages of a plan do for each micro-batch, hold and exchange, for the simulation of its
/// step: the operators and collectives that estimate() adds up. The first chunk has the embedding,
/// the last has the head. What a stage communicates for a micro-batch and recomputes is part of its
/// tasks. What the software adds once a step and stragglers are left out; hybrid sharding is taken
/// as full; weight gradients keep all that was saved.
/// The plan must have no layout_problems(). Its stated speed does not count.
[[nodiscard]] PipelineWork pipeline_work(const Plan &plan, const Cluster &cluster);

} // namespace flopcast
