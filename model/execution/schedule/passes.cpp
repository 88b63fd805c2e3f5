// SPDX-License-Identifier: Apache-2.0
#include "model/execution/schedule/passes.hpp"

#include <cassert>

namespace flopcast {
namespace {

Pass pass_of(const PipelineWork &work, std::size_t chunk) {
  using namespace units;
  const ChunkWork &cost = work.work[chunk];
  Pass pass;
  pass.forward = cost.forward.in(second);
  pass.input_gradient = cost.input_gradient.in(second);
  pass.weight_gradient = cost.weight_gradient.in(second);
  pass.saved = cost.saved.in(byte);
  pass.saved_for_weights = cost.saved_for_weights.in(byte);
  pass.transient = cost.transient.in(byte);
  if (!work.exchange.empty()) {
    pass.gather = work.exchange[chunk].gather.in(second);
    pass.scatter = work.exchange[chunk].scatter.in(second);
  }
  pass.chunk = static_cast<std::uint32_t>(chunk);
  return pass;
}

/// The messages between chunk and chunk + 1.
MessageTime message_after(const PipelineWork &work, std::size_t chunk) {
  if (work.messages.empty())
    return {};
  return work.messages.size() == 1 ? work.messages.front() : work.messages[chunk];
}

/// Adds the passes of a route, of which the first lies at passes[begin].
void join(const PipelineWork &work, std::vector<Pass> &passes, std::size_t begin) {
  using namespace units;
  passes[begin].first = true;
  passes.back().last = true;
  for (std::size_t i = begin; i + 1 < passes.size(); ++i) {
    if (passes[i].stage == passes[i + 1].stage)
      continue;
    const MessageTime message = message_after(work, passes[i].chunk);
    passes[i].forward_message = message.forward.in(second);
    passes[i + 1].backward_message = message.backward.in(second);
  }
}

} // namespace

Passes passes_of(const PipelineWork &work) {
  assert(!schedule_problem(work.schedule, work.stages, work.chunks, work.micro_batches));
  assert(work.work.size() == static_cast<std::size_t>(work.virtual_stages()));
  const bool two_routes = work.schedule == PipelineSchedule::dual_pipe;
  Passes result;
  result.stages = static_cast<std::uint32_t>(work.stages);
  result.chunks = static_cast<std::uint32_t>(work.chunks);
  result.micro_batches =
      static_cast<std::uint32_t>(two_routes ? work.micro_batches / 2 : work.micro_batches);
  for (std::size_t route = 0; route < (two_routes ? 2 : 1); ++route) {
    const std::size_t begin = result.passes.size();
    for (std::size_t chunk = 0; chunk < work.work.size(); ++chunk) {
      Pass &pass = result.passes.emplace_back(pass_of(work, chunk));
      const auto stage = static_cast<std::uint32_t>(
          stage_of(work.schedule, work.stages, static_cast<std::int64_t>(chunk)));
      pass.stage = route == 0 ? stage : result.stages - 1 - stage;
    }
    join(work, result.passes, begin);
  }
  return result;
}

} // namespace flopcast
