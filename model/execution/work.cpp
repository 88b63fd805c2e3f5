// SPDX-License-Identifier: Apache-2.0
#include "model/execution/work.hpp"

#include "hardware/product_shapes.hpp"
#include "model/execution/shards.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <span>

namespace flopcast {
namespace {

bool has_weights(const Operator &op) {
  return op.kind == OperatorClass::gemm || op.kind == OperatorClass::grouped_gemm;
}

bool routes_rows(const Operator &op) {
  return op.role == OperatorRole::expert_dispatch || op.role == OperatorRole::expert_combine;
}

std::int64_t whole(double dimension) {
  return std::max<std::int64_t>(1, static_cast<std::int64_t>(std::llround(dimension)));
}

/// One or two calls, without the memory of a vector: an estimate asks for dozens.
struct BackwardCalls {
  std::array<OperatorCall, 2> calls;
  std::size_t count = 1;

  [[nodiscard]] const OperatorCall *begin() const { return calls.data(); }
  [[nodiscard]] const OperatorCall *end() const { return calls.data() + count; }
};

/// One rank's fold over the graph.
class Fold {
public:
  Fold(const OperatorGraph &graph, const Decoder &decoder, const Parallelism &parallelism,
       const Training &training)
      : graph_(graph), training_(training), whole_sequences_(parallelism.context_parallel == 1),
        causal_(decoder.causal),
        sums_expert_parts_(parallelism.tensor_parallel > 1 && !parallelism.sequence_parallel),
        uneven_(parallelism.expert_load() > 1 && !parallelism.expert_padding),
        expert_parallel_(parallelism.expert_parallel), expert_tensor_(parallelism.expert_tensor()),
        shards_(decoder, parallelism), batch_(static_cast<double>(training.micro_batch)),
        element_(activation_bytes(training.precision)), weight_(parameter_bytes(training).weight),
        sums_gradients_(parameter_bytes(training).gradient > weight_),
        gathers_input_(parallelism.tensor_parallel > 1 && parallelism.sequence_parallel),
        gated_(decoder.gated()),
        keys_of_projection_(static_cast<double>(decoder.kv_heads) /
                            static_cast<double>(decoder.heads + 2 * decoder.kv_heads)),
        tiles_(parallelism.tensor_overlap == TensorOverlap::tiles ? parallelism.tensor_parallel
                                                                  : 1) {}

  void add(OperatorVertex vertex, const Cluster &cluster, ModelWork &work) const {
    const Operator &op = graph_[vertex];
    const OperatorCall call = forward_call(vertex);
    if (!in_calibrated_range(cluster.calibration, call))
      work.extrapolated.set(static_cast<std::size_t>(op.role));
    const auto time = [&](const OperatorCall &of) {
      return in_training(training_.software, of,
                         operator_time(cluster.device, cluster.calibration, of));
    };
    const Timed forward{time(call), {call.flops, call.bytes}};
    std::array<Timed, 2> backward;
    std::size_t backwards = 0;
    for (const OperatorCall &one : backward_calls(call))
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
    calls.push_back(forward_call(vertex));
    const BackwardCalls backward = backward_calls(calls.back());
    calls.insert(calls.end(), backward.begin(), backward.end());
  }

  void append_counted(OperatorVertex vertex, std::vector<CountedCall> &calls) const {
    const Operator &op = graph_[vertex];
    const auto count = static_cast<double>(op.count);
    const OperatorCall forward = forward_call(vertex);
    calls.push_back({forward, op.region, count, redone_share(op)});
    for (const OperatorCall &backward : backward_calls(forward))
      calls.push_back({backward, op.region, count, 0});
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
    region.forward_calls += launches(op, Pass::forward);
    region.forward += count * forward.seconds;
    region.forward_work += count * forward.work;
    for (const Timed &part : backward) {
      region.backward_calls += launches(op, Pass::backward);
      region.backward += count * part.seconds;
      // The second of a product's two: see backward_calls().
      if (op.parameters > 0 && has_weights(op) && &part == &backward.back())
        region.weight_gradient += count * part.seconds;
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
      OperatorCall one = call;
      one.shape.rows = whole(static_cast<double>(call.shape.rows) / tiles);
      one.flops *= 1 / tiles;
      one.bytes = product_bytes(op, one.shape) * units::byte;
      const auto add = [&](TiledProduct &to, const OperatorCall &all, const OperatorCall &tile) {
        const Seconds of_tile = time(tile);
        to.tile += of_tile;
        to.cut += std::max(tiles * of_tile - time(all), Seconds{});
      };
      add(op.splits_depth ? open.scattered : open.gathered, call, one);
      add(op.splits_depth ? open.scattered_backward : open.gathered_backward,
          backward_calls(call).calls[0], backward_calls(one).calls[0]);
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

  [[nodiscard]] double output_bytes(const Operator &op) const {
    return op.output_width > 2 ? op.output_width : element_;
  }

  /// The rank's part of the product, all sequences of a micro-batch together.
  [[nodiscard]] MatrixShape shape(const Operator &op) const {
    if (!multiplies_matrices(op.kind)) {
      const double columns = std::max(op.columns, 1.0);
      const double elements =
          op.output_elements * shards_.activation_share(op, op.output_split) * batch_;
      return {.batch = 1, .rows = whole(elements / columns), .columns = whole(columns), .depth = 1};
    }
    MatrixShape shape{.batch = 1,
                      .rows = whole(op.rows * shards_.activation_share(op, Split::none)),
                      .columns = whole(op.columns),
                      .depth = whole(op.depth)};
    if (op.kind == OperatorClass::grouped_gemm) {
      const double rows = op.rows * batch_ * shards_.activation_share(op, Split::routed);
      const double width = 1.0 / static_cast<double>(expert_tensor_);
      shape = grouped_shape(whole(op.batch / static_cast<double>(expert_parallel_)), rows,
                            whole(op.columns * (op.splits_depth ? 1.0 : width)),
                            whole(op.depth * (op.splits_depth ? width : 1.0)));
    } else if (op.kind == OperatorClass::gemm && op.split == Split::sequence) {
      shape.rows = whole(op.rows * batch_ * shards_.activation_share(op, Split::sequence));
    } else if (op.kind == OperatorClass::gemm) {
      shape.rows = whole(op.rows * batch_ * shards_.activation_share(op, Split::none));
      const double share = shards_.share(op, Split::tensor);
      if (op.splits_depth)
        shape.depth = whole(op.depth * share);
      else
        shape.columns = whole(op.columns * share);
    } else {
      shape.batch = whole(op.batch * batch_ * shards_.share(op, Split::tensor));
    }
    return shape;
  }

  [[nodiscard]] OperatorCall forward_call(OperatorVertex vertex) const {
    const Operator &op = graph_[vertex];
    // Fused kernels skip what the mask discards; separate products compute every score.
    const double flops =
        (op.kind == OperatorClass::fused_attention ? op.causal_matmul_flops : op.matmul_flops) *
        shards_.activation_share(op, op.split);
    OperatorCall call{.kind = op.kind,
                      .pass = Pass::forward,
                      .format = training_.precision,
                      .flops = flops * batch_ * units::flop,
                      .bytes = {},
                      .kernels = 1,
                      .shape = shape(op),
                      .causal = false};
    if (op.kind == OperatorClass::fused_attention && causal_) {
      // Ranks that share a sequence share its masked half evenly: each query sees half of the keys.
      if (whole_sequences_)
        call.causal = true;
      else
        call.shape.columns = whole(op.columns / 2);
    }
    call.uneven = op.kind == OperatorClass::grouped_gemm && uneven_;
    if (op.kind == OperatorClass::cross_entropy && counts_loss_passes())
      call.bytes = loss_bytes(call.shape, training_.software.loss_forward);
    else
      call.bytes =
          (has_weights(op) ? product_bytes(op, call.shape) : stream_bytes(vertex)) * units::byte;
    return call;
  }

  /// A product reads its input whole and writes its output whole, also where sequence parallelism
  /// splits the tensor before it is gathered and after it is scattered.
  [[nodiscard]] double product_bytes(const Operator &op, const MatrixShape &shape) const {
    const auto m = static_cast<double>(shape.rows);
    const auto n = static_cast<double>(shape.columns);
    const auto k = static_cast<double>(shape.depth);
    return static_cast<double>(shape.batch) *
           (m * k * element_ + k * n * weight_ + m * n * output_bytes(op));
  }

  /// What comes over the edges and the output. An embedding reads the rows that it looks up, not
  /// the table.
  [[nodiscard]] double stream_bytes(OperatorVertex vertex) const {
    const Operator &op = graph_[vertex];
    double moved_again = 0;
    if (expert_parallel_ > 1 && routes_rows(op)) {
      // Rows lie by the rank that they came from: they are sorted by expert once more.
      const OperatorVertex rows =
          op.role == OperatorRole::expert_dispatch
              ? vertex
              : boost::source(*boost::in_edges(vertex, graph_).first, graph_);
      moved_again =
          2 * graph_[rows].output_elements * shards_.activation_share(op, Split::routed) * element_;
    }
    double read = op.role == OperatorRole::token_embedding
                      ? op.output_elements * shards_.activation_share(op, op.split)
                      : 0;
    const auto [in, in_end] = boost::in_edges(vertex, graph_);
    for (auto edge = in; edge != in_end; ++edge)
      read += graph_[*edge].elements *
              shards_.activation_share(graph_[boost::source(*edge, graph_)], graph_[*edge].split);
    const double written = op.output_elements * shards_.activation_share(op, op.output_split);
    return (read * element_ + written * output_bytes(op) + moved_again) * batch_;
  }

  [[nodiscard]] BackwardCalls backward_calls(const OperatorCall &forward) const {
    OperatorCall call = forward;
    call.pass = Pass::backward;
    switch (forward.kind) {
    case OperatorClass::gemm:
    case OperatorClass::grouped_gemm:
    case OperatorClass::batched_gemm: {
      // Two products of the forward one's size: the gradients of the input (m × k, over n) and of
      // the weights (k × n, over m).
      const MatrixShape &s = forward.shape;
      OperatorCall of_input = call;
      of_input.shape = {.batch = s.batch, .rows = s.rows, .columns = s.depth, .depth = s.columns};
      call.shape = {.batch = s.batch, .rows = s.depth, .columns = s.columns, .depth = s.rows};
      call.uneven = false; // experts' rows are the depth here
      call.accumulates = sums_gradients_ && forward.kind != OperatorClass::batched_gemm;
      return {{of_input, call}, 2};
    }
    case OperatorClass::fused_attention:
      // Five products for two: the scores are computed again.
      call.flops *= 2.5;
      break;
    case OperatorClass::cross_entropy:
      if (counts_loss_passes()) {
        call.bytes = loss_bytes(call.shape, training_.software.loss_backward);
        return {{call, {}}, 1};
      }
      break;
    default:
      break;
    }
    // The gradient and what was saved are read, a gradient is written.
    call.bytes *= 2.0;
    return {{call, {}}, 1};
  }

  [[nodiscard]] bool counts_loss_passes() const { return training_.software.loss_forward > 0; }

  /// Of a loss that goes over the rank's logits in fp32 so many times.
  [[nodiscard]] static Bytes loss_bytes(const MatrixShape &shape, double passes) {
    constexpr double fp32 = 4;
    return passes * fp32 * static_cast<double>(shape.rows) * static_cast<double>(shape.columns) *
           units::byte;
  }

  /// What the host launches for the operator in a pass, each call apart.
  [[nodiscard]] std::int64_t launches(const Operator &op, Pass pass) const {
    if (op.kind != OperatorClass::cross_entropy || !counts_loss_passes())
      return op.count;
    const double passes =
        pass == Pass::forward ? training_.software.loss_forward : training_.software.loss_backward;
    return op.count * static_cast<std::int64_t>(std::ceil(passes));
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
  /// product.
  [[nodiscard]] double share_of_even_products(const Operator &op) const {
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
    const double output = op.saves_output ? op.output_elements * share * output_bytes(op) : 0;
    const double kept = output + op.saved_extra_bytes * share;
    region.saved += count * batch_ * kept * units::byte;
    double in_part = kept;
    if (training_.recompute == Recompute::alternate && op.region == Region::layer) {
      // What is kept of the products are their outputs. The last sum is the next layer's input.
      if (has_weights(op))
        in_part = (1 - redone_share(op)) * op.output_elements * share * output_bytes(op);
      else if (op.role != OperatorRole::fused_attention && op.role != OperatorRole::mlp_residual)
        in_part = 0;
    } else if (redone_share(op) > 0) {
      // The core's result is the next product's input and stays.
      in_part =
          op.role == OperatorRole::attention_values || op.role == OperatorRole::fused_attention
              ? output
              : 0;
    }
    region.saved_in_part += count * batch_ * in_part * units::byte;
  }

  const OperatorGraph &graph_;
  const Training &training_;
  bool whole_sequences_;
  bool causal_;
  bool sums_expert_parts_;
  bool uneven_;
  std::int64_t expert_parallel_;
  std::int64_t expert_tensor_;
  Shards shards_;
  double batch_;
  double element_;
  double weight_;
  bool sums_gradients_; ///< in a wider format than the weights have
  bool gathers_input_;  ///< of a product, from the ranks that share the sequence
  bool gated_;
  double keys_of_projection_; ///< share of the keys in the product of queries, keys and values
  std::int64_t tiles_;        ///< that tensor-parallel exchanges and their products are cut into
};

ExpertExchange expert_exchange(const Operator &dispatch, const Parallelism &parallelism,
                               const Training &training) {
  // The ranks of a stage share the tokens; with the experts' imbalance the busiest sends most.
  const auto sharers =
      static_cast<double>(parallelism.context_parallel * parallelism.tensor_parallel);
  const Bytes rows = dispatch.output_elements * static_cast<double>(training.micro_batch) /
                     sharers * parallelism.expert_load() * activation_bytes(training.precision) *
                     units::byte;
  ExpertExchange exchange;
  if (parallelism.expert_parallel > 1)
    exchange.dispatched = rows;
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
  if (decoder.experts)
    work.dense_first_count = std::min(decoder.experts->dense_first, decoder.layers);
  work.prediction_count = decoder.prediction_layers;
  if (decoder.has_experts(decoder.layers - 1))
    work.expert_prediction_count = decoder.prediction_layers;
  const auto [begin, end] = boost::vertices(graph);
  for (auto vertex = begin; vertex != end; ++vertex) {
    fold.add(*vertex, cluster, work);
    if (graph[*vertex].role == OperatorRole::expert_dispatch)
      work.expert_exchange = expert_exchange(graph[*vertex], parallelism, training);
  }
  return work;
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
