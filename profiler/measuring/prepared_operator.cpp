// SPDX-License-Identifier: Apache-2.0
#include "profiler/measuring/prepared_operator.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <random>
#include <string_view>

namespace flopcast {
namespace {

// Tensors begin at multiples of this: what every device's widest loads and matrix units ask for.
constexpr std::int64_t alignment = 256;
constexpr std::size_t area_count =
    number_format_count + 4; // inputs by format, and the other places
// Cold sets together are as large as this many caches, so that a set is gone when it comes again
// also where the cache does not drop the oldest first.
constexpr std::int64_t caches_rotated = 2;
constexpr std::int64_t most_sets = 4096;
constexpr std::int64_t table_rows = 50304; // GPT-2's vocabulary, padded
constexpr std::int64_t table_bytes = 256LL << 20;
constexpr std::int64_t heads_of_a_layer = 32;
constexpr std::int64_t positions = 4096;

std::int64_t aligned(double bytes) {
  return (static_cast<std::int64_t>(std::ceil(bytes)) + alignment - 1) / alignment * alignment;
}

std::int64_t greatest_divisor(std::int64_t of, std::int64_t at_most) {
  std::int64_t divisor = std::min(of, at_most);
  while (of % divisor != 0)
    --divisor;
  return divisor;
}

/// Narrow operands give 16-bit results.
NumberFormat result_format(NumberFormat format) {
  return bytes_per_element(format) < 2 ? NumberFormat::bf16 : format;
}

double real(std::int64_t value) { return static_cast<double>(value); }

struct AdamFormats {
  std::int64_t elements;
  NumberFormat gradient;
  NumberFormat weight;
};

/// Moments take 16 bytes a parameter both ways; a gradient and a weight 4 each in fp32 training;
/// 16-bit weights come with an fp32 master, 8 bytes both ways.
AdamFormats adam_formats(const Kernels &kernels, const OperatorCall &call) {
  const double bytes = call.bytes.in(units::byte);
  const bool mixed_step = kernels.knows(OperatorClass::gemm, Pass::forward, NumberFormat::bf16);
  const std::int64_t elements =
      call.shape.rows > 0 ? call.shape.rows * std::max<std::int64_t>(1, call.shape.columns)
                          : std::llround(bytes / (mixed_step ? 30 : 24));
  const double each = bytes / real(std::max<std::int64_t>(1, elements));
  constexpr double mixed_from = 26, wide_gradient_from = 29;
  if (each < mixed_from || !mixed_step)
    return {elements, NumberFormat::fp32, NumberFormat::fp32};
  return {elements, each < wide_gradient_from ? NumberFormat::bf16 : NumberFormat::fp32,
          NumberFormat::bf16};
}

} // namespace

std::string why_not(const Kernels &kernels, const OperatorCall &call) {
  const MatrixShape &shape = call.shape;
  if (!kernels.knows(call.kind, call.pass, call.format))
    return "the device has no kernel for it";
  if (call.expert_width > 0)
    return "whole layers of experts are not measured yet";
  if (call.kind == OperatorClass::convolution && shape.batch != 1)
    return "convolutions in groups are not measured yet";
  if (call.kind == OperatorClass::optimizer)
    return call.bytes > Bytes{} ? "" : "it has no size";
  if (shape.rows <= 0 || shape.columns <= 0)
    return "it has no size";
  if (multiplies_matrices(call.kind) && (shape.batch <= 0 || shape.depth <= 0))
    return "it has no size";
  if (call.kind == OperatorClass::fused_attention && shape.rows != shape.columns)
    return "attention is measured with as many queries as keys";
  using enum OperatorVariant;
  const bool norm = call.kind == OperatorClass::normalization;
  if (call.variant != usual &&
      (norm != (call.variant == root_mean_square) ||
       (!norm && call.kind != OperatorClass::elementwise) ||
       (call.pass == Pass::backward && (call.variant == copy || call.variant == triad))))
    return "there is no such variant of it";
  if (call.kind == OperatorClass::rotary && shape.columns % 2 != 0)
    return "rotation needs pairs";
  return "";
}

PreparedOperator::PreparedOperator(Kernels &kernels, OperandPool &pool, const OperatorCall &call,
                                   CacheState cache)
    : kernels_(kernels), call_(call), areas_(area_count) {
  if (const std::string reason = why_not(kernels, call); !reason.empty())
    throw MeasurementError(std::string(to_text(call.kind)) + ": " + reason);
  switch (call.kind) {
  case OperatorClass::gemm:
  case OperatorClass::batched_gemm:
  case OperatorClass::grouped_gemm:
    prepare_product();
    break;
  case OperatorClass::fused_attention:
    prepare_attention();
    break;
  case OperatorClass::softmax:
  case OperatorClass::normalization:
    prepare_rows();
    break;
  case OperatorClass::elementwise:
  case OperatorClass::rotary:
    prepare_elementwise();
    break;
  case OperatorClass::embedding:
  case OperatorClass::cross_entropy:
    prepare_table();
    break;
  case OperatorClass::optimizer:
    prepare_optimizer();
    break;
  case OperatorClass::convolution:
    prepare_convolution();
    break;
  }
  allocate(pool, cache);
  fill_states();
}

void PreparedOperator::run() {
  run_();
  set_ = (set_ + 1) % sets_;
}

PreparedOperator::Area &PreparedOperator::area(Place place, NumberFormat format) {
  const auto by_format = place == Place::input
                             ? static_cast<std::size_t>(format)
                             : number_format_count - 1 + static_cast<std::size_t>(place);
  return areas_.at(by_format);
}

PreparedOperator::Operand PreparedOperator::operand(Place place, NumberFormat format,
                                                    std::int64_t elements) {
  Area &in = area(place, format);
  const Operand operand{place, format, elements, in.bytes};
  const std::int64_t bytes = aligned(real(elements) * bytes_per_element(format));
  in.bytes += bytes;
  bytes_ += bytes;
  return operand;
}

PreparedOperator::Operand PreparedOperator::state(NumberFormat format, std::int64_t elements,
                                                  double deviation) {
  states_.push_back(operand(Place::state, format, elements));
  states_.back().deviation = deviation;
  return states_.back();
}

PreparedOperator::Operand PreparedOperator::indices(std::int64_t elements, std::int64_t below) {
  index_limit_ = below;
  return operand(Place::indices, NumberFormat::fp32, elements); // int32 takes as much
}

PreparedOperator::Operand PreparedOperator::table(NumberFormat format, std::int64_t elements) {
  area(Place::table, format).bytes = aligned(real(elements) * bytes_per_element(format));
  return {.place = Place::table, .format = format, .elements = elements};
}

Tensor PreparedOperator::at(const Operand &operand) {
  const Area &in = area(operand.place, operand.format);
  if (operand.place == Place::table)
    return {in.data, operand.format, operand.elements};
  if (operand.place == Place::state) {
    // All sets of one state lie together, to be filled at once.
    const std::int64_t bytes = aligned(real(operand.elements) * bytes_per_element(operand.format));
    return {in.data + sets_ * operand.offset + set_ * bytes, operand.format, operand.elements};
  }
  return {in.data + set_ * in.bytes + operand.offset, operand.format, operand.elements};
}

void PreparedOperator::allocate(OperandPool &pool, CacheState cache) {
  if (cache == CacheState::cold) {
    const std::int64_t rotated = caches_rotated * kernels_.describe().cache_bytes;
    sets_ = std::clamp<std::int64_t>((rotated + bytes_ - 1) / std::max<std::int64_t>(1, bytes_) + 1,
                                     1, most_sets);
    if (bytes_ > 2 * rotated)
      sets_ = 1; // a set drives itself out
  }
  for (std::size_t format = 0; format < number_format_count; ++format)
    if (areas_[format].bytes > 0)
      areas_[format].data =
          pool.inputs(static_cast<NumberFormat>(format), sets_ * areas_[format].bytes);
  const auto of = [this](Place place) -> Area & { return area(place, NumberFormat::fp32); };
  of(Place::result).data = pool.results(sets_ * of(Place::result).bytes);
  if (of(Place::state).bytes > 0 || of(Place::table).bytes > 0) {
    // A table's gradient adds to what is there: both lie among the states.
    of(Place::state).data = pool.states(sets_ * of(Place::state).bytes + of(Place::table).bytes);
    of(Place::table).data = of(Place::state).data + sets_ * of(Place::state).bytes;
  }
  if (of(Place::indices).bytes > 0) {
    index_data_ = kernels_.allocate(static_cast<std::size_t>(sets_ * of(Place::indices).bytes));
    of(Place::indices).data = static_cast<std::byte *>(index_data_.get());
  }
}

void PreparedOperator::fill_states() {
  for (const Operand &operand : states_) {
    Tensor sets = at(operand);
    const double each = bytes_per_element(operand.format);
    sets.elements =
        sets_ * static_cast<std::int64_t>(real(aligned(real(operand.elements) * each)) / each);
    if (operand.deviation > 0)
      kernels_.fill_random(sets, operand.deviation, 1);
    else
      kernels_.fill_zero(sets);
  }
  const Area &in = area(Place::indices, NumberFormat::fp32);
  if (in.bytes == 0)
    return;
  std::mt19937 random(1); // the same tokens every time. NOLINT(bugprone-random-generator-seed)
  std::uniform_int_distribution<std::int32_t> row(0, static_cast<std::int32_t>(index_limit_ - 1));
  std::vector<std::int32_t> rows(static_cast<std::size_t>(sets_ * in.bytes) / sizeof(std::int32_t));
  std::ranges::generate(rows, [&] { return row(random); });
  kernels_.upload_indices(rows, in.data);
}

void PreparedOperator::prepare_product() {
  const auto [batch, m, n, k] = call_.shape;
  const NumberFormat format = call_.format;
  const NumberFormat written = result_format(format);
  const bool stored_by_column = call_.kind == OperatorClass::gemm || n > k;
  const Operand left = input(format, batch * m * k);
  const Operand right = input(format, batch * k * n);
  const auto start = [this](const Product &product, const Operand &a, const Operand &b,
                            const Operand &to) {
    kernels_.product(product, at(a), at(b), at(to), {}, {});
  };
  if (call_.pass == Pass::backward && call_.kernels == 2) {
    const Operand gradient = input(format, batch * m * n);
    const Operand of_left = result(written, batch * m * k);
    const Operand of_right = result(written, batch * k * n);
    const Product left_product{.shape = {batch, m, k, n}, .transpose_right = !stored_by_column};
    Product right_product{.shape = {batch, k, n, m}, .transpose_left = true};
    if (stored_by_column)
      right_product.shape = {batch, n, k, m};
    run_ = [=] {
      start(left_product, gradient, right, of_left);
      start(right_product, stored_by_column ? gradient : left, stored_by_column ? left : gradient,
            of_right);
    };
    return;
  }
  const Operand product_result = result(written, batch * m * n);
  Product product{.shape = call_.shape};
  if (call_.pass == Pass::forward)
    product.transpose_right = stored_by_column;
  else
    product.transpose_left = k >= std::max(m, n);
  run_ = [=] { start(product, left, right, product_result); };
}

void PreparedOperator::prepare_attention() {
  const auto [batch, sequence, keys, width] = call_.shape;
  const NumberFormat format = call_.format;
  const double passes = call_.pass == Pass::forward ? 1 : 2;
  const double moved = call_.bytes.in(units::byte) / bytes_per_element(format) / passes /
                       real(batch * sequence * width);
  const std::int64_t heads = greatest_divisor(batch, heads_of_a_layer);
  // Queries and output make two, keys and values the rest.
  const std::int64_t shared = std::llround(real(heads) * (moved - 2) / 2);
  const bool divides = shared >= 1 && shared <= heads && heads % shared == 0;
  const AttentionShape shape{.batch = batch / heads,
                             .heads = heads,
                             .key_heads = divides ? shared : heads,
                             .sequence = sequence,
                             .width = width,
                             .causal = call_.causal};
  unfused_ = !kernels_.fuses_attention(shape, format, call_.pass);
  const std::int64_t queries = batch * sequence * width;
  const std::int64_t key_elements = shape.batch * shape.key_heads * sequence * width;
  const Operand q = input(format, queries), k = input(format, key_elements),
                v = input(format, key_elements);
  if (call_.pass == Pass::forward) {
    const Operand output = result(format, queries);
    const Operand statistics = result(NumberFormat::fp32, batch * sequence);
    run_ = [=, this] {
      kernels_.attention(shape, at(q), at(k), at(v), at(output), at(statistics));
    };
    return;
  }
  const Operand output = input(format, queries), gradient = input(format, queries);
  const Operand statistics = input(NumberFormat::fp32, batch * sequence);
  const Operand of_q = result(format, queries), of_k = result(format, key_elements),
                of_v = result(format, key_elements);
  run_ = [=, this] {
    kernels_.attention_backward(shape, at(q), at(k), at(v), at(output), at(statistics),
                                at(gradient), at(of_q), at(of_k), at(of_v));
  };
}

void PreparedOperator::prepare_rows() {
  const std::int64_t rows = call_.shape.rows, columns = call_.shape.columns;
  const std::int64_t elements = rows * columns;
  const NumberFormat format = call_.format;
  const bool forward = call_.pass == Pass::forward;
  const Operand values = input(format, elements);
  const Operand to = result(format, elements);
  if (call_.kind == OperatorClass::softmax) {
    if (forward) {
      run_ = [=, this] { kernels_.softmax(rows, columns, at(values), at(to)); };
      return;
    }
    const Operand gradient = input(format, elements);
    run_ = [=, this] {
      kernels_.softmax_backward(rows, columns, at(values), at(gradient), at(to));
    };
    return;
  }
  const Operand weight = input(format, columns);
  if (call_.variant == OperatorVariant::root_mean_square) {
    if (forward) {
      const Operand statistics = result(NumberFormat::fp32, rows);
      run_ = [=, this] {
        kernels_.rms_norm(rows, columns, at(values), at(weight), at(to), at(statistics));
      };
      return;
    }
    const Operand gradient = input(format, elements);
    const Operand statistics = input(NumberFormat::fp32, rows);
    const Operand of_weight = state(format, columns, 0);
    run_ = [=, this] {
      kernels_.rms_norm_backward(rows, columns, at(values), at(weight), at(statistics),
                                 at(gradient), at(to), at(of_weight));
    };
    return;
  }
  if (forward) {
    const Operand bias = input(format, columns);
    const Operand statistics = result(NumberFormat::fp32, 2 * rows);
    run_ = [=, this] {
      kernels_.layer_norm(rows, columns, at(values), at(weight), at(bias), at(to), at(statistics));
    };
    return;
  }
  const Operand gradient = input(format, elements);
  const Operand statistics = input(NumberFormat::fp32, 2 * rows);
  const Operand of_weight = state(format, columns, 0), of_bias = state(format, columns, 0);
  run_ = [=, this] {
    kernels_.layer_norm_backward(rows, columns, at(values), at(weight), at(statistics),
                                 at(gradient), at(to), at(of_weight), at(of_bias));
  };
}

void PreparedOperator::prepare_elementwise() {
  const std::int64_t rows = call_.shape.rows, columns = call_.shape.columns;
  const std::int64_t elements = rows * columns;
  const NumberFormat format = call_.format;
  const bool backward = call_.pass == Pass::backward;
  if (call_.kind == OperatorClass::rotary) {
    const std::int64_t heads = greatest_divisor(rows, heads_of_a_layer);
    const std::int64_t sequence = greatest_divisor(rows / heads, positions);
    const Operand vectors = state(format, elements, 1);
    run_ = [=, this] {
      kernels_.rotary(rows / heads / sequence, sequence, heads, columns, backward, at(vectors));
    };
    return;
  }
  if (call_.variant != OperatorVariant::usual) {
    prepare_variant();
    return;
  }
  const double tensors = call_.bytes.in(units::byte) / (real(elements) * bytes_per_element(format));
  const bool sum = tensors > (backward ? 5.0 : 2.5);
  const Operand a = input(format, elements);
  if (!sum && !backward) {
    const Operand to = result(format, elements);
    run_ = [=, this] { kernels_.gelu(at(a), at(to)); };
    return;
  }
  const Operand b = input(format, elements);
  const Operand to = result(format, elements);
  if (sum)
    run_ = [=, this] { kernels_.add(at(a), at(b), at(to)); };
  else
    run_ = [=, this] { kernels_.gelu_backward(at(a), at(b), at(to)); };
}

void PreparedOperator::prepare_table() {
  const std::int64_t rows = call_.shape.rows, columns = call_.shape.columns;
  const NumberFormat format = call_.format;
  if (call_.kind == OperatorClass::cross_entropy) {
    const Operand logits = state(format, rows * columns, 1);
    const Operand targets = indices(rows, columns);
    const Operand losses = result(NumberFormat::fp32, rows);
    run_ = [=, this] {
      kernels_.cross_entropy(rows, columns, indices_at(targets), at(logits), at(losses));
    };
    return;
  }
  const double row_bytes = real(columns) * bytes_per_element(format);
  const std::int64_t words = std::clamp<std::int64_t>(
      static_cast<std::int64_t>(real(table_bytes) / row_bytes), 1024, table_rows);
  const Operand tokens = indices(rows, words);
  const Operand words_table = table(format, words * columns);
  if (call_.pass == Pass::forward) {
    const Operand to = result(format, rows * columns);
    run_ = [=, this] {
      kernels_.embedding(rows, columns, indices_at(tokens), at(words_table), at(to));
    };
    return;
  }
  const Operand gradient = input(format, rows * columns);
  run_ = [=, this] {
    kernels_.embedding_backward(rows, columns, indices_at(tokens), at(gradient), at(words_table));
  };
}

void PreparedOperator::prepare_optimizer() {
  const AdamFormats adam = adam_formats(kernels_, call_);
  const Operand gradients = state(adam.gradient, adam.elements, 1);
  const Operand master = state(NumberFormat::fp32, adam.elements, 1);
  const Operand first = state(NumberFormat::fp32, adam.elements, 1);
  // Means of squares: no random values, which could be negative.
  const Operand second = state(NumberFormat::fp32, adam.elements, 0);
  const bool copies = adam.weight != NumberFormat::fp32;
  const Operand weights = copies ? result(adam.weight, adam.elements) : master;
  run_ = [=, this] {
    kernels_.adam(AdamSettings{}, at(gradients), at(master), at(first), at(second), at(weights));
  };
}

} // namespace flopcast
