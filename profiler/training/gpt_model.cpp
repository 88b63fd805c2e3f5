// SPDX-License-Identifier: Apache-2.0
#include "profiler/training/gpt_model.hpp"

#include "profiler/measuring/operand_pool.hpp"

#include <cmath>
#include <numeric>
#include <stdexcept>
#include <utility>

namespace flopcast {
namespace {

// Tensors begin where every device's widest loads and matrix units want them: at 256 bytes.
constexpr std::int64_t alignment = 128; // elements, at least 2 bytes each
constexpr std::int64_t mlp_factor = 4;
// Radford et al. 2019, section 2.3: 0.02, branches that end in the stream divided by √(2 layers).
constexpr double deviation = 0.02;

} // namespace

std::int64_t parameter_count(const GptShape &shape) {
  const std::int64_t h = shape.hidden;
  // Weights of QKV, output, up and down: (3 + 1 + 4 + 4) h²; their biases (3 + 1 + 4 + 1) h; two
  // norms of 2 h.
  const std::int64_t layer = (4 + 2 * mlp_factor) * h * h + (5 + mlp_factor) * h + 4 * h;
  const std::int64_t tables = (shape.tied ? 1 : 2) * shape.vocabulary * h + shape.sequence * h;
  return shape.layers * layer + tables + 2 * h;
}

GptModel::GptModel(Kernels &kernels, const GptShape &shape, NumberFormat format)
    : kernels_(kernels), shape_(shape), format_(format) {
  if (shape.heads < 1 || shape.hidden % shape.heads != 0)
    throw std::invalid_argument("hidden: heads must divide it");
  attention_ = {.batch = shape.micro_batch,
                .heads = shape.heads,
                .key_heads = shape.heads,
                .sequence = shape.sequence,
                .width = shape.hidden / shape.heads,
                .causal = true};
  add_parameters();
  allocate_parameters();
  allocate_activations();
  initialise();
}

GptModel::Parameter GptModel::parameter(std::int64_t elements) {
  all_.push_back({row_, elements});
  row_ += (elements + alignment - 1) / alignment * alignment;
  return all_.back();
}

GptModel::Linear GptModel::linear(std::int64_t outputs, std::int64_t inputs) {
  return {parameter(outputs * inputs), parameter(outputs), outputs, inputs};
}

GptModel::Norm GptModel::norm() { return {parameter(shape_.hidden), parameter(shape_.hidden)}; }

void GptModel::add_parameters() {
  const std::int64_t h = shape_.hidden;
  token_table_ = parameter(shape_.vocabulary * h);
  position_table_ = parameter(shape_.sequence * h);
  layers_.resize(static_cast<std::size_t>(shape_.layers));
  for (Layer &layer : layers_) {
    layer.attention_norm = norm();
    layer.queries = linear(h, h);
    layer.keys = linear(h, h);
    layer.values = linear(h, h);
    layer.output = linear(h, h);
    layer.mlp_norm = norm();
    layer.up = linear(mlp_factor * h, h);
    layer.down = linear(h, mlp_factor * h);
  }
  final_norm_ = norm();
  if (!shape_.tied)
    logits_table_ = parameter(shape_.vocabulary * h);
}

Tensor GptModel::allocate(NumberFormat format, std::int64_t elements) {
  const auto bytes = static_cast<std::size_t>(
      std::ceil(static_cast<double>(elements) * bytes_per_element(format)));
  memory_.push_back(kernels_.allocate(bytes));
  allocated_bytes_ += static_cast<std::int64_t>(bytes);
  return {memory_.back().get(), format, elements};
}

void *GptModel::allocate_indices(std::int64_t count) {
  return allocate(NumberFormat::fp32, count).data; // int32 takes as much
}

void GptModel::allocate_parameters() {
  master_ = allocate(NumberFormat::fp32, row_);
  weights_ = format_ == NumberFormat::fp32 ? master_ : allocate(format_, row_);
  weight_gradients_ = allocate(format_, row_);
  first_ = allocate(NumberFormat::fp32, row_);
  second_ = allocate(NumberFormat::fp32, row_);
}

void GptModel::allocate_activations() {
  const std::int64_t m = shape_.tokens();
  const std::int64_t stream = m * shape_.hidden;
  const auto floats = [&](std::int64_t elements) { return allocate(NumberFormat::fp32, elements); };
  const auto values = [&](std::int64_t elements) { return allocate(format_, elements); };
  tokens_ = allocate_indices(m);
  targets_ = allocate_indices(m);
  positions_ = allocate_indices(m);
  embedded_ = values(stream);
  position_vectors_ = values(stream);
  for (Layer &layer : layers_) {
    for (Tensor *tensor : {&layer.input, &layer.normal1, &layer.q, &layer.k, &layer.v,
                           &layer.attended, &layer.middle, &layer.normal2})
      *tensor = values(stream);
    layer.statistics1 = floats(2 * m);
    layer.statistics2 = floats(2 * m);
    layer.attention_statistics = floats(m * shape_.heads);
    layer.expanded = values(mlp_factor * stream);
    layer.activated = values(mlp_factor * stream);
  }
  for (Tensor *tensor :
       {&branch_, &last_, &final_normal_, &gradients_.stream, &gradients_.next_stream,
        &gradients_.branch, &gradients_.q, &gradients_.k, &gradients_.v})
    *tensor = values(stream);
  gradients_.expanded = values(mlp_factor * stream);
  gradients_.activated = values(mlp_factor * stream);
  final_statistics_ = floats(2 * m);
  logits_ = values(m * shape_.vocabulary);
  losses_ = floats(m);
}

void GptModel::initialise() {
  kernels_.fill_zero(master_);
  kernels_.fill_zero(weight_gradients_);
  kernels_.fill_zero(first_);
  kernels_.fill_zero(second_);
  std::uint64_t seed = 1;
  const auto random = [&](const Parameter &of, double of_deviation) {
    kernels_.fill_random(part(master_, of), of_deviation, seed++);
  };
  const std::vector<float> ones(static_cast<std::size_t>(shape_.hidden), 1.0F);
  const auto norm_weight = [&](const Norm &norm) {
    kernels_.upload(ones, part(master_, norm.weight));
  };
  const double into_stream = deviation / std::sqrt(2 * static_cast<double>(shape_.layers));
  random(token_table_, deviation);
  random(position_table_, deviation);
  for (const Layer &layer : layers_) {
    norm_weight(layer.attention_norm);
    norm_weight(layer.mlp_norm);
    for (const Linear *linear : {&layer.queries, &layer.keys, &layer.values, &layer.up})
      random(linear->weight, deviation);
    random(layer.output.weight, into_stream);
    random(layer.down.weight, into_stream);
  }
  norm_weight(final_norm_);
  if (!shape_.tied)
    random(logits_table_, deviation);
  // A step of length zero copies the masters into the weights.
  update({.learning_rate = 0});

  std::vector<std::int32_t> positions(static_cast<std::size_t>(shape_.tokens()));
  for (std::size_t i = 0; i < positions.size(); ++i)
    positions[i] = static_cast<std::int32_t>(static_cast<std::int64_t>(i) % shape_.sequence);
  kernels_.upload_indices(positions, positions_);
}

void GptModel::set_batch(std::span<const std::int32_t> tokens,
                         std::span<const std::int32_t> targets) {
  kernels_.upload_indices(tokens, tokens_);
  kernels_.upload_indices(targets, targets_);
}

Tensor GptModel::part(const Tensor &all, const Parameter &of) const {
  const auto bytes =
      static_cast<std::int64_t>(static_cast<double>(of.offset) * bytes_per_element(all.format));
  return {static_cast<std::byte *>(all.data) + bytes, all.format, of.elements};
}

void GptModel::apply(const Linear &linear, const Tensor &input, const Tensor &output) {
  kernels_.product({.shape = {1, shape_.tokens(), linear.outputs, linear.inputs},
                    .transpose_right = true,
                    .epilogue = Epilogue::bias},
                   input, weight(linear.weight), output, weight(linear.bias), {});
}

void GptModel::apply_backward(const Linear &linear, const Tensor &input,
                              const Tensor &output_gradient, const Tensor &input_gradient,
                              bool adds) {
  const std::int64_t m = shape_.tokens();
  kernels_.product({.shape = {1, m, linear.inputs, linear.outputs}, .accumulate = adds},
                   output_gradient, weight(linear.weight), input_gradient, {}, {});
  kernels_.product({.shape = {1, linear.outputs, linear.inputs, m}, .transpose_left = true},
                   output_gradient, input, gradient(linear.weight), {}, {});
  kernels_.bias_gradient(m, linear.outputs, output_gradient, gradient(linear.bias));
}

void GptModel::normalize(const Norm &norm, const Tensor &input, const Tensor &output,
                         const Tensor &statistics) {
  kernels_.layer_norm(shape_.tokens(), shape_.hidden, input, weight(norm.weight), weight(norm.bias),
                      output, statistics);
}

void GptModel::normalize_backward(const Norm &norm, const Tensor &input, const Tensor &statistics,
                                  const Tensor &output_gradient, const Tensor &input_gradient) {
  kernels_.layer_norm_backward(shape_.tokens(), shape_.hidden, input, weight(norm.weight),
                               statistics, output_gradient, input_gradient, gradient(norm.weight),
                               gradient(norm.bias));
}

void GptModel::forward(const Layer &layer, const Tensor &output) {
  normalize(layer.attention_norm, layer.input, layer.normal1, layer.statistics1);
  apply(layer.queries, layer.normal1, layer.q);
  apply(layer.keys, layer.normal1, layer.k);
  apply(layer.values, layer.normal1, layer.v);
  kernels_.attention(attention_, layer.q, layer.k, layer.v, layer.attended,
                     layer.attention_statistics);
  apply(layer.output, layer.attended, branch_);
  kernels_.add(layer.input, branch_, layer.middle);
  normalize(layer.mlp_norm, layer.middle, layer.normal2, layer.statistics2);
  apply(layer.up, layer.normal2, layer.expanded);
  kernels_.gelu(layer.expanded, layer.activated);
  apply(layer.down, layer.activated, branch_);
  kernels_.add(layer.middle, branch_, output);
}

void GptModel::forward() {
  const std::int64_t m = shape_.tokens();
  const auto after = [&](std::size_t layer) -> const Tensor & {
    return layer + 1 < layers_.size() ? layers_[layer + 1].input : last_;
  };
  kernels_.embedding(m, shape_.hidden, tokens_, weight(token_table_), embedded_);
  kernels_.embedding(m, shape_.hidden, positions_, weight(position_table_), position_vectors_);
  kernels_.add(embedded_, position_vectors_, layers_.empty() ? last_ : layers_.front().input);
  for (std::size_t i = 0; i < layers_.size(); ++i)
    forward(layers_[i], after(i));
  normalize(final_norm_, last_, final_normal_, final_statistics_);
  kernels_.product({.shape = {1, m, shape_.vocabulary, shape_.hidden}, .transpose_right = true},
                   final_normal_, weight(output_table()), logits_, {}, {});
  kernels_.cross_entropy(m, shape_.vocabulary, targets_, logits_, losses_);
}

void GptModel::join_branch() {
  kernels_.add(gradients_.stream, gradients_.branch, gradients_.next_stream);
  std::swap(gradients_.stream, gradients_.next_stream);
}

void GptModel::backward(const Layer &layer) {
  Gradients &to = gradients_;
  apply_backward(layer.down, layer.activated, to.stream, to.activated, false);
  kernels_.gelu_backward(layer.expanded, to.activated, to.expanded);
  apply_backward(layer.up, layer.normal2, to.expanded, to.next_stream, false);
  normalize_backward(layer.mlp_norm, layer.middle, layer.statistics2, to.next_stream, to.branch);
  join_branch();
  apply_backward(layer.output, layer.attended, to.stream, to.branch, false);
  kernels_.attention_backward(attention_, layer.q, layer.k, layer.v, layer.attended,
                              layer.attention_statistics, to.branch, to.q, to.k, to.v);
  apply_backward(layer.queries, layer.normal1, to.q, to.next_stream, false);
  apply_backward(layer.keys, layer.normal1, to.k, to.next_stream, true);
  apply_backward(layer.values, layer.normal1, to.v, to.next_stream, true);
  normalize_backward(layer.attention_norm, layer.input, layer.statistics1, to.next_stream,
                     to.branch);
  join_branch();
}

void GptModel::backward() {
  const std::int64_t m = shape_.tokens();
  // The loss left its gradient in the place of the logits.
  kernels_.product({.shape = {1, m, shape_.hidden, shape_.vocabulary}}, logits_,
                   weight(output_table()), gradients_.branch, {}, {});
  kernels_.product({.shape = {1, shape_.vocabulary, shape_.hidden, m}, .transpose_left = true},
                   logits_, final_normal_, gradient(output_table()), {}, {});
  normalize_backward(final_norm_, last_, final_statistics_, gradients_.branch, gradients_.stream);
  for (std::size_t i = layers_.size(); i-- > 0;)
    backward(layers_[i]);
  kernels_.embedding_backward(m, shape_.hidden, tokens_, gradients_.stream, gradient(token_table_));
  kernels_.embedding_backward(m, shape_.hidden, positions_, gradients_.stream,
                              gradient(position_table_));
}

void GptModel::update(const AdamSettings &settings) {
  kernels_.adam(settings, weight_gradients_, master_, first_, second_, weights_);
}

double GptModel::loss() {
  std::vector<float> losses(static_cast<std::size_t>(losses_.elements));
  kernels_.download(losses_, losses);
  return std::accumulate(losses.begin(), losses.end(), 0.0) / static_cast<double>(losses.size());
}

std::vector<float> GptModel::parameters() {
  std::vector<float> values(static_cast<std::size_t>(row_));
  kernels_.download(master_, values);
  return values;
}

std::vector<float> GptModel::gradients() {
  std::vector<float> values(static_cast<std::size_t>(row_));
  kernels_.download(weight_gradients_, values);
  return values;
}

void GptModel::set_parameters(std::span<const float> values) {
  kernels_.upload(values, master_);
  if (weights_.data != master_.data)
    kernels_.upload(values, weights_);
}

std::vector<bool> GptModel::is_parameter() const {
  std::vector<bool> is(static_cast<std::size_t>(row_));
  for (const Parameter &each : all_)
    for (std::int64_t i = 0; i < each.elements; ++i)
      is[static_cast<std::size_t>(each.offset + i)] = true;
  return is;
}

} // namespace flopcast
