// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "model/execution/schedule/passes.hpp"

#include <cstdint>
#include <utility>
#include <vector>

namespace flopcast {

enum class TaskKind : std::uint8_t {
  forward,
  backward, ///< both gradients at once
  input_gradient,
  weight_gradient,
};

/// One micro-batch on one pass.
struct Task {
  std::uint32_t micro_batch = 0;
  std::uint16_t pass = 0; ///< its place in Passes::passes
  TaskKind kind = TaskKind::forward;
  bool with_next = false; ///< runs together with the stage's next task, as one
};

/// Each order below hands out the tasks of a stage one after the other: `next()` is false after the
/// last.

/// All forwards, then all backwards, last micro-batch first.
class GpipeOrder {
public:
  explicit GpipeOrder(const Passes &passes);
  bool next(std::uint32_t stage, Task &task) {
    const std::uint32_t at = position_[stage]++;
    if (at >= 2 * micro_batches_)
      return false;
    const bool forward = at < micro_batches_;
    task = {.micro_batch = forward ? at : 2 * micro_batches_ - 1 - at,
            .pass = static_cast<std::uint16_t>(stage),
            .kind = forward ? TaskKind::forward : TaskKind::backward,
            .with_next = false};
    return true;
  }

private:
  std::uint32_t micro_batches_;
  std::vector<std::uint32_t> position_;
};

/// Stage i begins with p - i forwards, then alternates. Narayanan et al. 2021, section 2.2.1.
/// The same over chunks, in groups of g micro-batches: section 2.2.2 and Megatron-LM's
/// forward_backward_pipelining_with_interleaving, whose warm-up is 2(p-1-i) + (v-1)g + 1 forwards.
/// g is p where p divides m, else the least g above with m mod g = 0 or at least p (Megatron-LM's
/// microbatch_group_size_per_vp_stage), at most m: other remainders make the stages wait for each
/// other for ever.
class OneForwardOneBackwardOrder {
public:
  explicit OneForwardOneBackwardOrder(const Passes &passes);
  bool next(std::uint32_t stage, Task &task) {
    Stage &at = at_[stage];
    if (at.backward.done == total_)
      return false;
    const bool forward = at.forward.done < total_ && at.forward.done < at.ahead + at.backward.done;
    Walk &walk = forward ? at.forward : at.backward;
    const std::uint32_t chunk = forward ? walk.chunk : chunks_ - 1 - walk.chunk;
    task = {.micro_batch = walk.micro_batch,
            .pass = static_cast<std::uint16_t>(chunk * stages_ + stage),
            .kind = forward ? TaskKind::forward : TaskKind::backward,
            .with_next = false};
    advance(walk);
    return true;
  }

private:
  /// Through groups of micro-batches, each group through all chunks.
  struct Walk {
    std::uint32_t done = 0;
    std::uint32_t chunk = 0;
    std::uint32_t micro_batch = 0;
    std::uint32_t begin = 0; ///< of the group
    std::uint32_t end = 0;
  };
  struct Stage {
    Walk forward;
    Walk backward;
    std::uint32_t ahead = 0; ///< forwards that are done more than backwards, before a backward
  };

  [[nodiscard]] std::uint32_t group_end(std::uint32_t begin) const {
    return micro_batches_ - begin < group_ ? micro_batches_ : begin + group_;
  }
  void advance(Walk &walk) const {
    ++walk.done;
    if (++walk.micro_batch < walk.end)
      return;
    walk.micro_batch = walk.begin;
    if (++walk.chunk < chunks_)
      return;
    walk.chunk = 0;
    walk.begin = walk.micro_batch = walk.end;
    walk.end = group_end(walk.begin);
  }

  std::uint32_t stages_;
  std::uint32_t chunks_;
  std::uint32_t micro_batches_;
  std::uint32_t group_;
  std::uint32_t total_;
  std::vector<Stage> at_;
};

/// Tasks that were put down before.
class StoredOrder {
public:
  explicit StoredOrder(std::vector<std::vector<Task>> tasks)
      : tasks_(std::move(tasks)), position_(tasks_.size()) {}
  bool next(std::uint32_t stage, Task &task) {
    if (position_[stage] == tasks_[stage].size())
      return false;
    task = tasks_[stage][position_[stage]++];
    return true;
  }

private:
  std::vector<std::vector<Task>> tasks_;
  std::vector<std::size_t> position_;
};

/// DeepSeek-AI 2024, section 3.2.1, figure 5, with the steps of its published program.
[[nodiscard]] StoredOrder dual_pipe_order(const Passes &passes);

/// Forwards and input gradients follow the schedule's own pattern: ZB-H1 and ZB-H2 Qi et al. 2023,
/// section 2.3; ZB-V Qi et al. 2024. Weight gradients fill the gaps; they come first where a stage
/// holds as many bytes as the schedule allows (those of p micro-batches, 2p - 1 for ZB-H2: section
/// 3.1 searches under the same limits). How long a gap must be is tried for a few values, of which
/// the fastest step is taken.
[[nodiscard]] StoredOrder zero_bubble_order(const Passes &passes, const PipelineWork &work);

} // namespace flopcast
