// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "profiler/kernels/kernels.hpp"

#include <cstdlib>
#include <set>
#include <string>
#include <vector>

namespace flopcast::tests {

/// A device that computes nothing. It writes down what it was asked for, and takes the time it is
/// told to.
class FakeKernels final : public Kernels {
public:
  struct Call {
    std::string name;
    std::vector<Tensor> tensors;
    Product product = {};
    AttentionShape attention = {};
    ConvolutionShape convolution = {};
  };

  std::vector<Call> calls;
  DeviceDescription description;
  std::function<double(std::size_t)> seconds = [](std::size_t) { return 1e-3; }; ///< of a run
  std::size_t runs = 0;
  std::int64_t allocated = 0;
  std::int64_t most_bytes = 1LL << 32;
  std::set<NumberFormat> formats{NumberFormat::fp32, NumberFormat::bf16};

  FakeKernels() {
    description.cache_bytes = 1 << 20;
    description.memory_bytes = 1LL << 32;
  }

  DeviceDescription describe() override { return description; }
  bool knows(OperatorClass kind, Pass pass, NumberFormat format) const override {
    if (kind == OperatorClass::grouped_gemm)
      return false;
    if (kind == OperatorClass::optimizer || kind == OperatorClass::cross_entropy)
      return pass == Pass::forward && formats.count(format) > 0;
    return formats.count(format) > 0;
  }
  std::shared_ptr<void> allocate(std::size_t bytes) override {
    if (allocated + static_cast<std::int64_t>(bytes) > most_bytes)
      throw MeasurementError("out of memory");
    const auto size = static_cast<std::int64_t>(bytes);
    allocated += size;
    return {std::malloc(bytes), [this, size](void *data) {
              allocated -= size;
              std::free(data);
            }};
  }
  void fill_random(const Tensor &to, double, std::uint64_t) override { note("fill_random", {to}); }
  void fill_zero(const Tensor &to) override { note("fill_zero", {to}); }
  void upload(std::span<const float>, const Tensor &) override {}
  void download(const Tensor &, std::span<float>) override {}
  void upload_indices(std::span<const std::int32_t>, void *) override {}

  void product(const Product &product, const Tensor &left, const Tensor &right,
               const Tensor &result, const Tensor &, const Tensor &) override {
    note("product", {left, right, result});
    calls.back().product = product;
  }
  void bias_gradient(std::int64_t, std::int64_t, const Tensor &a, const Tensor &b) override {
    note("bias_gradient", {a, b});
  }
  bool fuses = true;
  bool fuses_attention(const AttentionShape &, NumberFormat, Pass) override { return fuses; }
  void attention(const AttentionShape &shape, const Tensor &q, const Tensor &k, const Tensor &v,
                 const Tensor &o, const Tensor &s) override {
    note("attention", {q, k, v, o, s});
    calls.back().attention = shape;
  }
  void attention_backward(const AttentionShape &shape, const Tensor &q, const Tensor &k,
                          const Tensor &v, const Tensor &o, const Tensor &s, const Tensor &g,
                          const Tensor &dq, const Tensor &dk, const Tensor &dv) override {
    note("attention_backward", {q, k, v, o, s, g, dq, dk, dv});
    calls.back().attention = shape;
  }
  void convolution(const ConvolutionShape &shape, const Tensor &a, const Tensor &b,
                   const Tensor &c) override {
    note("convolution", {a, b, c});
    calls.back().convolution = shape;
  }
  void convolution_data_gradient(const ConvolutionShape &shape, const Tensor &a, const Tensor &b,
                                 const Tensor &c) override {
    note("convolution_data_gradient", {a, b, c});
    calls.back().convolution = shape;
  }
  void convolution_weight_gradient(const ConvolutionShape &shape, const Tensor &a, const Tensor &b,
                                   const Tensor &c) override {
    note("convolution_weight_gradient", {a, b, c});
    calls.back().convolution = shape;
  }
  void softmax(std::int64_t, std::int64_t, const Tensor &a, const Tensor &b) override {
    note("softmax", {a, b});
  }
  void softmax_backward(std::int64_t, std::int64_t, const Tensor &a, const Tensor &b,
                        const Tensor &c) override {
    note("softmax_backward", {a, b, c});
  }
  void layer_norm(std::int64_t, std::int64_t, const Tensor &a, const Tensor &b, const Tensor &c,
                  const Tensor &d, const Tensor &e) override {
    note("layer_norm", {a, b, c, d, e});
  }
  void layer_norm_backward(std::int64_t, std::int64_t, const Tensor &a, const Tensor &b,
                           const Tensor &c, const Tensor &d, const Tensor &e, const Tensor &f,
                           const Tensor &g) override {
    note("layer_norm_backward", {a, b, c, d, e, f, g});
  }
  void rms_norm(std::int64_t, std::int64_t, const Tensor &a, const Tensor &b, const Tensor &c,
                const Tensor &d) override {
    note("rms_norm", {a, b, c, d});
  }
  void rms_norm_backward(std::int64_t, std::int64_t, const Tensor &a, const Tensor &b,
                         const Tensor &c, const Tensor &d, const Tensor &e,
                         const Tensor &f) override {
    note("rms_norm_backward", {a, b, c, d, e, f});
  }
  void copy(const Tensor &a, const Tensor &b) override { note("copy", {a, b}); }
  void triad(const Tensor &a, const Tensor &b, double, const Tensor &c) override {
    note("triad", {a, b, c});
  }
  void add(const Tensor &a, const Tensor &b, const Tensor &c) override { note("add", {a, b, c}); }
  void gelu(const Tensor &a, const Tensor &b) override { note("gelu", {a, b}); }
  void gelu_backward(const Tensor &a, const Tensor &b, const Tensor &c) override {
    note("gelu_backward", {a, b, c});
  }
  void swiglu(std::int64_t, std::int64_t, const Tensor &a, const Tensor &b) override {
    note("swiglu", {a, b});
  }
  void swiglu_backward(std::int64_t, std::int64_t, const Tensor &a, const Tensor &b,
                       const Tensor &c) override {
    note("swiglu_backward", {a, b, c});
  }
  void rotary(std::int64_t batch, std::int64_t sequence, std::int64_t heads, std::int64_t width,
              bool backward, const Tensor &a) override {
    note(backward ? "rotary_backward" : "rotary", {a});
    calls.back().attention = {
        .batch = batch, .heads = heads, .key_heads = heads, .sequence = sequence, .width = width};
  }
  void embedding(std::int64_t, std::int64_t, const void *, const Tensor &a,
                 const Tensor &b) override {
    note("embedding", {a, b});
  }
  void embedding_backward(std::int64_t, std::int64_t, const void *, const Tensor &a,
                          const Tensor &b) override {
    note("embedding_backward", {a, b});
  }
  void cross_entropy(std::int64_t, std::int64_t, const void *, const Tensor &a,
                     const Tensor &b) override {
    note("cross_entropy", {a, b});
  }
  void adam(const AdamSettings &, const Tensor &a, const Tensor &b, const Tensor &c,
            const Tensor &d, const Tensor &e) override {
    note("adam", {a, b, c, d, e});
  }
  void finish() override {}
  RunTimes time(const std::function<void()> &work) override {
    work();
    const double took = seconds(runs++);
    return {.device_seconds = took, .span_seconds = took, .host_seconds = 1e-6, .kernels = 1};
  }
  void flush_cache() override {}

private:
  void note(const char *name, std::vector<Tensor> tensors) {
    calls.push_back({.name = name, .tensors = std::move(tensors)});
  }
};

} // namespace flopcast::tests
