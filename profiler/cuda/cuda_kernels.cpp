// SPDX-License-Identifier: Apache-2.0
#include "profiler/cuda_kernels.hpp"

#include "profiler/cuda/attention.hpp"
#include "profiler/cuda/convolutions.hpp"
#include "profiler/cuda/cuda_error.hpp"
#include "profiler/cuda/device_kernels.hpp"
#include "profiler/cuda/element_format.hpp"
#include "profiler/cuda/fused_attention.hpp"
#include "profiler/cuda/gpu.hpp"
#include "profiler/cuda/host_conversion.hpp"
#include "profiler/cuda/nvml.hpp"
#include "profiler/cuda/timer.hpp"

#include <cmath>

namespace flopcast {
namespace {

using namespace cuda;

class CudaKernels : public Kernels {
public:
  explicit CudaKernels(int device)
      : device_(device), timer_(device_.stream()), products_(device_.stream()),
        unfused_(products_, device_.stream()), fused_(device_.stream()),
        convolutions_(device_.stream()), nvml_(Nvml::open(device_.bus())) {}
  ~CudaKernels() override { (void)cudaStreamSynchronize(stream()); }

  DeviceDescription describe() override {
    DeviceDescription told;
    told.name = device_.properties().name;
    told.software = software();
    told.multiprocessors = device_.properties().multiProcessorCount;
    told.memory_bytes = static_cast<std::int64_t>(device_.properties().totalGlobalMem);
    told.cache_bytes = device_.properties().l2CacheSize;
    if (nvml_) {
      told.driver = nvml_->driver();
      told.clock_hertz = nvml_->clock_hertz();
      told.power_watts = nvml_->power_watts();
      told.power_limit_watts = nvml_->power_limit_watts();
      if (const auto reasons = nvml_->throttle())
        told.throttle_reasons = to_text(*reasons);
    }
    return told;
  }

  bool knows(OperatorClass kind, Pass pass, NumberFormat format) const override {
    using enum NumberFormat;
    const bool stored = format == fp32 || format == fp16 || format == bf16;
    switch (kind) {
    case OperatorClass::gemm:
    case OperatorClass::batched_gemm:
      return stored || format == tf32 ||
             (format == fp8 && pass == Pass::forward && device_.has_fp8());
    case OperatorClass::fused_attention:
      return fused_.available() && (format == fp16 || format == bf16);
    case OperatorClass::convolution:
      return convolutions_.available() && stored;
    case OperatorClass::grouped_gemm:
      return false;
    default:
      return stored;
    }
  }

  std::shared_ptr<void> allocate(std::size_t bytes) override { return device_memory(bytes); }

  void fill_random(const Tensor &to, double deviation, std::uint64_t seed) override {
    if (to.format == NumberFormat::fp8)
      fill_normal_fp8(to.data, to.elements, static_cast<float>(deviation), seed, stream());
    else
      fill_normal(element_of(to.format), to.data, to.elements, static_cast<float>(deviation), seed,
                  stream());
    launched("filling with random values");
  }
  void fill_zero(const Tensor &to) override {
    check(cudaMemsetAsync(to.data, 0, bytes_in(to), stream()), "clearing memory");
    ++launches_;
  }
  void upload(std::span<const float> from, const Tensor &to) override {
    const std::vector<std::byte> bytes = encoded(to.format, from);
    copy_to_device(bytes.data(), to.data, bytes.size());
  }
  void download(const Tensor &from, std::span<float> to) override {
    std::vector<std::byte> bytes(to.size() * static_cast<std::size_t>(bytes_of(from.format)));
    check(cudaMemcpyAsync(bytes.data(), from.data, bytes.size(), cudaMemcpyDeviceToHost, stream()),
          "copying from the device");
    finish();
    decode(from.format, bytes, to);
  }
  void upload_indices(std::span<const std::int32_t> from, void *to) override {
    copy_to_device(from.data(), to, from.size_bytes());
  }

  void product(const Product &product, const Tensor &left, const Tensor &right,
               const Tensor &result, const Tensor &bias, const Tensor &before_gelu) override {
    products_.multiply(packed(product, left, right, result, bias, before_gelu));
    ++launches_;
  }
  void bias_gradient(std::int64_t rows, std::int64_t columns, const Tensor &output_gradient,
                     const Tensor &gradient) override {
    sum_columns(ColumnSum::plain, rows, columns, output_gradient, {}, {}, {}, gradient);
  }

  bool fuses_attention(const AttentionShape &shape, NumberFormat format, Pass pass) override {
    return fused_.has_kernel(shape, format, pass == Pass::backward);
  }
  void attention(const AttentionShape &shape, const Tensor &queries, const Tensor &keys,
                 const Tensor &values, const Tensor &output, const Tensor &statistics) override {
    const AttentionTensors tensors{.queries = queries.data,
                                   .keys = keys.data,
                                   .values = values.data,
                                   .output = output.data,
                                   .statistics = statistics.data};
    if (!fused_.forward(shape, queries.format, tensors))
      unfused_.forward(shape, queries.format, tensors);
    launched("attention");
  }
  void attention_backward(const AttentionShape &shape, const Tensor &queries, const Tensor &keys,
                          const Tensor &values, const Tensor &output, const Tensor &statistics,
                          const Tensor &output_gradient, const Tensor &query_gradient,
                          const Tensor &key_gradient, const Tensor &value_gradient) override {
    const AttentionTensors tensors{.queries = queries.data,
                                   .keys = keys.data,
                                   .values = values.data,
                                   .output = output.data,
                                   .statistics = statistics.data,
                                   .output_gradient = output_gradient.data,
                                   .query_gradient = query_gradient.data,
                                   .key_gradient = key_gradient.data,
                                   .value_gradient = value_gradient.data};
    if (!fused_.backward(shape, queries.format, tensors))
      unfused_.backward(shape, queries.format, tensors);
    launched("attention, backward");
  }

  void convolution(const ConvolutionShape &shape, const Tensor &input, const Tensor &filter,
                   const Tensor &output) override {
    convolutions_.forward(shape, input.format, {input.data, filter.data, output.data});
    launched("convolution");
  }
  void convolution_data_gradient(const ConvolutionShape &shape, const Tensor &filter,
                                 const Tensor &output_gradient,
                                 const Tensor &input_gradient) override {
    convolutions_.data_gradient(shape, filter.format,
                                {input_gradient.data, filter.data, output_gradient.data});
    launched("convolution, data gradient");
  }
  void convolution_weight_gradient(const ConvolutionShape &shape, const Tensor &input,
                                   const Tensor &output_gradient,
                                   const Tensor &filter_gradient) override {
    convolutions_.weight_gradient(shape, input.format,
                                  {input.data, filter_gradient.data, output_gradient.data});
    launched("convolution, weight gradient");
  }

  void softmax(std::int64_t rows, std::int64_t columns, const Tensor &input,
               const Tensor &output) override {
    cuda::softmax(element_of(input.format), rows, columns, input.data, output.data, stream());
    launched("softmax");
  }
  void softmax_backward(std::int64_t rows, std::int64_t columns, const Tensor &output,
                        const Tensor &output_gradient, const Tensor &input_gradient) override {
    cuda::softmax_backward(element_of(output.format), rows, columns, output.data,
                           output_gradient.data, input_gradient.data, stream());
    launched("softmax, backward");
  }
  void layer_norm(std::int64_t rows, std::int64_t columns, const Tensor &input,
                  const Tensor &weight, const Tensor &bias, const Tensor &output,
                  const Tensor &statistics) override {
    cuda::layer_norm(element_of(input.format), rows, columns, input.data, weight.data, bias.data,
                     output.data, static_cast<float *>(statistics.data), stream());
    launched("layer norm");
  }
  void layer_norm_backward(std::int64_t rows, std::int64_t columns, const Tensor &input,
                           const Tensor &weight, const Tensor &statistics,
                           const Tensor &output_gradient, const Tensor &input_gradient,
                           const Tensor &weight_gradient, const Tensor &bias_gradient) override {
    layer_norm_input_gradient(element_of(input.format), rows, columns, input.data, weight.data,
                              static_cast<const float *>(statistics.data), output_gradient.data,
                              input_gradient.data, stream());
    launched("layer norm, backward");
    sum_columns(ColumnSum::layer_norm, rows, columns, output_gradient, input, statistics,
                weight_gradient, bias_gradient);
  }
  void rms_norm(std::int64_t rows, std::int64_t columns, const Tensor &input, const Tensor &weight,
                const Tensor &output, const Tensor &statistics) override {
    cuda::rms_norm(element_of(input.format), rows, columns, input.data, weight.data, output.data,
                   static_cast<float *>(statistics.data), stream());
    launched("RMS norm");
  }
  void rms_norm_backward(std::int64_t rows, std::int64_t columns, const Tensor &input,
                         const Tensor &weight, const Tensor &statistics,
                         const Tensor &output_gradient, const Tensor &input_gradient,
                         const Tensor &weight_gradient) override {
    rms_norm_input_gradient(element_of(input.format), rows, columns, input.data, weight.data,
                            static_cast<const float *>(statistics.data), output_gradient.data,
                            input_gradient.data, stream());
    launched("RMS norm, backward");
    sum_columns(ColumnSum::rms_norm, rows, columns, output_gradient, input, statistics,
                weight_gradient, {});
  }

  void copy(const Tensor &from, const Tensor &to) override {
    map(Map::copy, element_of(from.format), from.data, to.data, to.elements, stream());
    launched("copying");
  }
  void triad(const Tensor &a, const Tensor &b, double factor, const Tensor &to) override {
    combine(Combination::triad, element_of(a.format), a.data, b.data, static_cast<float>(factor),
            to.data, to.elements, stream());
    launched("triad");
  }
  void add(const Tensor &a, const Tensor &b, const Tensor &to) override {
    combine(Combination::sum, element_of(a.format), a.data, b.data, 1, to.data, to.elements,
            stream());
    launched("adding");
  }
  void gelu(const Tensor &input, const Tensor &output) override {
    map(Map::gelu, element_of(input.format), input.data, output.data, output.elements, stream());
    launched("GELU");
  }
  void gelu_backward(const Tensor &input, const Tensor &output_gradient,
                     const Tensor &input_gradient) override {
    combine(Combination::gelu_gradient, element_of(input.format), input.data, output_gradient.data,
            1, input_gradient.data, input_gradient.elements, stream());
    launched("GELU, backward");
  }
  void swiglu(std::int64_t rows, std::int64_t columns, const Tensor &input,
              const Tensor &output) override {
    cuda::swiglu(element_of(input.format), rows, columns, input.data, output.data, stream());
    launched("SwiGLU");
  }
  void swiglu_backward(std::int64_t rows, std::int64_t columns, const Tensor &input,
                       const Tensor &output_gradient, const Tensor &input_gradient) override {
    cuda::swiglu_backward(element_of(input.format), rows, columns, input.data, output_gradient.data,
                          input_gradient.data, stream());
    launched("SwiGLU, backward");
  }
  void rotary(std::int64_t batch, std::int64_t sequence, std::int64_t heads, std::int64_t width,
              bool backward, const Tensor &vectors) override {
    cuda::rotary(element_of(vectors.format), batch, sequence, heads, width, backward ? -1.0F : 1.0F,
                 vectors.data, stream());
    launched("rotary embedding");
  }

  void embedding(std::int64_t rows, std::int64_t columns, const void *tokens, const Tensor &table,
                 const Tensor &output) override {
    cuda::embedding(element_of(table.format), rows, columns,
                    static_cast<const std::int32_t *>(tokens), table.data, output.data, stream());
    launched("embedding");
  }
  void embedding_backward(std::int64_t rows, std::int64_t columns, const void *tokens,
                          const Tensor &output_gradient, const Tensor &table_gradient) override {
    cuda::embedding_backward(element_of(table_gradient.format), rows, columns,
                             static_cast<const std::int32_t *>(tokens), output_gradient.data,
                             table_gradient.data, stream());
    launched("embedding, backward");
  }
  void cross_entropy(std::int64_t rows, std::int64_t columns, const void *targets,
                     const Tensor &logits, const Tensor &losses) override {
    cuda::cross_entropy(element_of(logits.format), rows, columns,
                        static_cast<const std::int32_t *>(targets), logits.data,
                        static_cast<float *>(losses.data), stream());
    launched("cross entropy");
  }

  void adam(const AdamSettings &settings, const Tensor &gradients, const Tensor &master,
            const Tensor &first, const Tensor &second, const Tensor &weights) override {
    const bool apart = weights.data != nullptr && weights.data != master.data;
    const NumberFormat format = apart ? weights.format : gradients.format;
    if (gradients.format != NumberFormat::fp32 && gradients.format != format)
      throw MeasurementError("Adam's gradients are fp32 or in the format of the weights");
    cuda::adam(adam_step(settings), element_of(gradients.format), gradients.data,
               static_cast<float *>(master.data), static_cast<float *>(first.data),
               static_cast<float *>(second.data), element_of(format),
               apart ? weights.data : nullptr, master.elements, stream());
    launched("Adam");
  }

  void finish() override { check(cudaStreamSynchronize(stream()), "waiting for the device"); }
  RunTimes time(const std::function<void()> &work) override { return timer_.time(work, launches_); }
  void flush_cache() override {
    const auto bytes = 4 * static_cast<std::size_t>(device_.properties().l2CacheSize);
    scrub(scrubbed_.at_least(bytes), static_cast<std::int64_t>(bytes), stream());
    launched("flushing the cache");
  }

private:
  [[nodiscard]] cudaStream_t stream() const { return device_.stream(); }

  [[nodiscard]] static std::size_t bytes_in(const Tensor &tensor) {
    return static_cast<std::size_t>(tensor.elements * bytes_of(tensor.format));
  }

  static AdamStep adam_step(const AdamSettings &settings) {
    const auto step = static_cast<double>(settings.step);
    return {.learning_rate = static_cast<float>(settings.learning_rate),
            .beta1 = static_cast<float>(settings.beta1),
            .beta2 = static_cast<float>(settings.beta2),
            .epsilon = static_cast<float>(settings.epsilon),
            .weight_decay = static_cast<float>(settings.weight_decay),
            .correction1 = static_cast<float>(1 - std::pow(settings.beta1, step)),
            .correction2 = static_cast<float>(1 - std::pow(settings.beta2, step))};
  }

  void launched(std::string_view doing) {
    ++launches_;
    check(cudaGetLastError(), doing);
  }

  void copy_to_device(const void *from, void *to, std::size_t bytes) {
    check(cudaMemcpyAsync(to, from, bytes, cudaMemcpyHostToDevice, stream()),
          "copying to the device");
    finish();
  }

  void sum_columns(ColumnSum what, std::int64_t rows, std::int64_t columns,
                   const Tensor &output_gradient, const Tensor &input, const Tensor &statistics,
                   const Tensor &weight_gradient, const Tensor &bias_gradient) {
    void *const partial =
        partial_sums_.at_least(static_cast<std::size_t>(column_sum_workspace(rows, columns)));
    column_sums(what, element_of(output_gradient.format), rows, columns, input.data,
                static_cast<const float *>(statistics.data), output_gradient.data,
                weight_gradient.data, bias_gradient.data, static_cast<float *>(partial), stream());
    launched("summing columns");
  }

  [[nodiscard]] std::string software() const {
    int runtime = 0;
    (void)cudaRuntimeGetVersion(&runtime); // 13000 is 13.0
    return "CUDA " + std::to_string(runtime / 1000) + "." + std::to_string(runtime % 1000 / 10) +
           ", cuBLASLt " + products_.version() + ", " + fused_.describe() + ", " + timer_.method();
  }

  Gpu device_;
  Timer timer_;
  MatrixProducts products_;
  UnfusedAttention unfused_;
  FusedAttention fused_;
  Convolutions convolutions_;
  std::unique_ptr<Nvml> nvml_;
  Workspace partial_sums_;
  Workspace scrubbed_;
  std::int64_t launches_ = 0;
};

} // namespace

std::unique_ptr<Kernels> make_cuda_kernels(int device) {
  return std::make_unique<CudaKernels>(device);
}

} // namespace flopcast
