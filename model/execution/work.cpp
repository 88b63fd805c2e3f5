// SPDX-License-Identifier: Apache-2.0
#include "model/execution/work.hpp"

#include "model/execution/expert_places.hpp"
#include "model/execution/rank_operators.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <span>

namespace flopcast {
namespace {

/// One rank's fold over the graph.
class Fold {
public:
  Fold(const OperatorGraph &graph, const Decoder &decoder, const Parallelism &parallelism,
       const Training &training)
      : operators_(graph, decoder, parallelism, training), training_(training),
        sums_expert_parts_(parallelism.tensor_parallel > 1 && !parallelism.sequence_parallel),
        expert_tensor_(parallelism.expert_tensor()), shards_(operators_.shards()),
        batch_(operators_.batch()), element_(operators_.element_bytes()),
        weight_(operators_.weight_bytes()),
        gathers_input_(parallelism.tensor_parallel > 1 && parallelism.sequence_parallel),
        gated_(decoder.gated()),
        keys_of_projection_(static_cast<double>(decoder.kv_heads) /
                            static_cast<double>(decoder.heads + 2 * decoder.kv_heads)),
        tiles_(parallelism.tensor_overlap == TensorOverlap::tiles ? parallelism.tensor_parallel
                                                                  : 1) {}

  void add(OperatorVertex vertex, const Cluster &cluster, ModelWork &work) const {
    const Operator &op = operators_.of(vertex);
    const OperatorCall call = operators_.forward_call(vertex);
    if (!in_calibrated_range(cluster.calibration, call))
      work.extrapolated.set(static_cast<std::size_t>(op.role));
    const bool counted = operators_.eager_kernels(op).has_value(); // all its passes over memory
    const auto time = [&](const OperatorCall &of) {
      const Seconds alone = operator_time(cluster.device, cluster.calibration, of);
      return counted ? alone : in_training(training_.software, of, alone);
    };
    const Timed forward{time(call), {call.flops, call.bytes}};
    std::array<Timed, 2> backward;
    std::size_t backwards = 0;
    for (const OperatorCall &one : operators_.backward_calls(op, call))
      backward[backwards++] = {time(one), {one.flops, one.bytes}};
    const std::span<const Timed> backward_parts(backward.data(), backwards);

    switch (op.region) {
    case Region::embedding:
      add_to(work.embedding, op, forward, backward_parts);
      break;
    case Region::layer:
      add_to(work.layers, op, forward, backward_parts);
      if (has_weights(op))
        work.gradients_in_flight =
            std::max(work.gradients_in_flight, gradients_in_flight(op, call));
      if (tiles_ > 1)
        add_tiles(op, call, time, work);
      if (op.expert_layer)
        add_to(work.expert_layers, op, forward, backward_parts);
      work.layer_forward_flops += static_cast<double>(op.count) * op.matmul_flops;
      break;
    case Region::head:
      add_to(work.head, op, forward, backward_parts);
      if (op.role == OperatorRole::logits && op.parameters == 0)
        work.tied_output_parameters = op.columns * op.depth * shards_.share(op, Split::tensor);
      break;
    case Region::prediction:
      add_to(work.prediction, op, forward, backward_parts);
      if (op.role == OperatorRole::logits)
        work.prediction_table_parameters = op.columns * op.depth * shards_.share(op, Split::tensor);
      break;
    }
  }

  void append_calls(OperatorVertex vertex, std::vector<OperatorCall> &calls) const {
    calls.push_back(operators_.forward_call(vertex));
    const BackwardCalls backward = operators_.backward_calls(operators_.of(vertex), calls.back());
    calls.insert(calls.end(), backward.begin(), backward.end());
  }

  void append_counted(OperatorVertex vertex, std::vector<CountedCall> &calls) const {
    const Operator &op = operators_.of(vertex);
    const auto count = static_cast<double>(op.count);
    const OperatorCall forward = operators_.forward_call(vertex);
    const bool every_kernel = operators_.eager_kernels(op).has_value();
    const auto append = [&](const OperatorCall &call, CallPart part, double redone) {
      calls.push_back({call, part, op.role, op.region, count, redone, every_kernel});
    };
    append(forward, CallPart::forward, redone_share(op));
    const BackwardCalls backward = operators_.backward_calls(op, forward);
    if (backward.count == 2 && has_weights(op)) {
      append(backward.calls[0], CallPart::input_gradient, 0);
      append(backward.calls[1], CallPart::weight_gradient, 0);
      return;
    }
    for (const OperatorCall &call : backward)
      append(call, CallPart::backward, 0);
  }

private:
  struct Timed {
    Seconds seconds;
    OperatorWork work;
  };

  void add_to(RegionWork &region, const Operator &op, const Timed &forward,
              std::span<const Timed> backward) const {
    const auto count = static_cast<double>(op.count);
    const double parameters = static_cast<double>(op.parameters) * shards_.parameter_share(op);
    region.parameters += count * parameters;
    if (has_weights(op))
      region.matrix_parameters += count * parameters;
    if (op.split == Split::expert) {
      region.expert_parameters += count * parameters;
      region.expert_matrix_parameters += count * parameters;
    }
    region.all_reduces += op.count * op.all_reduces;
    // Without sequence parallelism each rank has all rows, and a part of what experts make of them.
    if (op.role == OperatorRole::expert_combine && sums_expert_parts_)
      region.all_reduces += op.count;
    region.forward_calls += operators_.launches(op, Pass::forward);
    region.forward += count * forward.seconds;
    region.forward_work += count * forward.work;
    for (const Timed &part : backward) {
      region.backward_calls += operators_.launches(op, Pass::backward);
      region.backward += count * part.seconds;
      // The second of a product's two: see backward_calls().
      if (op.parameters > 0 && has_weights(op) && &part == &backward.back()) {
        region.weight_gradient += count * part.seconds;
        if (op.split == Split::tensor && !op.splits_depth)
          region.shared_input_weight_gradient += count * part.seconds;
      }
      region.backward_work += count * part.work;
    }
    add_saved(op, region);
    if (op.attention_core)
      region.attention_core += count * forward.seconds;
    if (const double again = count * redone_share(op); again > 0) {
      region.redone += again * forward.seconds;
      region.redone_calls += op.count;
      region.redone_work += again * forward.work;
      region.redone_flops += again * op.matmul_flops;
    }
  }

  /// Adds a product's tiles to the reduction that follows it in the graph's order.
  template <class Time>
  void add_tiles(const Operator &op, const OperatorCall &call, const Time &time,
                 ModelWork &work) const {
    const bool product = op.kind == OperatorClass::gemm && op.split == Split::tensor;
    if (!product && op.all_reduces == 0)
      return;
    if (work.tiled.empty() || work.tiled.back().count > 0)
      work.tiled.emplace_back();
    TiledProducts &open = work.tiled.back();
    if (product) {
      const auto tiles = static_cast<double>(tiles_);
      const OperatorCall one = operators_.tile(op, call, tiles_);
      const auto add = [&](TiledProduct &to, const OperatorCall &all, const OperatorCall &tile) {
        const Seconds of_tile = time(tile);
        to.tile += of_tile;
        to.cut += std::max(tiles * of_tile - time(all), Seconds{});
      };
      add(op.splits_depth ? open.scattered : open.gathered, call, one);
      add(op.splits_depth ? open.scattered_backward : open.gathered_backward,
          operators_.backward_calls(op, call).calls[0],
          operators_.backward_calls(op, one).calls[0]);
    }
    if (op.all_reduces > 0)
      open.count = static_cast<double>(op.count * op.all_reduces);
  }

  /// While a product's gradients are made: that of its weights, in the precision of training and as
  /// it is added to wider sums, and those of its input and output with the input gathered again.
  /// Experts' matrices come one by one, after the product of all.
  [[nodiscard]] Bytes gradients_in_flight(const Operator &op, const OperatorCall &call) const {
    const double of_weight = training_.software.weight_gradient_bytes;
    if (of_weight <= 0)
      return {};
    const double parameters = static_cast<double>(op.parameters) * shards_.parameter_share(op);
    double weights = of_weight * parameters;
    if (op.kind == OperatorClass::grouped_gemm) {
      const double one =
          static_cast<double>(op.parameters) / op.batch / static_cast<double>(expert_tensor_);
      weights =
          std::min(of_weight, weight_) * parameters + std::max(of_weight - weight_, 0.0) * one;
    }
    const auto rows = static_cast<double>(call.shape.batch * call.shape.rows);
    const bool gathers = gathers_input_ && op.split == Split::tensor && !op.splits_depth;
    const double elements = rows * (static_cast<double>(call.shape.columns) +
                                    (gathers ? 2 : 1) * static_cast<double>(call.shape.depth));
    return (weights + elements * element_) * units::byte;
  }

  /// Share of the operator that a recomputation of parts of a layer does again.
  [[nodiscard]] double redone_share(const Operator &op) const {
    switch (training_.recompute) {
    case Recompute::selective:
      return op.attention_core ? 1 : 0;
    case Recompute::modules:
      return op.region == Region::layer &&
                     training_.recomputed.test(static_cast<std::size_t>(op.role))
                 ? 1
                 : 0;
    case Recompute::alternate:
      return op.region == Region::layer ? share_of_even_products(op) : 0;
    case Recompute::none:
    case Recompute::full:
      break;
    }
    return 0;
  }

  /// Products of a layer in their order: queries, keys, values, output, then of the MLP gate, up
  /// and down, or up and down. The second, fourth and sixth are done again, with all that is no
  /// product; in FP4 all, since its products are none of PyTorch's own, which alone are counted.
  [[nodiscard]] double share_of_even_products(const Operator &op) const {
    if (has_weights(op) && training_.precision == NumberFormat::fp4)
      return 1;
    switch (op.role) {
    case OperatorRole::fused_attention:
      return 0;
    case OperatorRole::qkv_projection:
      return keys_of_projection_;
    case OperatorRole::output_projection:
      return 1;
    case OperatorRole::mlp_up:
      return gated_ ? 0.5 : 0;
    case OperatorRole::mlp_down:
      return gated_ ? 0 : 1;
    default:
      return has_weights(op) ? 0.5 : 1; // latent attention, experts: every second, whatever comes
    }
  }

  void add_saved(const Operator &op, RegionWork &region) const {
    const auto count = static_cast<double>(op.count);
    const double share = shards_.activation_share(op, op.output_split);
    const double output =
        op.saves_output ? op.output_elements * share * operators_.output_bytes(op) : 0;
    double kept = output + op.saved_extra_bytes * share;
    if (const auto eager = operators_.eager_kernels(op))
      kept += eager->saved_bytes * op.output_elements * share;
    region.saved += count * batch_ * kept * units::byte;
    double in_part = kept;
    if (training_.recompute == Recompute::alternate && op.region == Region::layer) {
      // What is kept of the products are their outputs. The last sum is the next layer's input: a
      // compiler sees that nothing asks for the product before it.
      const bool dropped =
          op.role == OperatorRole::mlp_down && training_.operators != OperatorFusion::eager;
      const bool others = !has_weights(op) && op.role != OperatorRole::fused_attention &&
                          op.role != OperatorRole::mlp_residual;
      if (dropped || others)
        in_part = 0;
      else if (has_weights(op))
        in_part = (1 - redone_share(op)) * op.output_elements * share * operators_.output_bytes(op);
    } else if (redone_share(op) > 0) {
      // The core's result is the next product's input and stays.
      in_part =
          op.role == OperatorRole::attention_values || op.role == OperatorRole::fused_attention
              ? output
              : 0;
    }
    region.saved_in_part += count * batch_ * in_part * units::byte;
  }

  RankOperators operators_;
  const Training &training_;
  bool sums_expert_parts_;
  std::int64_t expert_tensor_;
  const Shards &shards_;
  double batch_;
  double element_;
  double weight_;
  bool gathers_input_; ///< of a product, from the ranks that share the sequence
  bool gated_;
  double keys_of_projection_; ///< share of the keys in the product of queries, keys and values
  std::int64_t tiles_;        ///< that tensor-parallel exchanges and their products are cut into
};

/// Share of the rows that are sent where those of one token to the same place are one.
double sent_rows(const Parallelism &parallelism, const MixtureOfExperts &experts,
                 const Cluster &cluster) {
  if (parallelism.expert_dispatch != ExpertDispatch::deduplicated)
    return 1;
  const RankGroup group = parallelism.expert_group();
  const std::int64_t in_domain = ranks_per_domain(group, cluster.node);
  const std::int64_t places = group.size > in_domain ? group.size / in_domain : group.size;
  return reached_places(places, experts) / static_cast<double>(experts.per_token);
}

ExpertExchange expert_exchange(const Operator &dispatch, const Decoder &decoder,
                               const Parallelism &parallelism, const Training &training,
                               const Cluster &cluster) {
  // The ranks of a stage share the tokens; with the experts' imbalance the busiest sends most.
  const auto sharers =
      static_cast<double>(parallelism.context_parallel * parallelism.tensor_parallel);
  const Bytes rows = dispatch.output_elements * static_cast<double>(training.micro_batch) /
                     sharers * parallelism.expert_load() * activation_bytes(training.precision) *
                     units::byte;
  ExpertExchange exchange;
  if (parallelism.expert_parallel > 1)
    exchange.dispatched = sent_rows(parallelism, *decoder.experts, cluster) * rows;
  if (parallelism.expert_tensor() > 1 && parallelism.sequence_parallel)
    exchange.gathered = static_cast<double>(parallelism.expert_tensor()) * rows;
  return exchange;
}

} // namespace

ModelWork model_work(const OperatorGraph &graph, const Decoder &decoder,
                     const Parallelism &parallelism, const Training &training,
                     const Cluster &cluster) {
  const Fold fold(graph, decoder, parallelism, training);
  ModelWork work;
  work.layer_count = decoder.layers;
  work.expert_layer_count = decoder.expert_layers();
  if (decoder.experts) {
    work.dense_first_count = std::min(decoder.experts->dense_first, decoder.layers);
    work.rank_experts = static_cast<double>(decoder.experts->count) /
                        static_cast<double>(parallelism.expert_parallel);
  }
  work.prediction_count = decoder.prediction_layers;
  if (decoder.has_experts(decoder.layers - 1))
    work.expert_prediction_count = decoder.prediction_layers;
  const auto [begin, end] = boost::vertices(graph);
  for (auto vertex = begin; vertex != end; ++vertex) {
    fold.add(*vertex, cluster, work);
    if (graph[*vertex].role == OperatorRole::expert_dispatch)
      work.expert_exchange =
          expert_exchange(graph[*vertex], decoder, parallelism, training, cluster);
  }
  return work;
}

std::string_view to_text(CallPart part) {
  constexpr std::array<std::string_view, 4> names{"forward", "backward", "input_gradient",
                                                  "weight_gradient"};
  return names[static_cast<std::size_t>(part)];
}

std::vector<CountedCall> counted_calls(const OperatorGraph &graph, const Decoder &decoder,
                                       const Parallelism &parallelism, const Training &training) {
  const Fold fold(graph, decoder, parallelism, training);
  std::vector<CountedCall> calls;
  const auto [begin, end] = boost::vertices(graph);
  for (auto vertex = begin; vertex != end; ++vertex)
    fold.append_counted(*vertex, calls);
  return calls;
}

std::vector<OperatorCall> rank_calls(const OperatorGraph &graph, const Decoder &decoder,
                                     const Parallelism &parallelism, const Training &training) {
  const Fold fold(graph, decoder, parallelism, training);
  std::vector<OperatorCall> calls;
  const auto [begin, end] = boost::vertices(graph);
  for (auto vertex = begin; vertex != end; ++vertex)
    fold.append_calls(*vertex, calls);
  return calls;
}

} // namespace flopcast
