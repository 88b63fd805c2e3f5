// SPDX-License-Identifier: Apache-2.0
#include "profiler/cpu/cpu_kernels.hpp"

#include "profiler/cpu/attention.hpp"
#include "profiler/cpu/convolution.hpp"
#include "profiler/cpu/cpu_description.hpp"
#include "profiler/cpu/elementwise.hpp"
#include "profiler/cpu/matrix.hpp"
#include "profiler/cpu/normalization.hpp"
#include "profiler/cpu/tables.hpp"

#include <algorithm>
#include <chrono>
#include <new>
#include <thread>

namespace flopcast {
namespace {

constexpr std::align_val_t alignment{64}; // a cache line, and the widest vectors
constexpr std::int64_t unknown_cache_bytes = 64LL << 20;

float *floats(const Tensor &tensor) {
  if (tensor.data != nullptr && tensor.format != NumberFormat::fp32)
    throw MeasurementError("the CPU back end computes in fp32 only");
  return static_cast<float *>(tensor.data);
}

class CpuKernels final : public Kernels {
public:
  explicit CpuKernels(int threads) : threads_(threads) { cpu::use_callers_thread(); }

  DeviceDescription describe() override {
    DeviceDescription description = cpu::describe_processor(threads_);
    description.software = cpu::matrix_library() + ", " + std::to_string(threads_) +
                           (threads_ == 1 ? " thread" : " threads");
    return description;
  }

  bool knows(OperatorClass kind, Pass pass, NumberFormat format) const override {
    if (format != NumberFormat::fp32)
      return false;
    switch (kind) {
    case OperatorClass::grouped_gemm:
      return false;
    case OperatorClass::cross_entropy: // its one pass yields loss and gradient
    case OperatorClass::optimizer:
      return pass == Pass::forward;
    default:
      return true;
    }
  }

  std::shared_ptr<void> allocate(std::size_t bytes) override {
    void *data = ::operator new(bytes, alignment, std::nothrow);
    if (data == nullptr)
      throw MeasurementError("out of memory: " + std::to_string(bytes) + " bytes");
    return {data, [](void *at) { ::operator delete(at, alignment); }};
  }

  void fill_random(const Tensor &to, double deviation, std::uint64_t seed) override {
    cpu::fill_random(threads_, floats(to), to.elements, deviation, seed);
  }
  void fill_zero(const Tensor &to) override { cpu::fill(threads_, floats(to), to.elements, 0); }
  void upload(std::span<const float> from, const Tensor &to) override {
    std::ranges::copy(from, floats(to));
  }
  void download(const Tensor &from, std::span<float> to) override {
    std::copy_n(floats(from), to.size(), to.begin());
  }
  void upload_indices(std::span<const std::int32_t> from, void *to) override {
    std::ranges::copy(from, static_cast<std::int32_t *>(to));
  }

  void product(const Product &product, const Tensor &left, const Tensor &right,
               const Tensor &result, const Tensor &bias, const Tensor &before_gelu) override {
    ++calls_;
    cpu::product(threads_, product, floats(left), floats(right), floats(result), floats(bias),
                 floats(before_gelu));
  }
  void bias_gradient(std::int64_t rows, std::int64_t columns, const Tensor &output_gradient,
                     const Tensor &gradient) override {
    ++calls_;
    cpu::bias_gradient(threads_, rows, columns, floats(output_gradient), floats(gradient));
  }

  bool fuses_attention(const AttentionShape &, NumberFormat, Pass) override { return true; }
  void attention(const AttentionShape &shape, const Tensor &queries, const Tensor &keys,
                 const Tensor &values, const Tensor &output, const Tensor &statistics) override {
    ++calls_;
    cpu::attention(threads_, shape, floats(queries), floats(keys), floats(values), floats(output),
                   floats(statistics));
  }
  void attention_backward(const AttentionShape &shape, const Tensor &queries, const Tensor &keys,
                          const Tensor &values, const Tensor &output, const Tensor &statistics,
                          const Tensor &output_gradient, const Tensor &query_gradient,
                          const Tensor &key_gradient, const Tensor &value_gradient) override {
    ++calls_;
    cpu::attention_backward(threads_, shape, floats(queries), floats(keys), floats(values),
                            floats(output), floats(statistics), floats(output_gradient),
                            {floats(query_gradient), floats(key_gradient), floats(value_gradient)});
  }

  void convolution(const ConvolutionShape &shape, const Tensor &input, const Tensor &filter,
                   const Tensor &output) override {
    ++calls_;
    cpu::convolution(threads_, shape, floats(input), floats(filter), floats(output));
  }
  void convolution_data_gradient(const ConvolutionShape &shape, const Tensor &filter,
                                 const Tensor &output_gradient,
                                 const Tensor &input_gradient) override {
    ++calls_;
    cpu::convolution_data_gradient(threads_, shape, floats(filter), floats(output_gradient),
                                   floats(input_gradient));
  }
  void convolution_weight_gradient(const ConvolutionShape &shape, const Tensor &input,
                                   const Tensor &output_gradient,
                                   const Tensor &filter_gradient) override {
    ++calls_;
    cpu::convolution_weight_gradient(threads_, shape, floats(input), floats(output_gradient),
                                     floats(filter_gradient));
  }

  void softmax(std::int64_t rows, std::int64_t columns, const Tensor &input,
               const Tensor &output) override {
    ++calls_;
    cpu::softmax(threads_, rows, columns, floats(input), floats(output));
  }
  void softmax_backward(std::int64_t rows, std::int64_t columns, const Tensor &output,
                        const Tensor &output_gradient, const Tensor &input_gradient) override {
    ++calls_;
    cpu::softmax_backward(threads_, rows, columns, floats(output), floats(output_gradient),
                          floats(input_gradient));
  }
  void layer_norm(std::int64_t rows, std::int64_t columns, const Tensor &input,
                  const Tensor &weight, const Tensor &bias, const Tensor &output,
                  const Tensor &statistics) override {
    ++calls_;
    cpu::layer_norm(threads_, rows, columns, floats(input), floats(weight), floats(bias),
                    floats(output), floats(statistics));
  }
  void layer_norm_backward(std::int64_t rows, std::int64_t columns, const Tensor &input,
                           const Tensor &weight, const Tensor &statistics,
                           const Tensor &output_gradient, const Tensor &input_gradient,
                           const Tensor &weight_gradient, const Tensor &bias_gradient) override {
    ++calls_;
    cpu::layer_norm_backward(threads_, rows, columns, floats(input), floats(weight),
                             floats(statistics), floats(output_gradient), floats(input_gradient),
                             floats(weight_gradient), floats(bias_gradient));
  }
  void rms_norm(std::int64_t rows, std::int64_t columns, const Tensor &input, const Tensor &weight,
                const Tensor &output, const Tensor &statistics) override {
    ++calls_;
    cpu::rms_norm(threads_, rows, columns, floats(input), floats(weight), floats(output),
                  floats(statistics));
  }
  void rms_norm_backward(std::int64_t rows, std::int64_t columns, const Tensor &input,
                         const Tensor &weight, const Tensor &statistics,
                         const Tensor &output_gradient, const Tensor &input_gradient,
                         const Tensor &weight_gradient) override {
    ++calls_;
    cpu::rms_norm_backward(threads_, rows, columns, floats(input), floats(weight),
                           floats(statistics), floats(output_gradient), floats(input_gradient),
                           floats(weight_gradient));
  }

  void copy(const Tensor &from, const Tensor &to) override {
    ++calls_;
    cpu::copy(threads_, floats(from), floats(to), to.elements);
  }
  void triad(const Tensor &a, const Tensor &b, double factor, const Tensor &to) override {
    ++calls_;
    cpu::triad(threads_, floats(a), floats(b), static_cast<float>(factor), floats(to), to.elements);
  }
  void add(const Tensor &a, const Tensor &b, const Tensor &to) override {
    ++calls_;
    cpu::add(threads_, floats(a), floats(b), floats(to), to.elements);
  }
  void gelu(const Tensor &input, const Tensor &output) override {
    ++calls_;
    cpu::gelu(threads_, floats(input), floats(output), output.elements);
  }
  void gelu_backward(const Tensor &input, const Tensor &output_gradient,
                     const Tensor &input_gradient) override {
    ++calls_;
    cpu::gelu_backward(threads_, floats(input), floats(output_gradient), floats(input_gradient),
                       input_gradient.elements);
  }
  void swiglu(std::int64_t rows, std::int64_t columns, const Tensor &input,
              const Tensor &output) override {
    ++calls_;
    cpu::swiglu(threads_, rows, columns, floats(input), floats(output));
  }
  void swiglu_backward(std::int64_t rows, std::int64_t columns, const Tensor &input,
                       const Tensor &output_gradient, const Tensor &input_gradient) override {
    ++calls_;
    cpu::swiglu_backward(threads_, rows, columns, floats(input), floats(output_gradient),
                         floats(input_gradient));
  }
  void rotary(std::int64_t batch, std::int64_t sequence, std::int64_t heads, std::int64_t width,
              bool backward, const Tensor &vectors) override {
    ++calls_;
    if (!rotary_.is_for(sequence, width))
      rotary_ = cpu::RotaryTable(sequence, width);
    cpu::rotary(threads_, batch, sequence, heads, width, backward, rotary_, floats(vectors));
  }

  void embedding(std::int64_t rows, std::int64_t columns, const void *tokens, const Tensor &table,
                 const Tensor &output) override {
    ++calls_;
    cpu::embedding(threads_, rows, columns, static_cast<const std::int32_t *>(tokens),
                   floats(table), floats(output));
  }
  void embedding_backward(std::int64_t rows, std::int64_t columns, const void *tokens,
                          const Tensor &output_gradient, const Tensor &table_gradient) override {
    ++calls_;
    cpu::embedding_backward(threads_, rows, columns, static_cast<const std::int32_t *>(tokens),
                            floats(output_gradient), floats(table_gradient));
  }
  void cross_entropy(std::int64_t rows, std::int64_t columns, const void *targets,
                     const Tensor &logits, const Tensor &losses) override {
    ++calls_;
    cpu::cross_entropy(threads_, rows, columns, static_cast<const std::int32_t *>(targets),
                       floats(logits), floats(losses));
  }
  void adam(const AdamSettings &settings, const Tensor &gradients, const Tensor &master,
            const Tensor &first, const Tensor &second, const Tensor &weights) override {
    ++calls_;
    cpu::adam(threads_, settings, gradients.elements, floats(gradients), floats(master),
              floats(first), floats(second), floats(weights));
  }

  void finish() override {}

  RunTimes time(const std::function<void()> &work) override {
    const std::int64_t before = calls_;
    const auto start = std::chrono::steady_clock::now();
    work();
    const double seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    // The host is the device: nothing is left to start it.
    return {.device_seconds = seconds,
            .span_seconds = seconds,
            .host_seconds = 0,
            .kernels = calls_ - before};
  }

  void flush_cache() override {
    const std::int64_t known = cpu::describe_processor(threads_).cache_bytes;
    const std::int64_t bytes = 2 * (known > 0 ? known : unknown_cache_bytes);
    flushed_.resize(static_cast<std::size_t>(bytes) / sizeof(float));
    cpu::fill(threads_, flushed_.data(), static_cast<std::int64_t>(flushed_.size()), 1);
  }

private:
  int threads_;
  std::int64_t calls_ = 0;
  cpu::RotaryTable rotary_;
  std::vector<float> flushed_;
};

} // namespace

bool has_cpu_kernels() { return true; }

std::unique_ptr<Kernels> make_cpu_kernels(int threads) {
  const auto most = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
  if (threads < 1 || threads > most)
    throw MeasurementError("threads: expected 1 to " + std::to_string(most) + ", got " +
                           std::to_string(threads));
  return std::make_unique<CpuKernels>(threads);
}

} // namespace flopcast
