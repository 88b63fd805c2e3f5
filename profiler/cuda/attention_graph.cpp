// SPDX-License-Identifier: Apache-2.0
#include "profiler/cuda/attention_graph.hpp"

#include <cmath>
#include <utility>

namespace flopcast::cuda {

AttentionGraph::AttentionGraph(const Cudnn &library, PlanTarget target, const AttentionShape &shape,
                               NumberFormat format, bool backward)
    : shape_(shape), graph_(library, std::move(target)) {
  const cudnnDataType_t type = format == NumberFormat::fp16 ? CUDNN_DATA_HALF : CUDNN_DATA_BFLOAT16;
  if (backward)
    build_backward(type);
  else
    build_forward(type);
}

GraphTensor AttentionGraph::heads(std::int64_t count, cudnnDataType_t type,
                                  void *AttentionTensors::*data) {
  const std::int64_t s = shape_.sequence, w = shape_.width;
  GraphTensor tensor =
      graph_.tensor({shape_.batch, count, s, w}, {s * count * w, w, count * w, 1}, type);
  data_[tensor.id] = data;
  return tensor;
}

GraphTensor AttentionGraph::heads_transposed(std::int64_t count, cudnnDataType_t type,
                                             void *AttentionTensors::*data) {
  const std::int64_t s = shape_.sequence, w = shape_.width;
  GraphTensor tensor =
      graph_.tensor({shape_.batch, count, w, s}, {s * count * w, w, 1, count * w}, type);
  data_[tensor.id] = data;
  return tensor;
}

GraphTensor AttentionGraph::number(float value) {
  GraphTensor tensor = graph_.number();
  numbers_[tensor.id] = value;
  return tensor;
}

/// scale · queries · keysᵀ, −∞ where a query may not see.
GraphTensor AttentionGraph::masked_scores(const GraphTensor &queries, const GraphTensor &keys) {
  const GraphTensor scale = number(1 / std::sqrt(static_cast<float>(shape_.width)));
  GraphTensor scores =
      graph_.pointwise(CUDNN_POINTWISE_MUL, graph_.matmul(queries, keys, CUDNN_DATA_FLOAT), scale);
  if (!shape_.causal)
    return scores;
  const GraphTensor mask = graph_.pointwise(CUDNN_POINTWISE_CMP_GE, graph_.index(scores, 2),
                                            graph_.index(scores, 3), CUDNN_DATA_BOOLEAN);
  return graph_.select(scores, number(-INFINITY), mask);
}

void AttentionGraph::build_forward(cudnnDataType_t type) {
  using T = AttentionTensors;
  const Extents of_rows{shape_.batch, shape_.heads, shape_.sequence, 1};
  const GraphTensor queries = heads(shape_.heads, type, &T::queries);
  const GraphTensor keys = heads_transposed(shape_.key_heads, type, &T::keys);
  const GraphTensor values = heads(shape_.key_heads, type, &T::values);
  const GraphTensor output = heads(shape_.heads, type, &T::output);
  const GraphTensor statistics = graph_.tensor(
      of_rows, {shape_.heads * shape_.sequence, shape_.sequence, 1, 1}, CUDNN_DATA_FLOAT);
  data_[statistics.id] = &T::statistics;

  const GraphTensor scores = masked_scores(queries, keys);
  const GraphTensor most = graph_.reduce(CUDNN_REDUCE_TENSOR_MAX, scores, of_rows);
  const GraphTensor powers =
      graph_.pointwise(CUDNN_POINTWISE_EXP, graph_.pointwise(CUDNN_POINTWISE_SUB, scores, most));
  const GraphTensor sum = graph_.reduce(CUDNN_REDUCE_TENSOR_ADD, powers, of_rows);
  graph_.pointwise(CUDNN_POINTWISE_ADD, most, graph_.pointwise(CUDNN_POINTWISE_LOG, sum),
                   statistics);
  const GraphTensor shares = graph_.pointwise(CUDNN_POINTWISE_DIV, powers, sum, type);
  graph_.matmul(shares, values, output);
}

void AttentionGraph::build_backward(cudnnDataType_t type) {
  using T = AttentionTensors;
  const std::int64_t h = shape_.heads, hk = shape_.key_heads, s = shape_.sequence;
  const Extents of_rows{shape_.batch, h, s, 1};
  const GraphTensor queries = heads(h, type, &T::queries);
  const GraphTensor keys = heads(hk, type, &T::keys);
  const GraphTensor keys_transposed = heads_transposed(hk, type, &T::keys);
  const GraphTensor values_transposed = heads_transposed(hk, type, &T::values);
  const GraphTensor output = heads(h, type, &T::output);
  const GraphTensor output_gradient = heads(h, type, &T::output_gradient);
  const GraphTensor query_gradient = heads(h, type, &T::query_gradient);
  const GraphTensor key_gradient = heads(hk, type, &T::key_gradient);
  const GraphTensor value_gradient = heads(hk, type, &T::value_gradient);
  const GraphTensor statistics = graph_.tensor(of_rows, {h * s, s, 1, 1}, CUDNN_DATA_FLOAT);
  data_[statistics.id] = &T::statistics;

  // Σ output · its gradient of each row: what the softmax's gradient subtracts.
  const GraphTensor products = graph_.pointwise(CUDNN_POINTWISE_MUL, output_gradient, output);
  const GraphTensor row_sums = graph_.pointwise(
      CUDNN_POINTWISE_MUL, graph_.reduce(CUDNN_REDUCE_TENSOR_ADD, products, of_rows), number(1));

  const GraphTensor shares = graph_.pointwise(
      CUDNN_POINTWISE_EXP,
      graph_.pointwise(CUDNN_POINTWISE_SUB, masked_scores(queries, keys_transposed), statistics));

  // With grouped heads the gradients of keys and values are sums over the heads of a group.
  const auto over_group = [&](const GraphTensor &left, const GraphTensor &right,
                              const GraphTensor &result) {
    if (h == hk)
      graph_.matmul(left, right, result);
    else
      graph_.reduce(CUDNN_REDUCE_TENSOR_ADD, graph_.matmul(left, right, type), result);
  };
  over_group(graph_.transposed(shares, type), output_gradient, value_gradient);

  const GraphTensor share_gradient =
      graph_.matmul(output_gradient, values_transposed, CUDNN_DATA_FLOAT);
  const GraphTensor scale = number(1 / std::sqrt(static_cast<float>(shape_.width)));
  const GraphTensor score_gradient = graph_.pointwise(
      CUDNN_POINTWISE_MUL,
      graph_.pointwise(CUDNN_POINTWISE_MUL,
                       graph_.pointwise(CUDNN_POINTWISE_SUB, share_gradient, row_sums), shares),
      scale, type);
  // Blocks of keys add to the gradients of all queries: without memory to add them up in, cuDNN
  // would keep the whole matrix of scores' gradients.
  const GraphTensor sums = graph_.accumulator(query_gradient.dimensions);
  sums_ = sums.id;
  sum_bytes_ = shape_.batch * h * s * shape_.width * static_cast<std::int64_t>(sizeof(float));
  graph_.matmul(score_gradient, keys, sums);
  graph_.convert(sums, query_gradient);
  over_group(graph_.transposed(score_gradient, type), queries, key_gradient);
}

void AttentionGraph::run(const AttentionTensors &tensors, void *workspace) const {
  std::map<std::int64_t, void *> data;
  for (const auto &[id, member] : data_)
    data[id] = tensors.*member;
  std::map<std::int64_t, float> numbers = numbers_; // cuDNN reads them while this lasts
  for (auto &[id, value] : numbers)
    data[id] = &value;
  if (sum_bytes_ > 0)
    data[sums_] = workspace;
  graph_.run(data, static_cast<char *>(workspace) + sum_bytes_);
}

} // namespace flopcast::cuda
