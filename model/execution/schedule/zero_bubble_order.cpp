// SPDX-License-Identifier: Apache-2.0
#include "model/execution/schedule/order.hpp"

#include <algorithm>
#include <array>
#include <functional>
#include <queue>
#include <utility>

namespace flopcast {
namespace {

/// What a schedule fixes for a stage: the order of forwards and input gradients, and how many
/// chunks of micro-batches it has the memory for, those that wait for their weight gradient
/// included.
struct StagePattern {
  std::vector<Task> tasks;
  std::uint32_t limit = 0;
};

Task task_of(std::uint32_t pass, std::uint32_t micro_batch, TaskKind kind) {
  return {micro_batch, static_cast<std::uint16_t>(pass), kind, false};
}

/// `ahead` forwards, then input gradients and forwards in turn.
StagePattern alternating(std::uint32_t stage, std::uint32_t ahead, std::uint32_t limit,
                         std::uint32_t micro_batches) {
  StagePattern pattern{.tasks = {}, .limit = limit};
  pattern.tasks.reserve(2 * static_cast<std::size_t>(micro_batches));
  std::uint32_t forwards = 0;
  for (std::uint32_t backwards = 0; backwards < micro_batches; ++backwards) {
    for (; forwards < micro_batches && forwards < ahead + backwards; ++forwards)
      pattern.tasks.push_back(task_of(stage, forwards, TaskKind::forward));
    pattern.tasks.push_back(task_of(stage, backwards, TaskKind::input_gradient));
  }
  return pattern;
}

/// The V: chunk 0 on the way down, chunk 1 on the way back.
/// Source: Qi et al. 2024 (V-ZB); the counts are those of PyTorch's ScheduleZBVZeroBubble.
StagePattern folded(std::uint32_t stage, std::uint32_t stages, std::uint32_t micro_batches) {
  StagePattern pattern{.tasks = {}, .limit = 2 * stages};
  pattern.tasks.reserve(4 * static_cast<std::size_t>(micro_batches));
  // The pattern is that of at least 2p - 1 micro-batches; those that there are not are left out.
  const std::uint32_t count = std::max(2 * stages - 1, micro_batches);
  const std::array<std::uint32_t, 2> passes{stage, 2 * stages - 1 - stage};
  std::array<std::uint32_t, 2> forwards{};
  std::array<std::uint32_t, 2> backwards{};
  const auto add = [&](std::size_t chunk, std::uint32_t &counter, TaskKind kind) {
    if (counter < micro_batches)
      pattern.tasks.push_back(task_of(passes[chunk], counter, kind));
    ++counter;
  };
  const auto forward = [&](std::size_t chunk) { add(chunk, forwards[chunk], TaskKind::forward); };
  const auto backward = [&](std::size_t chunk) {
    add(chunk, backwards[chunk], TaskKind::input_gradient);
  };
  for (std::uint32_t i = 0; i < 2 * (stages - stage) - 1; ++i)
    forward(0);
  for (std::uint32_t i = 0; i < stage; ++i) {
    forward(1);
    forward(0);
  }
  for (std::uint32_t i = 0; i < stages - stage; ++i) {
    forward(1);
    backward(1);
  }
  while (forwards[1] < forwards[0] || forwards[0] < count) {
    if (forwards[0] < count)
      forward(0);
    backward(0);
    forward(1);
    backward(1);
  }
  for (std::uint32_t i = 0; i < stage; ++i) {
    backward(0);
    backward(1);
  }
  for (std::uint32_t i = 0; i < stages - stage; ++i)
    backward(0);
  return pattern;
}

StagePattern pattern_of(PipelineSchedule schedule, std::uint32_t stage, const Passes &passes,
                        std::uint32_t micro_batches) {
  const std::uint32_t p = passes.stages;
  if (schedule == PipelineSchedule::zb_v)
    return folded(stage, p, micro_batches);
  if (schedule == PipelineSchedule::zb_h2)
    return alternating(stage, 2 * (p - stage) - 1, 2 * p - 1, micro_batches);
  return alternating(stage, p - stage, p, micro_batches);
}

struct FilledOrder {
  std::vector<std::vector<Task>> tasks;
  double step = 0;
};

/// Puts weight gradients between the tasks of the patterns, at the time that they would run: where
/// a stage is full, where its next input is further away than `least_gap` weight gradients, and at
/// the end.
class GapFilling {
public:
  GapFilling(const Passes &passes, const PipelineWork &work, std::uint32_t micro_batches,
             double least_gap)
      : passes_(passes), exposed_(work.exposed_message), together_(work.stages_end_together),
        micro_batches_(micro_batches), least_gap_(least_gap), stages_(passes.stages),
        forward_at_(passes.passes.size() * micro_batches, not_yet),
        backward_at_(passes.passes.size() * micro_batches, not_yet) {
    std::fill_n(forward_at_.begin(), micro_batches, 0.0);
    for (std::uint32_t stage = 0; stage < passes.stages; ++stage) {
      stages_[stage].pattern = pattern_of(work.schedule, stage, passes, micro_batches);
      stages_[stage].limit = room_of(stage);
    }
  }

  FilledOrder run() {
    for (std::uint32_t stage = 0; stage < stages_.size(); ++stage)
      events_.push({0.0, stage});
    while (!events_.empty()) {
      const auto [time, stage] = events_.top();
      events_.pop();
      decide(stage, time);
    }
    FilledOrder result;
    for (Stage &stage : stages_) {
      result.tasks.push_back(std::move(stage.done));
      result.step =
          std::max(result.step, stage.free_at - (together_ ? 0.0 : std::max(stage.began, 0.0)));
    }
    return result;
  }

private:
  static constexpr double not_yet = -1;

  struct Stage {
    StagePattern pattern;
    std::size_t at = 0; ///< in the pattern
    std::vector<Task> done;
    std::size_t weights_from = 0; ///< in `pending`
    std::vector<Task> pending;    ///< weight gradients
    double limit = 0;             ///< bytes
    double saved = 0;
    double free_at = 0;
    double began = not_yet;
    bool sleeping = false; ///< until what it needs has begun
  };

  [[nodiscard]] double input_at(const Task &task) const {
    const std::size_t slot =
        static_cast<std::size_t>(task.pass) * micro_batches_ + task.micro_batch;
    return task.kind == TaskKind::forward ? forward_at_[slot] : backward_at_[slot];
  }

  void decide(std::uint32_t index, double now) {
    Stage &stage = stages_[index];
    const bool has_weights = stage.weights_from < stage.pending.size();
    if (stage.at == stage.pattern.tasks.size()) {
      if (has_weights)
        run_weights(index, now);
      return;
    }
    const Task next = stage.pattern.tasks[stage.at];
    const bool full = next.kind == TaskKind::forward &&
                      stage.saved + saved_by(passes_.passes[next.pass]) > stage.limit;
    const double input = input_at(next);
    const bool ready = input != not_yet && input <= now;
    const bool gap = has_weights && !ready && (input == not_yet || input - now >= least_gap(stage));
    if ((full && has_weights) || gap) {
      run_weights(index, now);
    } else if (ready) {
      run_next(index, now);
    } else if (input != not_yet) {
      events_.push({input, index});
    } else {
      stage.sleeping = true;
    }
  }

  // Where bytes are not stated, micro-batches are counted.
  static double saved_by(const Pass &pass) { return pass.saved > 0 ? pass.saved : 1; }
  static double kept_by(const Pass &pass) { return pass.saved > 0 ? pass.saved_for_weights : 1; }

  /// For as many chunks as the pattern allows, of the mean of the stage's.
  [[nodiscard]] double room_of(std::uint32_t index) const {
    constexpr double rounding = 1 + 1e-9;
    double bytes = 0;
    double count = 0;
    for (const Pass &pass : passes_.passes) {
      if (pass.stage != index)
        continue;
      bytes += saved_by(pass);
      ++count;
    }
    return bytes / count * stages_[index].pattern.limit * rounding;
  }

  // Rounding must not make a gap that fits exactly too short.
  [[nodiscard]] double least_gap(const Stage &stage) const {
    constexpr double rounding = 1 - 1e-9;
    const Pass &pass = passes_.passes[stage.pending[stage.weights_from].pass];
    return least_gap_ * pass.weight_gradient * rounding;
  }

  void run_weights(std::uint32_t index, double now) {
    Stage &stage = stages_[index];
    const Task task = stage.pending[stage.weights_from++];
    stage.saved -= kept_by(passes_.passes[task.pass]);
    finish(index, task, now, passes_.passes[task.pass].weight_gradient);
    events_.push({stage.free_at, index});
  }

  void run_next(std::uint32_t index, double now) {
    Stage &stage = stages_[index];
    const Task task = stage.pattern.tasks[stage.at++];
    const Pass &pass = passes_.passes[task.pass];
    const bool forward = task.kind == TaskKind::forward;
    if (stage.began == not_yet)
      stage.began = now;
    finish(index, task, now, forward ? pass.forward : pass.input_gradient);
    const double end = stage.free_at;
    const double message = forward ? pass.forward_message : pass.backward_message;
    stage.free_at += exposed_ * message;
    if (forward) {
      stage.saved += saved_by(pass);
    } else {
      stage.saved -= saved_by(pass) - kept_by(pass);
      stage.pending.push_back(task_of(task.pass, task.micro_batch, TaskKind::weight_gradient));
    }
    tell(task, pass, end, end + message);
    events_.push({stage.free_at, index});
  }

  void finish(std::uint32_t index, const Task &task, double now, double duration) {
    stages_[index].done.push_back(task);
    stages_[index].free_at = now + duration;
  }

  /// Of the input's arrival at the pass that follows.
  void tell(const Task &task, const Pass &pass, double end, double arrival) {
    const std::size_t slot =
        static_cast<std::size_t>(task.pass) * micro_batches_ + task.micro_batch;
    if (task.kind == TaskKind::forward) {
      if (pass.last) {
        backward_at_[slot] = end;
        return;
      }
      forward_at_[slot + micro_batches_] = arrival;
      wake(passes_.passes[task.pass + 1U].stage, arrival);
    } else if (!pass.first) {
      backward_at_[slot - micro_batches_] = arrival;
      wake(passes_.passes[task.pass - 1U].stage, arrival);
    }
  }

  void wake(std::uint32_t index, double arrival) {
    Stage &stage = stages_[index];
    if (!stage.sleeping || input_at(stage.pattern.tasks[stage.at]) == not_yet)
      return;
    stage.sleeping = false;
    events_.push({arrival, index});
  }

  struct Event {
    double time;
    std::uint32_t stage;
    bool operator>(const Event &other) const {
      return time != other.time ? time > other.time : stage > other.stage;
    }
  };

  const Passes &passes_;
  double exposed_;
  bool together_;
  std::uint32_t micro_batches_;
  double least_gap_;
  std::vector<Stage> stages_;
  std::vector<double> forward_at_;
  std::vector<double> backward_at_;
  std::priority_queue<Event, std::vector<Event>, std::greater<>> events_;
};

} // namespace

StoredOrder zero_bubble_order(const Passes &passes, const PipelineWork &work) {
  // A gap of a whole weight gradient, of half of one, or any. What is best shows in a few rounds of
  // the pipeline already.
  constexpr std::array least_gaps{1.0, 0.5, 0.0};
  const std::uint32_t few = std::min(passes.micro_batches, 4 * passes.stages);
  double best_gap = least_gaps.front();
  double best_step = -1;
  for (const double gap : least_gaps) {
    const double step = GapFilling(passes, work, few, gap).run().step;
    if (best_step < 0 || step < best_step) {
      best_step = step;
      best_gap = gap;
    }
  }
  return StoredOrder(GapFilling(passes, work, passes.micro_batches, best_gap).run().tasks);
}

} // namespace flopcast
