// SPDX-License-Identifier: Apache-2.0
#include "model/execution/schedule/closed_form.hpp"

#include <algorithm>
#include <cstddef>
#include <limits>
#include <vector>

namespace flopcast {
namespace {

using namespace units;

double in_seconds(Seconds time) { return time.in(second); }

double backward_of(const ChunkWork &work) {
  return in_seconds(work.input_gradient + work.weight_gradient);
}

/// After chunk k, in seconds.
struct Message {
  double forward = 0;
  double backward = 0;
};

Message message_after(const PipelineWork &work, std::size_t chunk) {
  if (work.messages.empty() || work.stages == 1)
    return {};
  const MessageTime &time = work.messages.size() == 1 ? work.messages[0] : work.messages[chunk];
  return {in_seconds(time.forward), in_seconds(time.backward)};
}

ScheduleTime same(double time) { return {time * second, time * second}; }

/// Two flow shops of m equal jobs, one after the other: each job visits every stage and every link,
/// and the slowest of them is paid m times.
ScheduleTime gpipe_time(const PipelineWork &work) {
  double all = 0;
  double slowest_forward = 0;
  double slowest_backward = 0;
  for (std::size_t k = 0; k < work.work.size(); ++k) {
    const bool last = k + 1 == work.work.size();
    const Message after = last ? Message{} : message_after(work, k);
    const Message before = k == 0 ? Message{} : message_after(work, k - 1);
    const double forward = in_seconds(work.work[k].forward);
    const double backward = backward_of(work.work[k]);
    all += forward + backward + after.forward + after.backward;
    slowest_forward =
        std::max({slowest_forward, forward + work.exposed_message * after.forward, after.forward});
    slowest_backward = std::max(
        {slowest_backward, backward + work.exposed_message * before.backward, before.backward});
  }
  return same(all +
              static_cast<double>(work.micro_batches - 1) * (slowest_forward + slowest_backward));
}

/// The longest path through 1F1B. The first micro-batch goes down all stages and back up; the rest
/// come by in loops: at stage s up turns to down, at stage e down turns to up, because that is the
/// order of tasks there, and the path has gone on by n = e - s + 1 micro-batches. A loop from stage
/// s needs p - s micro-batches that are still to come.
class Loops {
public:
  explicit Loops(const PipelineWork &work) : work_(work), stages_(work.work.size()) {}

  [[nodiscard]] double time(std::int64_t micro_batches) {
    longest_.assign(stages_ + 1, 0);
    for (std::size_t s = stages_; s-- > 0;)
      add_loops_from(s);
    const double round_trip = longest_[stages_];
    const auto left = static_cast<std::size_t>(micro_batches - 1);
    // Many micro-batches take the loop that is longest for its n; the last ones what is left.
    if (left <= 2 * stages_)
      return round_trip + time_of_last(left);
    const std::size_t best = best_loop();
    const std::size_t rounds = (left - stages_) / best;
    return round_trip + static_cast<double>(rounds) * longest_[best] +
           time_of_last(left - rounds * best);
  }

private:
  void add_loops_from(std::size_t s) {
    const double x = work_.exposed_message;
    double length = s == 0 ? 0 : x * message_after(work_, s - 1).backward;
    for (std::size_t e = s; e < stages_; ++e) {
      const Message after = e + 1 == stages_ ? Message{} : message_after(work_, e);
      length += in_seconds(work_.work[e].forward) + backward_of(work_.work[e]);
      double &longest = longest_[e - s + 1];
      longest = std::max(longest, length + x * after.forward);
      length += after.forward + after.backward;
    }
  }

  [[nodiscard]] std::size_t best_loop() const {
    std::size_t best = 1;
    for (std::size_t n = 2; n <= stages_; ++n)
      if (longest_[n] * static_cast<double>(best) >= longest_[best] * static_cast<double>(n))
        best = n;
    return best;
  }

  /// Of the last `count` micro-batches.
  double time_of_last(std::size_t count) {
    longest_.assign(stages_ + 1, 0);
    std::vector<double> time(count + 1, 0);
    for (std::size_t left = 1; left <= count; ++left) {
      if (left <= stages_)
        add_loops_from(stages_ - left);
      for (std::size_t n = 1; n <= std::min(left, stages_); ++n)
        time[left] = std::max(time[left], time[left - n] + longest_[n]);
    }
    return time[count];
  }

  const PipelineWork &work_;
  std::size_t stages_;
  std::vector<double> longest_; ///< loop for each n
};

bool nearly_even_stages(const PipelineWork &work) {
  double least = std::numeric_limits<double>::infinity();
  double most = 0;
  for (std::size_t k = 0; k < work.work.size(); ++k) {
    const double forward = in_seconds(work.work[k].forward);
    const double backward = backward_of(work.work[k]);
    if (k + 1 < work.work.size()) {
      const Message after = message_after(work, k);
      if (after.forward > forward || after.backward > backward)
        return false;
    }
    least = std::min(least, forward + backward);
    most = std::max(most, forward + backward);
  }
  return most <= 2 * least;
}

/// One chunk's times where all chunks and messages are equal.
struct EqualChunks {
  double forward = 0;
  double input_gradient = 0;
  double weight_gradient = 0;
  Message message;
};

std::optional<EqualChunks> equal_chunks(const PipelineWork &work) {
  const ChunkWork &first = work.work.front();
  for (const ChunkWork &chunk : work.work)
    if (chunk != first)
      return std::nullopt;
  for (const MessageTime &message : work.messages)
    if (message != work.messages.front())
      return std::nullopt;
  return EqualChunks{in_seconds(first.forward), in_seconds(first.input_gradient),
                     in_seconds(first.weight_gradient), message_after(work, 0)};
}

/// What sends that block add between the first and the last micro-batch of interleaved 1F1B. The
/// last stage sends gradients in each of `turns` steps, activations only from chunks that are not
/// its last; an inner stage sends both in each step, but the path over it is shorter by about half
/// a step.
double blocked_time(const PipelineWork &work, const Message &message, double turns, double task) {
  const auto p = static_cast<double>(work.stages);
  const auto v = static_cast<double>(work.chunks);
  const auto m = static_cast<double>(work.micro_batches);
  const double not_last = (m - p) * (v - 1);
  const double over_last = turns * message.backward + not_last * message.forward;
  const double over_inner =
      turns * message.forward + (work.stages > 2 ? turns : not_last) * message.backward;
  const double x = work.exposed_message;
  return std::max(x * over_last, x * over_inner - task / 2);
}

/// The first micro-batch's forward through all chunks and the last one's backward pay their
/// messages; between them neighbouring stages are two steps apart, which hides a message.
std::optional<ScheduleTime> interleaved_time(const PipelineWork &work) {
  const auto equal = equal_chunks(work);
  if (!equal || (work.stages > 1 && work.micro_batches % work.stages != 0))
    return std::nullopt;
  const Message &message = equal->message;
  const double backward = equal->input_gradient + equal->weight_gradient;
  if (message.forward > std::min(equal->forward, backward) ||
      message.backward > std::min(equal->forward, backward))
    return std::nullopt;
  const auto p = static_cast<double>(work.stages);
  const auto v = static_cast<double>(work.chunks);
  const auto m = static_cast<double>(work.micro_batches);
  const double task = equal->forward + backward;
  const double both = message.forward + message.backward;
  if (constexpr double small_part = 0.08; work.exposed_message * both > small_part * task)
    return std::nullopt;
  return same((m * v + p - 1) * task + (v * p - 1) * both +
              blocked_time(work, message, (m - p) * v + p - 1, task));
}

/// The published bubbles, which assume that a stage's three tasks fill each other's gaps exactly:
/// that they are equal. Off by more than 1 % where they differ by more than a few percent.
std::optional<ScheduleTime> split_backward_time(const PipelineWork &work) {
  const auto equal = equal_chunks(work);
  if (!equal || work.micro_batches < 2 * work.stages)
    return std::nullopt;
  // Without a common end the order of ZB-H1 is another, and has no published bubble.
  if (work.schedule == PipelineSchedule::zb_h1 && !work.stages_end_together)
    return std::nullopt;
  constexpr double even = 0.02;
  constexpr double brief = 0.002;
  const double forward = equal->forward;
  const double input = equal->input_gradient;
  const double weights = equal->weight_gradient;
  if (std::max({forward, input, weights}) > (1 + even) * std::min({forward, input, weights}) ||
      std::max(equal->message.forward, equal->message.backward) > brief * forward)
    return std::nullopt;
  const auto p = static_cast<double>(work.stages);
  const double busy =
      static_cast<double>(work.micro_batches * work.chunks) * (forward + input + weights);
  // The last stage of a ZB-H2 or ZB-V pipeline begins and ends that much later than the first.
  const double later = (p - 1) * forward;
  const auto bubble = [&](double step, double makespan) {
    const double taken = work.stages_end_together ? makespan : step;
    return ScheduleTime{(busy + makespan) * second, (busy + taken) * second};
  };
  switch (work.schedule) {
  case PipelineSchedule::zb_h1:
    return same(busy + (p - 1) * (forward + input - weights));
  case PipelineSchedule::zb_h2:
    return bubble((p - 1) * std::max(0.0, forward + input - 2 * weights), later);
  case PipelineSchedule::zb_v:
    return bubble(0, later);
  default: // DualPipe: (p/2 - 1)(F&B + B - 3W), B both gradients, F&B a pair
    return same(busy + (p / 2 - 1) * (forward + 2 * (input + weights) - 3 * weights));
  }
}

} // namespace

std::optional<ScheduleTime> closed_form_time(const PipelineWork &work) {
  if (!work.exchange.empty())
    return std::nullopt;
  switch (work.schedule) {
  case PipelineSchedule::gpipe:
    return gpipe_time(work);
  case PipelineSchedule::interleaved:
    if (work.chunks > 1)
      return interleaved_time(work);
    [[fallthrough]];
  case PipelineSchedule::one_f_one_b:
    if (!nearly_even_stages(work))
      return std::nullopt;
    return same(Loops(work).time(work.micro_batches));
  case PipelineSchedule::zb_h1:
  case PipelineSchedule::zb_h2:
  case PipelineSchedule::zb_v:
  case PipelineSchedule::dual_pipe:
    break;
  }
  return split_backward_time(work);
}

ScheduleTime schedule_time(const PipelineWork &work) {
  if (const auto time = closed_form_time(work))
    return *time;
  const auto simulated = [](const PipelineWork &of) {
    const ScheduleOutcome outcome = simulated_schedule(of);
    return ScheduleTime{outcome.makespan, outcome.step};
  };
  // After a few rounds of p micro-batches each further round takes as long as the one before.
  // Groups of interleaved 1F1B that p does not divide follow no such rule.
  constexpr std::int64_t settled = 8;
  const bool regular =
      work.schedule != PipelineSchedule::interleaved || work.micro_batches % work.stages == 0;
  if (!regular || work.micro_batches < (settled + 2) * work.stages)
    return simulated(work);
  PipelineWork less = work;
  less.micro_batches = settled * work.stages + work.micro_batches % (2 * work.stages);
  const ScheduleTime early = simulated(less);
  const double rounds = static_cast<double>(work.micro_batches - less.micro_batches) /
                        static_cast<double>(2 * work.stages);
  less.micro_batches += 2 * work.stages;
  const ScheduleTime late = simulated(less);
  return {early.makespan + rounds * (late.makespan - early.makespan),
          early.step + rounds * (late.step - early.step)};
}

InFlight micro_batches_in_flight(PipelineSchedule schedule, std::int64_t stages,
                                 std::int64_t chunks, std::int64_t micro_batches,
                                 std::int64_t stage) {
  const auto m = static_cast<double>(micro_batches);
  const auto p = static_cast<double>(stages);
  const auto v = static_cast<double>(chunks);
  const auto behind = static_cast<double>(stages - 1 - stage);
  const auto before = static_cast<double>(stage);
  switch (schedule) {
  case PipelineSchedule::gpipe:
    return {m, 0};
  case PipelineSchedule::one_f_one_b:
    return {std::min(m, behind + 1), 0};
  case PipelineSchedule::interleaved:
    if (chunks == 1)
      return {std::min(m, behind + 1), 0};
    return {std::min(m, (2 * behind + (v - 1) * p + 1) / v), 0};
  case PipelineSchedule::zb_h1: {
    const double saved = std::min(m, behind + 1);
    return {saved, std::min(m - saved, before)};
  }
  case PipelineSchedule::zb_h2: {
    const double saved = std::min(m, 2 * behind + 1);
    return {saved, std::min(m - saved, 2 * before)};
  }
  case PipelineSchedule::zb_v:
    return {std::min(m, p), 0};
  case PipelineSchedule::dual_pipe:
    return {p + 1, 0};
  }
  return {};
}

} // namespace flopcast
