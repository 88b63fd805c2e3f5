// SPDX-License-Identifier: Apache-2.0
#include "model/execution/schedule/order.hpp"

#include <algorithm>
#include <array>

namespace flopcast {

GpipeOrder::GpipeOrder(const Passes &passes)
    : micro_batches_(passes.micro_batches), position_(passes.stages) {}

namespace {

std::uint32_t group_size(std::uint32_t stages, std::uint32_t chunks, std::uint32_t micro_batches) {
  if (chunks == 1 || micro_batches <= stages)
    return micro_batches;
  std::uint32_t size = stages;
  while (micro_batches % size != 0 && micro_batches % size < stages)
    ++size;
  return size;
}

} // namespace

OneForwardOneBackwardOrder::OneForwardOneBackwardOrder(const Passes &passes)
    : stages_(passes.stages), chunks_(passes.chunks), micro_batches_(passes.micro_batches),
      group_(group_size(passes.stages, passes.chunks, passes.micro_batches)),
      total_(passes.chunks * passes.micro_batches), at_(passes.stages) {
  for (std::uint32_t stage = 0; stage < stages_; ++stage) {
    Stage &at = at_[stage];
    at.forward.end = at.backward.end = group_end(0);
    const std::uint32_t behind = stages_ - 1 - stage;
    at.ahead = chunks_ == 1 ? behind + 1 : 2 * behind + (chunks_ - 1) * group_ + 1;
  }
}

namespace {

/// One stage's tasks as the program of DualPipe counts them: `phase` 0 are the micro-batches that
/// come from the nearer end.
class DualPipeStage {
public:
  DualPipeStage(std::uint32_t stage, std::uint32_t stages) {
    const bool second_half = stage >= stages / 2;
    const auto own = static_cast<std::uint16_t>(stage);
    const auto other = static_cast<std::uint16_t>(2 * stages - 1 - stage);
    pass_[0] = second_half ? other : own;
    pass_[1] = second_half ? own : other;
  }

  void forward(int phase, bool with_next = false) {
    add(phase, forwards_[phase]++, TaskKind::forward, with_next);
  }
  void backward(int phase, bool split) {
    const std::uint32_t micro_batch = backwards_[phase]++;
    add(phase, micro_batch, split ? TaskKind::input_gradient : TaskKind::backward, false);
    if (split)
      pending_.push_back({micro_batch, phase});
  }
  void together(int forward_phase, int backward_phase) {
    forward(forward_phase, true);
    backward(backward_phase, false);
  }
  void weights() {
    const auto [micro_batch, phase] = pending_[weights_done_++];
    add(phase, micro_batch, TaskKind::weight_gradient, false);
  }

  std::vector<Task> tasks;

private:
  struct Pending {
    std::uint32_t micro_batch;
    int phase;
  };

  void add(int phase, std::uint32_t micro_batch, TaskKind kind, bool with_next) {
    tasks.push_back({micro_batch, pass_[phase], kind, with_next});
  }

  std::array<std::uint16_t, 2> pass_{};
  std::array<std::uint32_t, 2> forwards_{};
  std::array<std::uint32_t, 2> backwards_{};
  std::vector<Pending> pending_;
  std::size_t weights_done_ = 0;
};

std::vector<Task> dual_pipe_tasks(std::uint32_t stage, std::uint32_t stages, std::uint32_t half) {
  const std::uint32_t pairs = stages / 2;
  const std::uint32_t rank = std::min(stage, stages - 1 - stage);
  const std::uint32_t to_middle = pairs - 1 - rank;
  DualPipeStage order(stage, stages);
  const auto repeat = [](std::uint32_t times, const auto &body) {
    for (std::uint32_t i = 0; i < times; ++i)
      body(i);
  };
  repeat(2 * to_middle, [&](std::uint32_t) { order.forward(0); });
  repeat(rank + 1, [&](std::uint32_t) {
    order.forward(0);
    order.forward(1);
  });
  repeat(to_middle, [&](std::uint32_t) {
    order.backward(1, true);
    order.weights();
    order.forward(1);
  });
  repeat(half + rank + 1 - stages, [&](std::uint32_t i) {
    if (i == 0 && to_middle == 0) { // the middle does not overlap its first pair: a smaller bubble
      order.forward(0);
      order.backward(1, false);
    } else {
      order.together(0, 1);
    }
    order.together(1, 0);
  });
  repeat(to_middle, [&](std::uint32_t) {
    order.backward(1, false);
    order.together(1, 0);
  });
  const std::uint32_t middle = (rank + 1) / 2;
  repeat(rank + 1, [&](std::uint32_t i) { // weight gradients apart in the second half
    order.backward(1, i > middle || (i == middle && rank % 2 == 1));
    order.backward(0, i >= middle);
  });
  repeat(to_middle, [&](std::uint32_t) {
    order.weights();
    order.backward(0, true);
  });
  repeat(rank + 1, [&](std::uint32_t) { order.weights(); });
  return std::move(order.tasks);
}

} // namespace

StoredOrder dual_pipe_order(const Passes &passes) {
  std::vector<std::vector<Task>> tasks;
  tasks.reserve(passes.stages);
  for (std::uint32_t stage = 0; stage < passes.stages; ++stage)
    tasks.push_back(dual_pipe_tasks(stage, passes.stages, passes.micro_batches));
  return StoredOrder(std::move(tasks));
}

} // namespace flopcast
