// SPDX-License-Identifier: Apache-2.0
#include "hardware/efficiency/link_fit.hpp"

#include "hardware/collectives.hpp"
#include "hardware/efficiency/robust_fit.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <set>
#include <tuple>

namespace flopcast {
namespace {

// Log errors above this are treated as outliers. Runs of the same table differ by 1 to 5 %; steps
// where NCCL changes its protocol too late, by 20 to 50 %, must not bend the curve.
constexpr double outlier = 0.05;
// Latency-bound times matter less and follow NCCL's tables of protocols, not a law.
constexpr double small_data_weight = 0.3;
constexpr auto small_data = 1.0 * units::mebibyte;
// Of each kind, group and octave: more samples only cost time.
constexpr std::size_t samples_per_octave = 40;
// Pull of a parameter to its usual value, in log error for each natural unit: decides where no
// sample does, and moves a parameter that 10 samples tell by less than a hundredth.
constexpr double pull = 0.02;
// NCCL's model of itself (tuning.cc, 2.18): busBw *= 0.92 for a tree in the simple protocol.
constexpr double nccl_tree_efficiency = 0.92;

double logistic(double x) { return 1 / (1 + std::exp(-x)); }
double logit(double p) { return std::log(p / (1 - p)); }

int octave(Bytes data) {
  return static_cast<int>(std::floor(std::log2(std::max(1.0, data.in(units::byte)))));
}

double weight_of(const CollectiveSample &sample) {
  return sample.data < small_data ? small_data_weight : 1.0;
}

/// At most `samples_per_octave` for each kind, group and octave, evenly spread over the data.
std::vector<CollectiveSample> thinned(std::vector<CollectiveSample> samples) {
  const auto curve = [](const CollectiveSample &s) {
    return std::tuple(s.collective, s.ranks, s.ranks_per_node, octave(s.data));
  };
  std::ranges::sort(samples, {}, [&](const CollectiveSample &s) {
    return std::tuple(curve(s), s.data.in(units::byte), s.time.in(units::second));
  });
  std::vector<CollectiveSample> result;
  for (auto begin = samples.begin(); begin != samples.end();) {
    const auto end = std::find_if(
        begin, samples.end(), [&](const CollectiveSample &s) { return curve(s) != curve(*begin); });
    const auto count = static_cast<std::size_t>(end - begin);
    const std::size_t kept = std::min(count, samples_per_octave);
    for (std::size_t i = 0; i < kept; ++i)
      result.push_back(begin[static_cast<std::ptrdiff_t>(i * count / kept)]);
    begin = end;
  }
  return result;
}

/// Parameters of a CollectiveModel as unbounded numbers, with their usual values.
class Coordinates {
public:
  Coordinates(bool protocols, bool in_switch, bool nic_sharing, double usual_step_seconds)
      : protocols_(protocols), in_switch_(in_switch), nic_sharing_(nic_sharing) {
    usual_ = {std::log(10e-6), std::log(usual_step_seconds),
              logit(0.8),      logit(0.3),
              std::log(20e-6), logit(0.5)};
    if (protocols)
      usual_.insert(usual_.end(), {logit(0.5), logit(0.5), logit(0.3)});
    if (in_switch)
      usual_.insert(usual_.end(), {std::log(15e-6), logit(0.5), std::log(20e-6)});
    if (nic_sharing)
      usual_.push_back(logit(0.8));
  }

  [[nodiscard]] Eigen::VectorXd usual() const {
    return Eigen::Map<const Eigen::VectorXd>(usual_.data(),
                                             static_cast<Eigen::Index>(usual_.size()));
  }

  [[nodiscard]] CollectiveModel model(const Eigen::VectorXd &x) const {
    CollectiveModel m;
    m.start = std::exp(x[0]) * units::second;
    m.step = std::exp(x[1]) * units::second;
    m.efficiency = logistic(x[2]);
    m.local_copy = logistic(x[3]);
    m.fill = std::exp(x[4]) * units::second;
    // Below 0.2 a curve is still rising at any size: nothing could be said beyond what was
    // measured.
    m.fill_exponent = 0.2 + 0.8 * logistic(x[5]);
    Eigen::Index next = 6;
    if (protocols_) {
      m.low_latency_start = logistic(x[next]) * m.start;
      m.low_latency_step = logistic(x[next + 1]) * m.step;
      m.low_latency_efficiency = logistic(x[next + 2]) * m.efficiency;
      next += 3;
    }
    if (in_switch_) {
      m.in_switch_start = std::exp(x[next]) * units::second;
      m.in_switch_efficiency = logistic(x[next + 1]);
      m.in_switch_fill = std::exp(x[next + 2]) * units::second;
      next += 3;
    }
    if (nic_sharing_)
      m.nic_sharing = 0.5 + 0.5 * logistic(x[next]);
    return m;
  }

  /// Places to start from: the usual, a curve that saturates early, a late start of the simple
  /// protocol with the low-latency one before it.
  [[nodiscard]] std::vector<Eigen::VectorXd> starts() const {
    std::vector<Eigen::VectorXd> result(3, usual());
    result[1][4] = std::log(2e-6);
    result[1][5] = logit(0.9);
    result[2][0] = std::log(20e-6);
    result[2][4] = std::log(200e-6);
    result[2][5] = logit(0.2);
    return result;
  }

private:
  bool protocols_;
  bool in_switch_;
  bool nic_sharing_;
  std::vector<double> usual_;
};

using Predict = std::function<Seconds(const Eigen::VectorXd &, const CollectiveSample &)>;

Eigen::VectorXd best_fit(const std::vector<CollectiveSample> &samples,
                         const std::vector<Eigen::VectorXd> &starts, const Eigen::VectorXd &usual,
                         const Predict &predict) {
  const auto errors = [&](const Eigen::VectorXd &x) {
    const auto count = static_cast<Eigen::Index>(samples.size());
    Eigen::VectorXd result(count + x.size());
    for (Eigen::Index i = 0; i < count; ++i) {
      const CollectiveSample &s = samples[static_cast<std::size_t>(i)];
      result[i] = weight_of(s) * std::log(predict(x, s) / s.time);
    }
    result.tail(x.size()) = pull * (x - usual);
    return result;
  };
  RobustFit best;
  for (const Eigen::VectorXd &start : starts) {
    RobustFit candidate = fit_robustly(errors, start, outlier);
    if (best.parameters.size() == 0 || candidate.loss < best.loss)
      best = std::move(candidate);
  }
  return best.parameters;
}

void note_range(CollectiveModel &model, const std::vector<CollectiveSample> &samples) {
  model.samples = static_cast<std::int64_t>(samples.size());
  const auto [low, high] = std::ranges::minmax(samples, {}, &CollectiveSample::data);
  model.measured_from = low.data;
  model.measured_to = high.data;
  model.most_ranks = std::ranges::max(samples, {}, &CollectiveSample::ranks).ranks;
}

std::map<Collective, std::vector<CollectiveSample>>
by_kind(const std::vector<CollectiveSample> &samples, bool several_nodes) {
  std::map<Collective, std::vector<CollectiveSample>> result;
  for (const CollectiveSample &s : samples)
    if ((s.ranks > s.ranks_per_node) == several_nodes)
      result[s.collective].push_back(s);
  return result;
}

/// Kinds without samples do as the measured kind most like them.
void fill_in(LinkModel &model) {
  using enum Collective;
  constexpr std::array<std::array<Collective, 5>, collective_count> alike{{
      {reduce_scatter, all_gather, all_to_all, broadcast, point_to_point},  // all_reduce
      {reduce_scatter, all_reduce, all_to_all, broadcast, point_to_point},  // all_gather
      {all_gather, all_reduce, all_to_all, broadcast, point_to_point},      // reduce_scatter
      {all_gather, reduce_scatter, all_reduce, point_to_point, broadcast},  // all_to_all
      {all_gather, reduce_scatter, all_reduce, all_to_all, point_to_point}, // broadcast
      {all_gather, reduce_scatter, all_to_all, all_reduce, broadcast},      // point_to_point
  }};
  const LinkModel measured = model;
  for (std::size_t i = 0; i < collective_count; ++i) {
    if (measured.collectives[i].samples > 0)
      continue;
    const auto *found = std::ranges::find_if(
        alike[i], [&](Collective other) { return measured.of(other).samples > 0; });
    if (found == alike[i].end())
      continue;
    CollectiveModel &m = model.collectives[i];
    m = measured.of(*found);
    m.samples = 0;
    m.measured_from = m.measured_to = Bytes{};
    m.most_ranks = 0;
    // Only sums are formed in the switch.
    m.in_switch_efficiency = 0;
    m.in_switch_start = m.in_switch_fill = Seconds{};
  }
}

std::vector<std::int64_t> rank_counts(const std::vector<CollectiveSample> &samples) {
  std::set<std::int64_t> counts;
  for (const CollectiveSample &s : samples)
    counts.insert(s.ranks);
  return {counts.begin(), counts.end()};
}

/// Shares at the measured rank counts, straight lines between; that of the most ranks is 1.
std::vector<double> shares(const std::vector<std::int64_t> &counts, const Eigen::VectorXd &x,
                           Eigen::Index first) {
  const auto share_at = [&](std::size_t i) {
    return i + 1 == counts.size() ? 1.0 : std::exp(x[first + static_cast<Eigen::Index>(i)]);
  };
  std::vector<double> result;
  std::size_t at = 0;
  for (std::int64_t n = 2; n <= counts.back(); ++n) {
    while (counts[at] < n)
      ++at;
    if (counts[at] == n || at == 0) {
      result.push_back(share_at(at));
      continue;
    }
    const double part =
        static_cast<double>(n - counts[at - 1]) / static_cast<double>(counts[at] - counts[at - 1]);
    result.push_back((1 - part) * share_at(at - 1) + part * share_at(at));
  }
  return result;
}

/// Of the kind that was measured with the most rank counts.
std::vector<double> fitted_link_share(const std::vector<CollectiveSample> &given,
                                      const Coordinates &coordinates, const ScaleUpLinks &links) {
  const std::vector<std::int64_t> counts = rank_counts(given);
  const Eigen::VectorXd usual = coordinates.usual();
  const Eigen::Index own = usual.size();
  const auto extra = static_cast<Eigen::Index>(counts.size()) - 1;
  const auto extended = [&](const Eigen::VectorXd &x) {
    Eigen::VectorXd result = Eigen::VectorXd::Zero(own + extra);
    result.head(own) = x;
    return result;
  };
  std::vector<Eigen::VectorXd> starts = coordinates.starts();
  std::ranges::transform(starts, starts.begin(), extended);
  const Collective kind = given.front().collective;
  const Eigen::VectorXd best =
      best_fit(thinned(given), starts, extended(usual),
               [&](const Eigen::VectorXd &x, const CollectiveSample &s) {
                 LinkModel model;
                 model.link_share = shares(counts, x, own);
                 model.of(kind) = coordinates.model(x.head(own));
                 return domain_collective_time(model, kind, s.data, s.ranks, links.bandwidth, {});
               });
  return shares(counts, best, own);
}

} // namespace

LinkModel fit_scale_up(const std::vector<CollectiveSample> &samples, const ScaleUpLinks &links) {
  constexpr double usual_step = 1e-6; // NVLink hand-overs of NCCL: 0.6 to 2 us
  const auto kinds = by_kind(samples, false);
  LinkModel model;
  model.choice = links.choice;
  if (!links.switched) {
    const auto widest = std::ranges::max_element(
        kinds, {}, [](const auto &kind) { return rank_counts(kind.second).size(); });
    model.link_share =
        fitted_link_share(widest->second, Coordinates(true, false, false, usual_step), links);
  }
  for (const auto &[kind, given] : kinds) {
    const Collective collective = kind;
    const Coordinates coordinates(
        true, links.in_switch_reduction && collective == Collective::all_reduce, false, usual_step);
    LinkModel candidate = model;
    const Eigen::VectorXd best =
        best_fit(thinned(given), coordinates.starts(), coordinates.usual(),
                 [&](const Eigen::VectorXd &x, const CollectiveSample &s) {
                   candidate.of(collective) = coordinates.model(x);
                   return domain_collective_time(candidate, collective, s.data, s.ranks,
                                                 links.bandwidth, {});
                 });
    model.of(collective) = coordinates.model(best);
    note_range(model.of(collective), given);
  }
  fill_in(model);
  return model;
}

LinkModel fit_scale_out(const std::vector<CollectiveSample> &samples, const LinkModel &up,
                        const Node &node) {
  constexpr double usual_step = 5e-6; // from GPU to GPU through two NICs and a switch
  LinkModel model;
  model.tree_efficiency = nccl_tree_efficiency;
  for (const auto &[kind, given] : by_kind(samples, true)) {
    const Collective collective = kind;
    const auto [fewest, most] = std::ranges::minmax(given, {}, &CollectiveSample::ranks_per_node);
    const bool several = fewest.ranks_per_node < most.ranks_per_node;
    const Coordinates coordinates(false, false, several, usual_step);
    LinkModel candidate = model;
    const Eigen::VectorXd best = best_fit(thinned(given), coordinates.starts(), coordinates.usual(),
                                          [&](const Eigen::VectorXd &x, const CollectiveSample &s) {
                                            candidate.of(collective) = coordinates.model(x);
                                            return predicted_time(up, candidate, s, node);
                                          });
    model.of(collective) = coordinates.model(best);
    note_range(model.of(collective), given);
  }
  fill_in(model);
  return model;
}

Seconds predicted_time(const LinkModel &up, const LinkModel &out, const CollectiveSample &sample,
                       const Node &node) {
  Node held = node;
  held.scale_up_domain = sample.ranks_per_node;
  return link_collective_time(up, out, sample.collective, sample.data, {.size = sample.ranks},
                              held);
}

bool is_held_back_size(const CollectiveSample &sample) { return octave(sample.data) % 3 == 0; }

bool is_held_back_group(const CollectiveSample &sample,
                        const std::vector<CollectiveSample> &table) {
  if (sample.ranks > sample.ranks_per_node)
    return sample.ranks == 4 * sample.ranks_per_node;
  const bool odd = std::ranges::any_of(table, [](const CollectiveSample &s) {
    return s.ranks == s.ranks_per_node && s.ranks % 2 == 1;
  });
  return odd ? sample.ranks % 2 == 1 : sample.ranks == 4;
}

} // namespace flopcast
