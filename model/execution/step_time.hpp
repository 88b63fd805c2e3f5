// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hardware/cluster.hpp"
#include "hardware/units/quantity.hpp"
#include "model/execution/work.hpp"

namespace flopcast {

/// Where a step's time goes, on the slowest stage. Parts are exposed time: what hides behind
/// something else is not in them, so that they add up to the step.
struct StepTime {
  Seconds compute;   ///< forward and backward operators
  Seconds recompute; ///< operators done again in the backward pass
  Seconds host;      ///< waiting for the host to launch operators
  Seconds tensor_parallel;
  Seconds context_parallel;
  Seconds expert_parallel; ///< tokens on their way to experts and back
  Seconds pipeline;        ///< messages between stages
  Seconds data_parallel;   ///< gradient exchange, and weights under ZeRO; the work that it delays
  Seconds bubble;          ///< waiting for the pipeline to fill and drain
  Seconds optimizer;
  Seconds offload;    ///< copies between device and host, and updates there, that nothing hides
  Seconds overhead;   ///< of the software, once a step
  Seconds stragglers; ///< waiting for the slowest of all GPUs
  Seconds stated;     ///< a step whose time the plan states has this part alone

  [[nodiscard]] Seconds total() const {
    return compute + recompute + host + tensor_parallel + context_parallel + expert_parallel +
           pipeline + data_parallel + bubble + optimizer + offload + overhead + stragglers + stated;
  }
};

struct StepInputs {
  Bytes boundary;           ///< the tensor between two layers, one micro-batch, one rank
  Bytes residual;           ///< the same, whole over the tensor-parallel ranks
  Bytes key_values;         ///< keys and values of all layers, one micro-batch, one rank
  Bytes queries = {};       ///< queries of all layers, likewise
  double micro_batches = 1; ///< in a step
};

/// Time of a step under 1F1B, plain or interleaved.
/// Per micro-batch a stage takes its operators, tensor-parallel collectives (two all-reduces, or
/// the same bytes as gather and scatter, each way and layer) and messages; the slowest stage's is
/// paid m times, the others' once for filling, over v chunks. Gradients are exchanged by a ring,
/// hidden behind the last micro-batch's backward pass where training.overlap_gradient_exchange is
/// set; what is hidden slows the work that hides it (overlap_slowdown()). Sources: Narayanan et al.
/// 2021 (bubble), Korthikanti et al. 2022 (sequence parallelism), Rajbhandari et al. 2020 (ZeRO
/// volumes).
[[nodiscard]] StepTime predicted_step_time(const ModelWork &work, const Parallelism &parallelism,
                                           const Training &training, const StepInputs &inputs,
                                           const Cluster &cluster);

} // namespace flopcast
