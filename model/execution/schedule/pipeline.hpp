// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hardware/device.hpp"
#include "hardware/units/quantity.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace flopcast {

/// The order in which the stages of a pipeline work on micro-batches.
enum class PipelineSchedule {
  gpipe,       ///< all forwards, then all backwards: Huang et al. 2019
  one_f_one_b, ///< Narayanan et al. 2021, section 2.2.1
  interleaved, ///< 1F1B over chunks: Narayanan et al. 2021, section 2.2.2
  zb_h1,       ///< weight gradients apart, memory of 1F1B: Qi et al. 2023, section 2.3
  zb_h2,       ///< the same with twice the memory: Qi et al. 2023, section 2.3
  zb_v,        ///< two chunks in a V, memory of 1F1B: Qi et al. 2024 (controllable memory)
  dual_pipe,   ///< from both ends, two copies of the weights: DeepSeek-AI 2024, section 3.2.1
};

[[nodiscard]] std::span<const Spelled<PipelineSchedule>> pipeline_schedule_names();
[[nodiscard]] std::string_view to_text(PipelineSchedule schedule);

/// Whether it is 1F1B, plain or interleaved: a forward pass and a backward one in turn.
[[nodiscard]] bool alternates(PipelineSchedule schedule);

/// Whether weight gradients are tasks of their own.
[[nodiscard]] bool splits_backward(PipelineSchedule schedule);

/// What one micro-batch costs one chunk of layers. Recomputation is part of the backward pass,
/// embedding and head part of the first and the last chunk.
struct ChunkWork {
  Seconds forward;
  Seconds input_gradient;
  Seconds weight_gradient;
  Bytes saved;             ///< from the start of forward to the end of the backward pass
  Bytes saved_for_weights; ///< of it, what stays between input and weight gradient
  Bytes transient;         ///< beside it, only while a backward task runs (what is recomputed)

  bool operator==(const ChunkWork &) const = default;
};

/// A message between two neighbouring chunks, each way.
struct MessageTime {
  Seconds forward;  ///< activations
  Seconds backward; ///< their gradients

  bool operator==(const MessageTime &) const = default;
};

/// Data-parallel communication of a chunk and what follows it, on a lane beside computation.
struct ExchangeWork {
  Seconds gather;    ///< of weights, before each forward and backward task; fetched one task ahead
  Seconds scatter;   ///< of gradients, after each backward task
  Seconds gradients; ///< once a step, after the chunk's last backward task
  Seconds optimizer; ///< after the exchange of all of the stage's chunks
  /// Parts that `gradients` is sent in. They become ready one after the other during the chunk's
  /// last backward task; 0: nothing is sent before the stage has computed everything.
  std::int64_t buckets = 0;

  bool operator==(const ExchangeWork &) const = default;
};

/// All that one step of a pipeline depends on.
/// `work` is in the order of the model: chunk k is followed by chunk k + 1, the first has the
/// embedding, the last has the head. Where chunk k lies is the schedule's affair: see stage_of().
struct PipelineWork {
  PipelineSchedule schedule = PipelineSchedule::one_f_one_b;
  std::int64_t stages = 1;
  std::int64_t chunks = 1; ///< of a stage; 2 for zb_v; 1 for all others but interleaved
  std::int64_t micro_batches = 1;
  std::vector<ChunkWork> work; ///< stages × chunks

  /// Between chunks k and k + 1, or one for all. Chunks on the same stage exchange nothing.
  std::vector<MessageTime> messages;
  /// Share of a message for which its sender computes nothing: 0 where sends overlap, 1 where they
  /// block.
  double exposed_message = 0;

  std::vector<ExchangeWork> exchange; ///< stages × chunks as `work`, or empty
  /// The optimizer waits for the gradients of every stage (their norm is taken over all). Without,
  /// a stage begins its next step when it has ended its own part of this one: Qi et al. 2023,
  /// section 4.
  bool stages_end_together = true;

  [[nodiscard]] std::int64_t virtual_stages() const { return stages * chunks; }
};

/// The stage that holds chunk k: k mod p, or p - 1 - (k mod p) on the way back of a V. DualPipe
/// holds chunk k a second time on stage p - 1 - k, for the micro-batches that run the other way.
[[nodiscard]] std::int64_t stage_of(PipelineSchedule schedule, std::int64_t stages,
                                    std::int64_t chunk);

/// Why a schedule cannot run so, and what to change.
struct ScheduleProblem {
  std::string text;
  std::string remedy;
};

/// None has more than 65,535 chunks. DualPipe needs an even number of stages and an even number of
/// at least 2p micro-batches, ZB-V two chunks a stage, all but interleaved and ZB-V one.
[[nodiscard]] std::optional<ScheduleProblem> schedule_problem(PipelineSchedule schedule,
                                                              std::int64_t stages,
                                                              std::int64_t chunks,
                                                              std::int64_t micro_batches);

/// What one stage does and holds in a step.
struct StageOutcome {
  Seconds forward;
  Seconds input_gradient;
  Seconds weight_gradient;
  Seconds message;  ///< exposed: the stage sends and computes nothing
  Seconds exchange; ///< exposed: after the last computation, until the last exchange is done
  Seconds optimizer;
  Seconds idle; ///< the bubble: all other time of the step

  Bytes peak;           ///< of saved activations
  Seconds peak_at;      ///< since the step began
  double in_flight = 0; ///< micro-batches saved then, a chunk counted as its share of the stage
};

struct ScheduleOutcome {
  Seconds makespan; ///< from the first stage's start to the last one's end
  Seconds step;     ///< between the starts of two steps; less where stages do not end together
  std::vector<StageOutcome> stages;
  std::size_t tasks = 0; ///< simulated: passes, messages, exchanges
};

/// Runs the step's tasks in the schedule's order. The work must have no schedule_problem().
/// Sends do not wait for their receivers. Time and memory are linear in the tasks.
[[nodiscard]] ScheduleOutcome simulated_schedule(const PipelineWork &work);

} // namespace flopcast
