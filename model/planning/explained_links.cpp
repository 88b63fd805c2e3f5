// SPDX-License-Identifier: Apache-2.0
#include "model/planning/explained_links.hpp"

#include "hardware/topology/placement.hpp"
#include "model/planning/explained_formulas.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>
#include <utility>

namespace flopcast {
namespace {

using Values = std::vector<double>;

/// The exchange that a part of the step is made of.
struct Exchange {
  std::string_view name;
  RankGroup group;
  Collective collective = Collective::all_reduce;
};

Exchange exchange_of(const Parallelism &parallel, std::string_view key) {
  if (key == "links.tensor")
    return {"tensor parallelism", parallel.tensor_group(),
            parallel.sequence_parallel ? Collective::all_gather : Collective::all_reduce};
  if (key == "links.context")
    return {"context parallelism",
            parallel.context_parallel > 1 ? parallel.context_neighbours() : RankGroup{},
            Collective::point_to_point};
  if (key == "links.pipeline")
    return {"messages between stages",
            parallel.pipeline_parallel > 1 ? parallel.stage_neighbours() : RankGroup{},
            Collective::point_to_point};
  return {"the gradient exchange", parallel.gradient_group(),
          parallel.zero_stage == 0 ? Collective::all_reduce : Collective::reduce_scatter};
}

double least(const Values &values) { return *std::ranges::min_element(values); }

class Links {
public:
  Links(const ExplainedLeaves &leaves, const Cluster &cluster, const Exchange &exchange)
      : leaves_(leaves), cluster_(cluster), exchange_(exchange),
        path_(fabric_path(exchange.group, cluster)),
        on_torus_(cluster.fabric && cluster.fabric->kind == FabricKind::torus) {
    inside_ = on_torus_ ? path_->ranks_per_domain : ranks_per_domain(exchange.group, cluster.node);
    crosses_ = inside_ < exchange.group.size;
  }

  Explanation explained() const {
    Explanation ring =
        labelled(fmt::format("links of {}", exchange_.name),
                 any(ring_bandwidth(exchange_.collective, exchange_.group, cluster_)));
    ring.text = fmt::format("{} for each of {} ranks, {}", ring.text, exchange_.group.size,
                            to_text(exchange_.collective));
    ring.formula = "the slowest of the links that it runs over";
    ring.source = "docs/method.md, Communication";
    if (inside_ > 1)
      ring.inputs.push_back(inside_domain());
    if (crosses_)
      ring.inputs.push_back(between_domains());
    ring.evaluate = [parts = ring.inputs.size()](const Values &v) {
      return least(Values(v.begin(), v.begin() + static_cast<std::ptrdiff_t>(parts)));
    };
    if (path_)
      ring.inputs.push_back(path());
    ring.inputs.push_back(without_data());
    add_other_algorithms(ring.inputs);
    return ring;
  }

private:
  Explanation inside_domain() const {
    Explanation part;
    part.inputs = {
        on_torus_
            ? torus_links()
            : leaves_.of_node("bandwidth inside the domain", any(cluster_.node.scale_up_bandwidth),
                              "scale_up.bandwidth_per_direction", "hardware.scale_up_bandwidth")};
    if (const LinkModel *up = up_model(); up != nullptr && usable_links(*up, inside_) < 1)
      part.inputs.push_back(leaves_.of_calibration("share of the links that lead to the group",
                                                   any(usable_links(*up, inside_))));
    part.inputs.push_back(efficiency("efficiency inside the domain", LinkLevel::scale_up));
    return computed(std::move(part), "inside the domain", "bandwidth x efficiency", product_of);
  }

  Explanation between_domains() const {
    Explanation part;
    part.inputs = {nics()};
    for (std::size_t i = 0; path_ && !on_torus_ && i < path_->links.size(); ++i)
      if (path_->links[i].link.ends_with("uplinks"))
        part.inputs.push_back(uplinks(path_->links[i]));
    part.inputs.push_back(efficiency("efficiency of the network", LinkLevel::scale_out));
    return computed(
        std::move(part), "between domains", "the narrowest x efficiency",
        [](const Values &v) { return least(Values(v.begin(), v.end() - 1)) * v.back(); });
  }

  /// Those of the group's ranks in a domain together.
  Explanation nics() const {
    Explanation nic = leaves_.of_node(
        "network bandwidth per GPU", any(cluster_.node.scale_out_bandwidth.value_or(Bandwidth{})),
        "scale_out.bandwidth_per_gpu", "hardware.scale_out_bandwidth");
    const bool has_port = path_ && !on_torus_;
    if (inside_ == 1 && !has_port)
      return nic;
    Explanation part;
    part.inputs.push_back(std::move(nic));
    if (has_port)
      part.inputs.push_back(
          leaves_.of_fabric("a leaf's port", any(cluster_.fabric->link_bandwidth)));
    Explanation ranks = labelled("ranks of the group in a domain", any(inside_));
    ranks.source = "docs/method.md, Communication";
    part.inputs.push_back(std::move(ranks));
    const LinkModel *out = out_model();
    const double sharing = out == nullptr ? 1 : out->of(exchange_.collective).nic_sharing;
    return computed(std::move(part), "NICs of the group in a domain",
                    sharing == 1
                        ? std::string("the slower of NIC and port x ranks")
                        : fmt::format("the slower of NIC and port x ranks^{:.3g}", sharing),
                    [sharing](const Values &v) {
                      return least(Values(v.begin(), v.end() - 1)) * std::pow(v.back(), sharing);
                    });
  }

  Explanation uplinks(const LinkUse &use) const {
    Explanation part;
    Explanation groups = labelled("groups that cross them at once", any(use.groups));
    groups.source = "docs/method.md, Communication";
    part.inputs = {leaves_.of_fabric(fmt::format("{} of a block", use.link), any(use.capacity)),
                   std::move(groups)};
    const double blocks = use.per_rank / use.capacity * static_cast<double>(use.groups);
    if (std::abs(blocks - 1) > 1e-9) {
      Explanation spread = labelled("blocks that serve the group's ranks of a domain", any(blocks));
      spread.source = "docs/method.md, Communication";
      part.inputs.push_back(std::move(spread));
    }
    return computed(std::move(part), use.link,
                    blocks == 1 ? "uplinks / groups" : "uplinks / groups x blocks",
                    [](const Values &v) { return v[0] / v[1] * (v.size() > 2 ? v[2] : 1.0); });
  }

  Explanation torus_links() const {
    Explanation part;
    const std::size_t dimensions = path_->links.size() - (path_->domains > 1 ? 1 : 0);
    for (std::size_t i = 0; i < dimensions; ++i) {
      const LinkUse &use = path_->links[i];
      part.inputs.push_back(leaves_.of_fabric(use.link, any(use.per_rank)));
      if (use.groups > 1)
        part.inputs.back().text += fmt::format(", one of {} groups", use.groups);
    }
    return computed(std::move(part), "links of the torus", "sum over the dimensions", sum_of);
  }

  Explanation path() const {
    const LinkUse *narrowest = path_->bottleneck();
    Explanation result =
        leaves_.of_fabric("path between the farthest neighbours", any(path_->hops));
    result.text =
        fmt::format("{} hop{}, {}; narrowest: {}, {}", path_->hops, path_->hops == 1 ? "" : "s",
                    human_text(path_->latency), narrowest->link, human_text(narrowest->per_rank));
    return result;
  }

  Explanation without_data() const {
    Explanation result =
        labelled("time without data",
                 any(collective_time(exchange_.collective, Bytes{}, exchange_.group, cluster_)));
    result.formula =
        "start and steps of the faster protocol, or latencies once a level of a tree over the "
        "domains";
    result.source = "docs/method.md, Communication";
    const auto add = [&](const LinkModel *fitted, std::string_view where, Seconds latency,
                         std::string_view key) {
      if (fitted == nullptr)
        return result.inputs.push_back(
            leaves_.of_node(fmt::format("latency {}", where), any(latency), key, ""));
      const CollectiveModel &model = fitted->of(exchange_.collective);
      const auto timed = [&](std::string_view what, Seconds time) {
        result.inputs.push_back(
            leaves_.of_calibration(fmt::format("{} {}", what, where), any(time)));
      };
      timed("start", model.start);
      timed("a step", model.step);
      if (model.low_latency_efficiency > 0) {
        timed("start of the low-latency protocol", model.low_latency_start);
        timed("a step of the low-latency protocol", model.low_latency_step);
      }
    };
    if (inside_ > 1)
      add(up_model(), "inside the domain", cluster_.node.scale_up_latency, "scale_up.latency");
    if (crosses_)
      add(out_model(), "of the network", cluster_.node.scale_out_latency, "scale_out.latency");
    if (path_ && !on_torus_)
      result.inputs.push_back(
          leaves_.of_fabric("latency of the switches above the first",
                            any(path_->latency - cluster_.node.scale_out_latency)));
    return result;
  }

  /// A ring is not all there is: see link_collective_time().
  void add_other_algorithms(std::vector<Explanation> &inputs) const {
    const auto add = [&](std::string_view label, double share) {
      if (share <= 0)
        return;
      inputs.push_back(leaves_.of_calibration(label, any(share)));
      inputs.back().text += " of the bandwidth, where that is faster than the ring";
    };
    if (const LinkModel *up = up_model(); up != nullptr && inside_ > 1)
      add("reduction in the switch", up->of(exchange_.collective).in_switch_efficiency);
    if (const LinkModel *out = out_model();
        out != nullptr && crosses_ && exchange_.collective == Collective::all_reduce)
      add("tree between domains", out->tree_efficiency);
  }

  Explanation efficiency(std::string_view label, LinkLevel level) const {
    const bool up = level == LinkLevel::scale_up;
    const LinkModel *model = up ? up_model() : out_model();
    const Calibration &calibration = cluster_.calibration;
    if (model == nullptr)
      return leaves_.of_calibration(
          label, any(up ? calibration.scale_up_efficiency : calibration.scale_out_efficiency));
    Explanation result =
        leaves_.of_calibration(label, any(model->of(exchange_.collective).efficiency));
    result.text += ", fitted for endless messages";
    const auto errors = std::ranges::find_if(calibration.link_errors, [&](const LinkErrors &e) {
      return e.level == level && e.collective == exchange_.collective;
    });
    if (errors != calibration.link_errors.end())
      result.text += fmt::format("; median error {:.1f} % on {} held-back collectives",
                                 100 * errors->held_back.median, errors->held_back.samples);
    return result;
  }

  /// The models that were fitted; null where a share of the bandwidth is all that is known.
  const LinkModel *up_model() const { return model(cluster_.calibration.scale_up_links); }
  const LinkModel *out_model() const { return model(cluster_.calibration.scale_out_links); }
  static const LinkModel *model(const std::optional<LinkModel> &links) {
    return links ? &*links : nullptr;
  }

  /// A part whose inputs are known: its value follows from them.
  template <class Evaluate>
  static Explanation computed(Explanation part, std::string_view label, std::string formula,
                              Evaluate evaluate) {
    Values values;
    for (const Explanation &input : part.inputs)
      values.push_back(input.value.value);
    Explanation result = labelled(label, any(Bandwidth::from_base(evaluate(values))));
    result.formula = std::move(formula);
    result.source = "docs/method.md, Communication";
    result.inputs = std::move(part.inputs);
    result.evaluate = evaluate;
    return result;
  }

  const ExplainedLeaves &leaves_;
  const Cluster &cluster_;
  const Exchange &exchange_;
  std::optional<GroupPath> path_;
  bool on_torus_;
  std::int64_t inside_ = 1;
  bool crosses_ = false;
};

} // namespace

Explanation explained_links(const ExplainedLeaves &leaves, const Answer &answer,
                            std::string_view key) {
  const Exchange exchange = exchange_of(answer.run.plan.parallelism, key);
  if (exchange.group.size > 1)
    return Links(leaves, answer.run.cluster, exchange).explained();
  Explanation result = labelled(fmt::format("links of {}", exchange.name), any(0.0));
  result.text = "none: one rank alone";
  result.source = "docs/method.md, Communication";
  return result;
}

} // namespace flopcast
