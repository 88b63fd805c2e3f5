// SPDX-License-Identifier: Apache-2.0
#include "profiler/cuda/attention.hpp"

#include "profiler/cuda/device_kernels.hpp"
#include "profiler/cuda/element_format.hpp"

#include <cmath>

namespace flopcast::cuda {
namespace {

float score_scale(const AttentionShape &shape) {
  return 1 / std::sqrt(static_cast<float>(shape.width));
}

/// The matrices of one sequence, whose heads are batches of a product. Keys and values are shared
/// by groups of heads: product `member` of a group's `shared` takes every `shared`-th head.
class Sequence {
public:
  Sequence(const AttentionShape &shape, NumberFormat format, std::int64_t index)
      : shape_(shape), format_(format), index_(index) {}

  [[nodiscard]] std::int64_t shared() const { return shape_.heads / shape_.key_heads; }
  [[nodiscard]] std::int64_t scores() const { return shape_.sequence * shape_.sequence; }

  /// Of queries, outputs and their gradients.
  [[nodiscard]] StridedMatrix of_queries(void *data, std::int64_t member) const {
    const std::int64_t leading = shape_.heads * shape_.width;
    return {.data = moved(data, index_ * shape_.sequence * leading + member * shape_.width),
            .format = format_,
            .transposed = false,
            .leading = leading,
            .stride = shared() * shape_.width};
  }
  [[nodiscard]] StridedMatrix of_keys(void *data) const {
    const std::int64_t leading = shape_.key_heads * shape_.width;
    return {.data = moved(data, index_ * shape_.sequence * leading),
            .format = format_,
            .transposed = false,
            .leading = leading,
            .stride = shape_.width};
  }
  [[nodiscard]] StridedMatrix of_scores(void *data, std::int64_t member) const {
    return {.data = moved(data, member * scores()),
            .format = format_,
            .transposed = false,
            .leading = shape_.sequence,
            .stride = shared() * scores()};
  }
  [[nodiscard]] float *statistics(void *data) const {
    return static_cast<float *>(data) + index_ * shape_.heads * shape_.sequence;
  }

private:
  [[nodiscard]] void *moved(void *data, std::int64_t elements) const {
    return static_cast<char *>(data) + elements * bytes_of(format_);
  }

  AttentionShape shape_;
  NumberFormat format_;
  std::int64_t index_;
};

StridedMatrix transposed(StridedMatrix matrix) {
  matrix.transposed = true;
  return matrix;
}

} // namespace

UnfusedAttention::UnfusedAttention(MatrixProducts &products, cudaStream_t stream)
    : products_(products), stream_(stream) {}

void UnfusedAttention::forward(const AttentionShape &shape, NumberFormat format,
                               const AttentionTensors &tensors) {
  const std::int64_t s = shape.sequence, rows = shape.heads * s;
  void *const scores = scores_.at_least(static_cast<std::size_t>(rows * s * bytes_of(format)));
  const MatrixShape to_scores{shape.key_heads, s, s, shape.width};
  const MatrixShape to_output{shape.key_heads, s, shape.width, s};
  for (std::int64_t index = 0; index < shape.batch; ++index) {
    const Sequence one(shape, format, index);
    for (std::int64_t member = 0; member < one.shared(); ++member)
      products_.multiply({.shape = to_scores,
                          .left = one.of_queries(tensors.queries, member),
                          .right = transposed(one.of_keys(tensors.keys)),
                          .result = one.of_scores(scores, member)});
    attention_softmax(element_of(format), rows, s, shape.causal, score_scale(shape), scores,
                      one.statistics(tensors.statistics), stream_);
    for (std::int64_t member = 0; member < one.shared(); ++member)
      products_.multiply({.shape = to_output,
                          .left = one.of_scores(scores, member),
                          .right = one.of_keys(tensors.values),
                          .result = one.of_queries(tensors.output, member)});
  }
}

void UnfusedAttention::backward(const AttentionShape &shape, NumberFormat format,
                                const AttentionTensors &tensors) {
  const std::int64_t s = shape.sequence, rows = shape.heads * s;
  const auto bytes = static_cast<std::size_t>(rows * s * bytes_of(format));
  void *const scores = scores_.at_least(2 * bytes);
  void *const gradients = static_cast<char *>(scores) + bytes;
  const MatrixShape to_scores{shape.key_heads, s, s, shape.width};
  const MatrixShape from_scores{shape.key_heads, s, shape.width, s};
  for (std::int64_t index = 0; index < shape.batch; ++index) {
    const Sequence one(shape, format, index);
    for (std::int64_t member = 0; member < one.shared(); ++member) {
      products_.multiply({.shape = to_scores,
                          .left = one.of_queries(tensors.queries, member),
                          .right = transposed(one.of_keys(tensors.keys)),
                          .result = one.of_scores(scores, member)});
      products_.multiply({.shape = to_scores,
                          .left = one.of_queries(tensors.output_gradient, member),
                          .right = transposed(one.of_keys(tensors.values)),
                          .result = one.of_scores(gradients, member)});
    }
    attention_probabilities(element_of(format), rows, s, shape.causal, score_scale(shape), scores,
                            one.statistics(tensors.statistics), stream_);
    // Before the gradients of probabilities become those of scores, probabilities serve values.
    for (std::int64_t member = 0; member < one.shared(); ++member)
      products_.multiply({.shape = from_scores,
                          .left = transposed(one.of_scores(scores, member)),
                          .right = one.of_queries(tensors.output_gradient, member),
                          .result = one.of_keys(tensors.value_gradient),
                          .accumulate = member > 0});
    attention_score_gradient(element_of(format), rows, s, score_scale(shape), scores, gradients,
                             stream_);
    for (std::int64_t member = 0; member < one.shared(); ++member) {
      products_.multiply({.shape = from_scores,
                          .left = one.of_scores(gradients, member),
                          .right = one.of_keys(tensors.keys),
                          .result = one.of_queries(tensors.query_gradient, member)});
      products_.multiply({.shape = from_scores,
                          .left = transposed(one.of_scores(gradients, member)),
                          .right = one.of_queries(tensors.queries, member),
                          .result = one.of_keys(tensors.key_gradient),
                          .accumulate = member > 0});
    }
  }
}

} // namespace flopcast::cuda
