// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hardware/input/table_reader.hpp"
#include "hardware/units/quantity.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace flopcast {

/// What ranks do together. The data of each is the whole tensor: what every rank ends up with
/// (all-reduce, all-gather, broadcast), begins with (reduce-scatter), sends out in equal parts to
/// all, itself included (all-to-all), or the message (point to point).
enum class Collective {
  all_reduce,
  all_gather,
  reduce_scatter,
  all_to_all,
  broadcast,
  point_to_point
};

inline constexpr std::size_t collective_count = 6;

/// In the order of Collective.
[[nodiscard]] std::span<const Spelled<Collective>> collective_names();
[[nodiscard]] std::string_view to_text(Collective collective);

/// Why one kind of collective is slower than its bytes over the link's bandwidth.
/// Two protocols: simple (start, step, efficiency, fill) and low latency, which flags every few
/// bytes: sooner there, at a fraction of the bandwidth. The faster one counts, as in NCCL.
struct CollectiveModel {
  double efficiency = 1; ///< of the bandwidth, for endless messages
  Seconds start = {};    ///< launch of the kernel until its first bytes move
  Seconds step = {}; ///< each hand-over from rank to rank; a ring has n-1, all-reduce twice that
  /// Share of a rank's own part (1/n of the data) that costs as if it crossed the link: the copy
  /// inside the device. 0 to 1.
  double local_copy = 0;
  /// Transfers that take this long at full efficiency reach half of it: chunks that fill the
  /// pipeline. A transfer of time t takes t × (1 + (fill / t)^fill_exponent).
  Seconds fill = {};
  double fill_exponent = 1; ///< 0 to 1; 1: `fill` is paid once, 1/2: as for an ideal pipeline

  /// Between domains: g GPUs of one reach g^nic_sharing times the network bandwidth of a single
  /// one. 1: each has its own NIC, or its share of them, whatever the others do. Measured with the
  /// GPUs beside the group idle.
  double nic_sharing = 1;

  double low_latency_efficiency = 0; ///< of the bandwidth; 0: there is no such protocol
  Seconds low_latency_start = {};
  Seconds low_latency_step = {};

  /// Reduction in the switch (NVLS, SHARP): each rank sends and receives the data once, however
  /// many there are. 0: there is none.
  double in_switch_efficiency = 0;
  Seconds in_switch_start = {};
  Seconds in_switch_fill = {};

  std::int64_t samples = 0;    ///< that it was fitted to; 0: taken from another kind, or assumed
  Bytes measured_from = {};    ///< smallest data of the samples
  Bytes measured_to = {};      ///< largest data of the samples
  std::int64_t most_ranks = 0; ///< of the samples

  bool operator==(const CollectiveModel &) const = default;
};

/// How a library chooses between the two protocols of a ring where it does not take the faster one
/// but the one that its own table of latencies and bandwidths says is faster. Low latency below the
/// message at which both are told to take as long.
struct ProtocolChoice {
  Seconds start;         ///< by which the simple one is told to start later
  Seconds step;          ///< by which it is told to be later at each hand-over
  Bandwidth low_latency; ///< that the ring is told to have
  Bandwidth simple;

  bool operator==(const ProtocolChoice &) const = default;
};

/// How fast collectives are on one kind of link: inside a scale-up domain or between domains.
struct LinkModel {
  std::array<CollectiveModel, collective_count> collectives; ///< in the order of Collective

  /// Share of the link's latency on the datasheet that is paid besides start and steps: once inside
  /// a domain, once a level of a binary tree between domains. 1 where nothing was measured, else 0.
  double datasheet_latency = 0;

  /// Share of a GPU's links that lead to the ranks of a group of 2, 3, … in the domain, where GPUs
  /// are wired to each other without a switch; the last counts for more. Empty: all links, always.
  std::vector<double> link_share;

  /// Inside a domain, of all-reduce, all-gather and reduce-scatter: absent where the faster
  /// protocol counts.
  std::optional<ProtocolChoice> choice;

  /// Between domains: bandwidth of a tree against a ring's. 0: rings alone.
  double tree_efficiency = 0;
  /// Between domains: whether software splits the collective into one inside each domain and one
  /// between them (hierarchical frameworks; NCCL itself does not).
  bool hierarchical = false;

  /// What k collectives at once on the same links cost: each takes as long as alone with
  /// 1 + contention × (k-1) times the data. 1: they share fairly. Assumed: no table measures it.
  double contention = 1;
  /// Multiprocessors that a collective takes from computation at the same time. Assumed: NCCL runs
  /// at most 24 to 32 blocks of the 108 to 148 multiprocessors of an A100 to B200, mostly 16.
  double multiprocessor_share = 0.15;

  [[nodiscard]] const CollectiveModel &of(Collective collective) const {
    return collectives[static_cast<std::size_t>(collective)];
  }
  [[nodiscard]] CollectiveModel &of(Collective collective) {
    return collectives[static_cast<std::size_t>(collective)];
  }
  bool operator==(const LinkModel &) const = default;
};

/// What a datasheet tells: a ring at one share of the bandwidth, latencies of the datasheet.
[[nodiscard]] LinkModel default_link_model(double bandwidth_efficiency);

/// Share of the data that a ring over `ranks` moves over each link, all-reduce both times round.
/// `local_copy` as in CollectiveModel.
[[nodiscard]] double ring_share(Collective collective, double ranks, double local_copy);

/// Hand-overs one after the other when a ring has `ranks` members.
[[nodiscard]] double ring_steps(Collective collective, double ranks);

/// Share of a GPU's links that a group of `ranks` in one domain can use.
[[nodiscard]] double usable_links(const LinkModel &model, std::int64_t ranks);

/// A transfer that takes `transfer` at full efficiency, with the time to fill the pipeline.
[[nodiscard]] Seconds filled_transfer(Seconds transfer, Seconds fill, double exponent);

/// Data from which the library takes the simple protocol.
[[nodiscard]] Bytes simple_protocol_from(const ProtocolChoice &choice, Collective collective,
                                         std::int64_t ranks);

/// The faster of two protocols, smooth where they are equal: at most 8 % less than both.
[[nodiscard]] Seconds faster_protocol(Seconds a, Seconds b);

/// Time of a collective among `ranks` GPUs of one scale-up domain, the fastest of ring and switch.
/// `bandwidth` and `latency` are the datasheet's, per GPU and direction.
/// Never falls when data grow, nor when ranks grow unless their links grow (link_share) or the
/// library changes its protocol (choice): 2 MiB are gathered by 8 A100s sooner than by 4.
[[nodiscard]] Seconds domain_collective_time(const LinkModel &model, Collective collective,
                                             Bytes data, std::int64_t ranks, Bandwidth bandwidth,
                                             Seconds latency);

/// By how much longer computation takes while a collective runs beside it.
[[nodiscard]] double compute_slowdown(const LinkModel &model);

} // namespace flopcast
