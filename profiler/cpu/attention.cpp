// SPDX-License-Identifier: Apache-2.0
#include "profiler/cpu/attention.hpp"

#include "profiler/cpu/elementwise.hpp"
#include "profiler/cpu/normalization.hpp"
#include "profiler/cpu/vector_math.hpp"

#include <cblas.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

namespace flopcast::cpu {
namespace {

// Two tiles of scores and the blocks of queries, keys and values stay in a core's L2 cache of 512
// KiB or more at heads up to 128 wide.
constexpr std::int64_t block = 128;

/// Rows that lie `stride` elements apart.
struct Rows {
  const float *data;
  std::int64_t stride;
};

blasint as_int(std::int64_t size) { return static_cast<blasint>(size); }

/// result (m × n) = alpha · a (m × k) · b (n × k)ᵀ
void times_transposed(std::int64_t m, std::int64_t n, std::int64_t k, float alpha, Rows a, Rows b,
                      float *result) {
  cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, as_int(m), as_int(n), as_int(k), alpha,
              a.data, as_int(a.stride), b.data, as_int(b.stride), 0.0F, result, as_int(n));
}

/// sum (m × n) += a (m × k) · b (k × n)
void add_product(std::int64_t m, std::int64_t n, std::int64_t k, const float *a, Rows b, float *sum,
                 std::int64_t stride) {
  cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, as_int(m), as_int(n), as_int(k), 1.0F, a,
              as_int(k), b.data, as_int(b.stride), 1.0F, sum, as_int(stride));
}

/// sum (m × n) += a (k × m)ᵀ · b (k × n)
void add_transposed_product(std::int64_t m, std::int64_t n, std::int64_t k, const float *a, Rows b,
                            float *sum, std::int64_t stride) {
  cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, as_int(m), as_int(n), as_int(k), 1.0F, a,
              as_int(m), b.data, as_int(b.stride), 1.0F, sum, as_int(stride));
}

FLOPCAST_VECTOR_CLONES float dot(const float *a, const float *b, std::int64_t n) {
  float sum = 0;
#pragma omp simd reduction(+ : sum)
  for (std::int64_t i = 0; i < n; ++i)
    sum += a[i] * b[i];
  return sum;
}

/// scores' gradient = share · (shares' gradient − mean) · scale, in place of the shares' gradient
FLOPCAST_VECTOR_CLONES void score_gradients(const float *shares, float *gradients, float mean,
                                            float factor, std::int64_t n) {
#pragma omp simd
  for (std::int64_t i = 0; i < n; ++i)
    gradients[i] = shares[i] * (gradients[i] - mean) * factor;
}

/// Where the vectors of one head of one sequence lie.
class Layout {
public:
  explicit Layout(const AttentionShape &shape)
      : shape_(shape), query_stride_(shape.heads * shape.width),
        key_stride_(shape.key_heads * shape.width), shared_by_(shape.heads / shape.key_heads) {}

  [[nodiscard]] std::int64_t of_query(std::int64_t sequence, std::int64_t head,
                                      std::int64_t row) const {
    return (sequence * shape_.sequence + row) * query_stride_ + head * shape_.width;
  }
  [[nodiscard]] std::int64_t of_key(std::int64_t sequence, std::int64_t key_head,
                                    std::int64_t row) const {
    return (sequence * shape_.sequence + row) * key_stride_ + key_head * shape_.width;
  }
  [[nodiscard]] std::int64_t of_statistic(std::int64_t sequence, std::int64_t head,
                                          std::int64_t row) const {
    return (sequence * shape_.heads + head) * shape_.sequence + row;
  }
  [[nodiscard]] std::int64_t query_stride() const { return query_stride_; }
  [[nodiscard]] std::int64_t key_stride() const { return key_stride_; }
  [[nodiscard]] std::int64_t shared_by() const { return shared_by_; }
  [[nodiscard]] float score_scale() const {
    return 1 / std::sqrt(static_cast<float>(shape_.width));
  }

private:
  AttentionShape shape_;
  std::int64_t query_stride_;
  std::int64_t key_stride_;
  std::int64_t shared_by_; ///< query heads to a key head
};

/// A block of queries against a block of keys.
struct Tile {
  std::int64_t query = 0; ///< first
  std::int64_t queries = 0;
  std::int64_t key = 0; ///< first
  std::int64_t keys = 0;
  bool causal = false;

  /// Keys of the block that row `row` of it sees.
  [[nodiscard]] std::int64_t seen(std::int64_t row) const {
    return causal ? std::clamp<std::int64_t>(query + row - key + 1, 0, keys) : keys;
  }
};

/// What one thread needs besides the result.
struct Scratch {
  std::vector<float> scores = std::vector<float>(block * block);
  std::vector<float> gradients = std::vector<float>(block * block);
  std::vector<float> most = std::vector<float>(block);
  std::vector<float> sums = std::vector<float>(block);
};

/// Turns a tile's scores into e^(score − greatest so far), and what was summed up before into the
/// same measure.
void take_tile(const Tile &tile, Scratch &scratch, float *output, std::int64_t stride,
               std::int64_t width) {
  for (std::int64_t i = 0; i < tile.queries; ++i) {
    const auto at = static_cast<std::size_t>(i);
    float *row = scratch.scores.data() + i * tile.keys;
    const std::int64_t seen = tile.seen(i);
    std::fill(row + seen, row + tile.keys, 0.0F);
    if (seen == 0)
      continue;
    const float most = std::max(scratch.most[at], greatest(row, seen));
    const float before = exponential(scratch.most[at] - most);
    scratch.sums[at] = scratch.sums[at] * before + exponentials(row, seen, most);
    scratch.most[at] = most;
    if (tile.key > 0)
      scale(output + i * stride, width, before);
  }
}

/// What the backward pass reads and writes.
struct BackwardData {
  const float *queries;
  const float *keys;
  const float *values;
  const float *output;
  const float *statistics;
  const float *output_gradient;
  AttentionGradients gradients;
};

/// Adds a tile's share to the gradients. `at` and `of_key`: where its queries and keys begin.
void add_tile(const AttentionShape &shape, const Layout &layout, const BackwardData &data,
              const Tile &tile, std::int64_t at, std::int64_t of_key, const float *statistics,
              const float *means, Scratch &scratch) {
  const Rows queries{data.queries + at, layout.query_stride()};
  const Rows output_gradient{data.output_gradient + at, layout.query_stride()};
  const Rows keys{data.keys + of_key, layout.key_stride()};
  const Rows values{data.values + of_key, layout.key_stride()};
  float *shares = scratch.scores.data();
  float *gradients = scratch.gradients.data();
  times_transposed(tile.queries, tile.keys, shape.width, layout.score_scale(), queries, keys,
                   shares);
  for (std::int64_t i = 0; i < tile.queries; ++i) {
    const std::int64_t seen = tile.seen(i);
    exponentials(shares + i * tile.keys, seen, statistics[i]);
    std::fill_n(shares + i * tile.keys + seen, tile.keys - seen, 0.0F);
  }
  add_transposed_product(tile.keys, shape.width, tile.queries, shares, output_gradient,
                         data.gradients.values + of_key, layout.key_stride());
  times_transposed(tile.queries, tile.keys, shape.width, 1.0F, output_gradient, values, gradients);
  for (std::int64_t i = 0; i < tile.queries; ++i)
    score_gradients(shares + i * tile.keys, gradients + i * tile.keys, means[i],
                    layout.score_scale(), tile.keys);
  add_product(tile.queries, shape.width, tile.keys, gradients, keys, data.gradients.queries + at,
              layout.query_stride());
  add_transposed_product(tile.keys, shape.width, tile.queries, gradients, queries,
                         data.gradients.keys + of_key, layout.key_stride());
}

void head_backward(const AttentionShape &shape, const Layout &layout, const BackwardData &data,
                   std::int64_t sequence, std::int64_t head, Scratch &scratch,
                   std::vector<float> &means) {
  for (std::int64_t row = 0; row < shape.sequence; ++row) {
    const std::int64_t at = layout.of_query(sequence, head, row);
    means[static_cast<std::size_t>(row)] =
        dot(data.output + at, data.output_gradient + at, shape.width);
  }
  for (std::int64_t key = 0; key < shape.sequence; key += block)
    for (std::int64_t query = shape.causal ? key : 0; query < shape.sequence; query += block) {
      const Tile tile{query, std::min(block, shape.sequence - query), key,
                      std::min(block, shape.sequence - key), shape.causal};
      add_tile(shape, layout, data, tile, layout.of_query(sequence, head, query),
               layout.of_key(sequence, head / layout.shared_by(), key),
               data.statistics + layout.of_statistic(sequence, head, query), means.data() + query,
               scratch);
    }
}

} // namespace

void attention(int threads, const AttentionShape &shape, const float *queries, const float *keys,
               const float *values, float *output, float *statistics) {
  const Layout layout(shape);
  const std::int64_t blocks = (shape.sequence + block - 1) / block;
  const std::int64_t tasks = shape.batch * shape.heads * blocks;
#pragma omp parallel num_threads(threads)
  {
    Scratch scratch;
// Later blocks of a causal sequence see more keys: the longest begin first.
#pragma omp for schedule(dynamic)
    for (std::int64_t task = 0; task < tasks; ++task) {
      const std::int64_t sequence = task / blocks / shape.heads;
      const std::int64_t head = task / blocks % shape.heads;
      const std::int64_t first = (blocks - 1 - task % blocks) * block;
      const std::int64_t count = std::min(block, shape.sequence - first);
      const std::int64_t key_head = head / layout.shared_by();
      const std::int64_t at = layout.of_query(sequence, head, first);
      float *result = output + at;
      for (std::int64_t i = 0; i < count; ++i)
        std::fill_n(result + i * layout.query_stride(), shape.width, 0.0F);
      std::ranges::fill(scratch.most, -std::numeric_limits<float>::infinity());
      std::ranges::fill(scratch.sums, 0.0F);
      const std::int64_t last_key = shape.causal ? first + count : shape.sequence;
      for (std::int64_t key = 0; key < last_key; key += block) {
        const Tile tile{first, count, key, std::min(block, shape.sequence - key), shape.causal};
        const std::int64_t of_key = layout.of_key(sequence, key_head, key);
        times_transposed(count, tile.keys, shape.width, layout.score_scale(),
                         {queries + at, layout.query_stride()},
                         {keys + of_key, layout.key_stride()}, scratch.scores.data());
        take_tile(tile, scratch, result, layout.query_stride(), shape.width);
        add_product(count, shape.width, tile.keys, scratch.scores.data(),
                    {values + of_key, layout.key_stride()}, result, layout.query_stride());
      }
      for (std::int64_t i = 0; i < count; ++i) {
        const auto row = static_cast<std::size_t>(i);
        scale(result + i * layout.query_stride(), shape.width, 1 / scratch.sums[row]);
        statistics[layout.of_statistic(sequence, head, first + i)] =
            scratch.most[row] + std::log(scratch.sums[row]);
      }
    }
  }
}

void attention_backward(int threads, const AttentionShape &shape, const float *queries,
                        const float *keys, const float *values, const float *output,
                        const float *statistics, const float *output_gradient,
                        const AttentionGradients &gradients) {
  const Layout layout(shape);
  const std::int64_t rows = shape.batch * shape.sequence;
  fill(threads, gradients.queries, rows * layout.query_stride(), 0);
  fill(threads, gradients.keys, rows * layout.key_stride(), 0);
  fill(threads, gradients.values, rows * layout.key_stride(), 0);
  const BackwardData data{queries, keys, values, output, statistics, output_gradient, gradients};
#pragma omp parallel num_threads(threads)
  {
    Scratch scratch;
    std::vector<float> means(static_cast<std::size_t>(shape.sequence));
// Heads that share keys are one task: their gradients add up in the keys.
#pragma omp for schedule(dynamic)
    for (std::int64_t task = 0; task < shape.batch * shape.key_heads; ++task)
      for (std::int64_t i = 0; i < layout.shared_by(); ++i)
        head_backward(shape, layout, data, task / shape.key_heads,
                      task % shape.key_heads * layout.shared_by() + i, scratch, means);
  }
}

} // namespace flopcast::cpu
