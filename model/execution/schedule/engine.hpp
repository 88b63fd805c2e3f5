// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "model/execution/schedule/order.hpp"
#include "model/execution/schedule/passes.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace flopcast {

/// Start and end of something, in seconds since the step began.
struct Span {
  double start = 0;
  double end = 0;
};

/// Seconds and bytes of one stage while its tasks run.
struct StageState {
  double free_at = 0;    ///< when it can compute again
  double started_at = 0; ///< its last task
  double first_start = -1;
  double compute_end = 0;
  double forward = 0;
  double input_gradient = 0;
  double weight_gradient = 0;
  double message = 0; ///< exposed
  double forward_lane = 0;
  double backward_lane = 0;
  double exchange_lane = 0;
  double alive = 0; ///< bytes
  double peak = 0;
  double peak_at = 0;
  std::uint32_t saved = 0; ///< chunks of micro-batches
  std::uint32_t saved_at_peak = 0;
};

/// The observer of a run that keeps nothing.
struct NoObserver {
  void task(const Task &, double, double) {}
  void forward_message(const Task &, double, double) {}
  void backward_message(const Task &, double, double) {}
  void gather(const Task &, double, double) {}
  void scatter(const Task &, double, double) {}
  void memory(std::uint32_t, double, double) {}
};

/// Runs the tasks of every stage in the stage's order, each as soon as the stage is free and the
/// message that it needs is there. As the orders are fixed, stages need no common clock: a stage
/// runs until it must wait, and goes on when the message arrives. Every task costs a constant.
template <class Order, class Observer> class ScheduleEngine {
public:
  ScheduleEngine(const Passes &passes, double exposed_message, Order &order, Observer &observer)
      : passes_(passes.passes), micro_batches_(passes.micro_batches), exposed_(exposed_message),
        order_(order), observer_(observer), stages_(passes.stages), next_(passes.stages),
        waiting_(passes.stages, 0), is_ready_(passes.stages, 1),
        forward_at_(passes.passes.size() * passes.micro_batches, not_yet),
        backward_at_(passes.passes.size() * passes.micro_batches, not_yet),
        last_backward_(passes.passes.size()),
        backwards_left_(passes.passes.size(), micro_batches_) {
    for (std::size_t pass = 0; pass < passes_.size(); ++pass)
      if (passes_[pass].first)
        std::fill_n(forward_at_.begin() + static_cast<std::ptrdiff_t>(pass * micro_batches_),
                    micro_batches_, 0.0);
  }

  /// False if stages wait for each other for ever.
  bool run() {
    for (std::uint32_t stage = 0; stage < stages_.size(); ++stage)
      ready_.push_back(static_cast<std::uint32_t>(stages_.size()) - 1 - stage);
    for (std::size_t stage = 0; stage < stages_.size(); ++stage)
      waiting_[stage] = order_.next(static_cast<std::uint32_t>(stage), next_[stage]) ? 1 : 0;
    while (!ready_.empty()) {
      const std::uint32_t stage = ready_.back();
      ready_.pop_back();
      is_ready_[stage] = 0;
      advance(stage);
    }
    return std::none_of(waiting_.begin(), waiting_.end(), [](char still) { return still != 0; });
  }

  [[nodiscard]] const std::vector<StageState> &stages() const { return stages_; }
  /// The last backward task of each pass.
  [[nodiscard]] const std::vector<Span> &last_backward() const { return last_backward_; }
  [[nodiscard]] std::size_t tasks() const { return tasks_; }

private:
  static constexpr double not_yet = -1;

  [[nodiscard]] std::size_t slot(std::size_t pass, std::uint32_t micro_batch) const {
    return pass * micro_batches_ + micro_batch;
  }

  /// When what the task needs is there, or not_yet.
  [[nodiscard]] double input_at(const Task &task) const {
    if (task.kind == TaskKind::forward)
      return forward_at_[slot(task.pass, task.micro_batch)];
    if (task.kind == TaskKind::weight_gradient)
      return 0;
    return backward_at_[slot(task.pass, task.micro_batch)];
  }

  /// Computes until the stage must wait for a message.
  void advance(std::uint32_t stage) {
    while (waiting_[stage] != 0) {
      const Task task = next_[stage];
      if (task.with_next) {
        if (!run_pair(stage, task))
          return;
      } else {
        const double input = input_at(task);
        if (input == not_yet)
          return;
        run_alone(stages_[stage], task, input);
      }
      waiting_[stage] = order_.next(stage, next_[stage]) ? 1 : 0;
    }
  }

  /// A forward and a backward task as one. False if one of them must wait.
  bool run_pair(std::uint32_t stage, const Task &first) {
    partners_.resize(stages_.size());
    Partner &partner = partners_[stage];
    if (!partner.known)
      partner.known = order_.next(stage, partner.task);
    const Task second = partner.task;
    const double first_input = input_at(first);
    const double second_input = input_at(second);
    if (first_input == not_yet || second_input == not_yet)
      return false;
    partner.known = false;
    StageState &state = stages_[stage];
    const Pass &forward = passes_[first.pass];
    const Pass &backward = passes_[second.pass];
    const double start = begin(state, std::max(first_input, second_input));
    const double end = start + forward.forward + backward.backward();
    begin_forward(state, first, start);
    begin_backward(state, second, start);
    end_forward(state, first, start, end);
    end_backward(state, second, start, end);
    state.forward += forward.forward;
    state.input_gradient += backward.input_gradient;
    state.weight_gradient += backward.weight_gradient;
    return true;
  }

  void run_alone(StageState &state, const Task &task, double input) {
    const Pass &pass = passes_[task.pass];
    if (pass.gather > 0 && task.kind != TaskKind::weight_gradient) {
      // Weights are fetched while the task before runs.
      const double from = std::max(state.exchange_lane, state.started_at);
      state.exchange_lane = from + pass.gather;
      input = std::max(input, state.exchange_lane);
      observer_.gather(task, from, state.exchange_lane);
      ++tasks_;
    }
    const double start = begin(state, input);
    switch (task.kind) {
    case TaskKind::forward:
      state.forward += pass.forward;
      begin_forward(state, task, start);
      end_forward(state, task, start, start + pass.forward);
      break;
    case TaskKind::backward:
      state.weight_gradient += pass.weight_gradient;
      state.input_gradient += pass.input_gradient;
      begin_backward(state, task, start);
      end_backward(state, task, start, start + pass.backward());
      break;
    case TaskKind::input_gradient:
      state.input_gradient += pass.input_gradient;
      begin_backward(state, task, start);
      end_backward(state, task, start, start + pass.input_gradient);
      break;
    case TaskKind::weight_gradient:
      state.weight_gradient += pass.weight_gradient;
      end_weights(state, task, start, start + pass.weight_gradient);
      break;
    }
  }

  static double begin(StageState &state, double input) {
    const double start = std::max(state.free_at, input);
    if (state.first_start < 0)
      state.first_start = start;
    state.started_at = start;
    return start;
  }

  void hold(StageState &state, const Pass &pass, double bytes, double beside, double at) {
    state.alive += bytes;
    if (state.alive + beside > state.peak) {
      state.peak = state.alive + beside;
      state.peak_at = at;
      state.saved_at_peak = state.saved;
    }
    observer_.memory(pass.stage, at, state.alive + beside);
  }

  void drop(StageState &state, const Pass &pass, double bytes, double at) {
    state.alive -= bytes;
    observer_.memory(pass.stage, at, state.alive);
  }

  void begin_forward(StageState &state, const Task &task, double start) {
    ++state.saved;
    hold(state, passes_[task.pass], passes_[task.pass].saved, 0, start);
  }

  void begin_backward(StageState &state, const Task &task, double start) {
    hold(state, passes_[task.pass], 0, passes_[task.pass].transient, start);
  }

  void compute(StageState &state, const Task &task, double start, double end) {
    state.free_at = state.compute_end = end;
    observer_.task(task, start, end);
    ++tasks_;
  }

  /// The sender computes nothing for a share of the message.
  double send(StageState &state, double &lane, double message, double end) {
    const double from = std::max(lane, end);
    lane = from + message;
    const double until = std::max(state.free_at, end + exposed_ * message);
    state.message += until - state.free_at;
    state.free_at = until;
    ++tasks_;
    return from;
  }

  void end_forward(StageState &state, const Task &task, double start, double end) {
    const Pass &pass = passes_[task.pass];
    compute(state, task, start, end);
    if (pass.last) {
      backward_at_[slot(task.pass, task.micro_batch)] = end;
      return;
    }
    double arrival = end;
    if (pass.forward_message > 0) {
      const double from = send(state, state.forward_lane, pass.forward_message, end);
      arrival = state.forward_lane;
      observer_.forward_message(task, from, arrival);
    }
    forward_at_[slot(task.pass + 1U, task.micro_batch)] = arrival;
    wake(passes_[task.pass + 1U].stage, pass.stage);
  }

  void end_backward(StageState &state, const Task &task, double start, double end) {
    const Pass &pass = passes_[task.pass];
    compute(state, task, start, end);
    --state.saved;
    const bool split = task.kind == TaskKind::input_gradient;
    drop(state, pass, split ? pass.saved - pass.saved_for_weights : pass.saved, end);
    if (!split)
      end_gradients(state, task, start, end);
    if (pass.first)
      return;
    double arrival = end;
    if (pass.backward_message > 0) {
      const double from = send(state, state.backward_lane, pass.backward_message, end);
      arrival = state.backward_lane;
      observer_.backward_message(task, from, arrival);
    }
    backward_at_[slot(task.pass - 1U, task.micro_batch)] = arrival;
    wake(passes_[task.pass - 1U].stage, pass.stage);
  }

  void end_weights(StageState &state, const Task &task, double start, double end) {
    const Pass &pass = passes_[task.pass];
    compute(state, task, start, end);
    drop(state, pass, pass.saved_for_weights, end);
    end_gradients(state, task, start, end);
  }

  void end_gradients(StageState &state, const Task &task, double start, double end) {
    const Pass &pass = passes_[task.pass];
    if (pass.scatter > 0) {
      const double from = std::max(state.exchange_lane, end);
      state.exchange_lane = from + pass.scatter;
      observer_.scatter(task, from, state.exchange_lane);
      ++tasks_;
    }
    if (--backwards_left_[task.pass] == 0)
      last_backward_[task.pass] = {start, end};
  }

  void wake(std::uint32_t stage, std::uint32_t by) {
    if (stage == by || is_ready_[stage] != 0)
      return;
    is_ready_[stage] = 1;
    ready_.push_back(stage);
  }

  struct Partner {
    Task task;
    bool known = false;
  };

  const std::vector<Pass> &passes_;
  std::uint32_t micro_batches_;
  double exposed_;
  Order &order_;
  Observer &observer_;
  std::vector<StageState> stages_;
  std::vector<Task> next_;
  std::vector<char> waiting_;       ///< stages that have a next task
  std::vector<char> is_ready_;      ///< stages in ready_
  std::vector<double> forward_at_;  ///< by pass, then micro-batch: when its input is there
  std::vector<double> backward_at_; ///< the same of its gradient
  std::vector<Span> last_backward_;
  std::vector<std::uint32_t> backwards_left_;
  std::vector<std::uint32_t> ready_; ///< stages to look at, each once
  std::vector<Partner> partners_;
  std::size_t tasks_ = 0;
};

} // namespace flopcast
