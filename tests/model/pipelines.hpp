// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "model/execution/schedule/pipeline.hpp"

namespace flopcast::tests {

/// Seconds of a stage for one micro-batch.
struct StageSeconds {
  double forward = 1;
  double input_gradient = 1;
  double weight_gradient = 1;
};

/// Equal stages that save 1 byte a micro-batch, all of it until the weight gradient.
inline PipelineWork even_pipeline(PipelineSchedule schedule, std::int64_t stages,
                                  std::int64_t micro_batches, const StageSeconds &time = {},
                                  std::int64_t chunks = 1) {
  using namespace units;
  const double share = 1 / static_cast<double>(chunks);
  PipelineWork work;
  work.schedule = schedule;
  work.stages = stages;
  work.chunks = chunks;
  work.micro_batches = micro_batches;
  work.work.assign(static_cast<std::size_t>(stages * chunks),
                   ChunkWork{.forward = share * time.forward * second,
                             .input_gradient = share * time.input_gradient * second,
                             .weight_gradient = share * time.weight_gradient * second,
                             .saved = share * byte,
                             .saved_for_weights = share * byte,
                             .transient = {}});
  return work;
}

} // namespace flopcast::tests
