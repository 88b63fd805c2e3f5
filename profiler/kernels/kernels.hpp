// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hardware/device.hpp"
#include "hardware/efficiency/matrix_shape.hpp"
#include "hardware/operator_call.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>

namespace flopcast {

/// A device that cannot do what was asked of it: out of memory, a failed call, a missing library.
struct MeasurementError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Elements in device memory. A view: whoever allocated them keeps them.
struct Tensor {
  void *data = nullptr;
  NumberFormat format = NumberFormat::fp32;
  std::int64_t elements = 0;
};

/// What a measurement stands on; text as the system gives it, "" where it does not say.
struct DeviceDescription {
  std::string name; ///< "NVIDIA H200", "AMD EPYC 7B13"
  std::string driver;
  std::string software;             ///< "CUDA 13.0, cuBLASLt 13.0.2", "OpenBLAS 0.3.21, 2 threads"
  std::int64_t multiprocessors = 1; ///< of a CPU: threads that the kernels use
  std::int64_t memory_bytes = 0;
  std::int64_t cache_bytes = 0;      ///< last level
  std::optional<double> clock_hertz; ///< now
  std::optional<double> power_watts; ///< now
  std::optional<double> power_limit_watts;
  std::string throttle_reasons = {}; ///< now: as in MeasuredOperator
};

enum class Epilogue { none, bias, bias_gelu };

/// result(batch × rows × columns) = left(batch × rows × depth) · right(batch × depth × columns),
/// row-major. A transposed operand is stored the other way round: right as columns × depth (a
/// linear layer's weight), left as depth × rows (the gradient of a weight).
struct Product {
  MatrixShape shape;
  bool transpose_left = false;
  bool transpose_right = false;
  bool accumulate = false; ///< adds to the result
  Epilogue epilogue = Epilogue::none;
};

/// Queries, keys and values lie as batch × sequence × (heads · width); keys and values have
/// key_heads of them.
struct AttentionShape {
  std::int64_t batch = 1;
  std::int64_t heads = 1;
  std::int64_t key_heads = 1;
  std::int64_t sequence = 1;
  std::int64_t width = 64;
  bool causal = true;
};

/// Images lie as batch × height × width × channels, filters as output channels × side × side ×
/// input channels. Zeros around the image make the output as large as the input at a stride of 1;
/// the filter's side is odd.
struct ConvolutionShape {
  std::int64_t batch = 1;
  std::int64_t height = 1;
  std::int64_t width = 1;
  std::int64_t in_channels = 1;
  std::int64_t out_channels = 1;
  std::int64_t kernel = 1; ///< side of the filter
  std::int64_t stride = 1;

  [[nodiscard]] std::int64_t out_height() const { return (height - 1) / stride + 1; }
  [[nodiscard]] std::int64_t out_width() const { return (width - 1) / stride + 1; }
  /// Inputs that an output sees.
  [[nodiscard]] std::int64_t depth() const { return in_channels * kernel * kernel; }
  [[nodiscard]] std::int64_t input_elements() const { return batch * height * width * in_channels; }
  [[nodiscard]] std::int64_t filter_elements() const { return out_channels * depth(); }
  [[nodiscard]] std::int64_t output_elements() const {
    return batch * out_height() * out_width() * out_channels;
  }
  auto operator<=>(const ConvolutionShape &) const = default;
};

struct AdamSettings {
  double learning_rate = 1e-4;
  double beta1 = 0.9;
  double beta2 = 0.95;
  double epsilon = 1e-8;
  double weight_decay = 0;
  std::int64_t step = 1; ///< from 1
};

/// Times of work between two points.
struct RunTimes {
  double device_seconds = 0; ///< kernels and copies, the union of their intervals
  double span_seconds = 0;   ///< from the first kernel's start to the last one's end
  double host_seconds = 0;   ///< that the host needed to start it all
  std::int64_t kernels = 0;  ///< launches
};

/// The operators of training on one device. Calls are in order on one stream and return before the
/// work is done where the device allows it. Formats: every tensor of a call has the same one unless
/// the call says otherwise. Gradients of inputs are written, those of parameters are added to.
/// Statistics (norms, attention, losses) are fp32. All calls throw MeasurementError.
class Kernels {
public:
  Kernels() = default;
  Kernels(const Kernels &) = delete;
  Kernels &operator=(const Kernels &) = delete;
  virtual ~Kernels() = default;

  [[nodiscard]] virtual DeviceDescription describe() = 0;
  /// Whether the device has a kernel for the class, pass and format.
  [[nodiscard]] virtual bool knows(OperatorClass kind, Pass pass, NumberFormat format) const = 0;

  // Memory. The bytes are not cleared.
  [[nodiscard]] virtual std::shared_ptr<void> allocate(std::size_t bytes) = 0;
  /// Normally distributed values of a standard deviation, the same for the same seed.
  virtual void fill_random(const Tensor &to, double deviation, std::uint64_t seed) = 0;
  virtual void fill_zero(const Tensor &to) = 0;
  virtual void upload(std::span<const float> from, const Tensor &to) = 0;        ///< waits
  virtual void download(const Tensor &from, std::span<float> to) = 0;            ///< waits
  virtual void upload_indices(std::span<const std::int32_t> from, void *to) = 0; ///< waits

  // Matrices. `bias` has `columns` elements, null without one; `before_gelu` keeps what backward
  // needs, null if not wanted.
  virtual void product(const Product &product, const Tensor &left, const Tensor &right,
                       const Tensor &result, const Tensor &bias, const Tensor &before_gelu) = 0;
  /// gradient(columns) += sums over rows.
  virtual void bias_gradient(std::int64_t rows, std::int64_t columns, const Tensor &output_gradient,
                             const Tensor &gradient) = 0;

  /// Whether attention of this shape is one fused kernel; attention() runs all shapes.
  [[nodiscard]] virtual bool fuses_attention(const AttentionShape &shape, NumberFormat format,
                                             Pass pass) = 0;
  // Attention. `statistics`: batch × heads × sequence, fp32.
  virtual void attention(const AttentionShape &shape, const Tensor &queries, const Tensor &keys,
                         const Tensor &values, const Tensor &output, const Tensor &statistics) = 0;
  virtual void attention_backward(const AttentionShape &shape, const Tensor &queries,
                                  const Tensor &keys, const Tensor &values, const Tensor &output,
                                  const Tensor &statistics, const Tensor &output_gradient,
                                  const Tensor &query_gradient, const Tensor &key_gradient,
                                  const Tensor &value_gradient) = 0;

  // Convolutions. All results are written.
  virtual void convolution(const ConvolutionShape &shape, const Tensor &input, const Tensor &filter,
                           const Tensor &output) = 0;
  virtual void convolution_data_gradient(const ConvolutionShape &shape, const Tensor &filter,
                                         const Tensor &output_gradient,
                                         const Tensor &input_gradient) = 0;
  virtual void convolution_weight_gradient(const ConvolutionShape &shape, const Tensor &input,
                                           const Tensor &output_gradient,
                                           const Tensor &filter_gradient) = 0;

  // Rows × columns, a row being what is reduced together.
  virtual void softmax(std::int64_t rows, std::int64_t columns, const Tensor &input,
                       const Tensor &output) = 0;
  virtual void softmax_backward(std::int64_t rows, std::int64_t columns, const Tensor &output,
                                const Tensor &output_gradient, const Tensor &input_gradient) = 0;
  /// `statistics`: mean and reciprocal deviation of each row, 2 × rows, fp32.
  virtual void layer_norm(std::int64_t rows, std::int64_t columns, const Tensor &input,
                          const Tensor &weight, const Tensor &bias, const Tensor &output,
                          const Tensor &statistics) = 0;
  virtual void layer_norm_backward(std::int64_t rows, std::int64_t columns, const Tensor &input,
                                   const Tensor &weight, const Tensor &statistics,
                                   const Tensor &output_gradient, const Tensor &input_gradient,
                                   const Tensor &weight_gradient, const Tensor &bias_gradient) = 0;
  /// `statistics`: reciprocal root mean square of each row, fp32.
  virtual void rms_norm(std::int64_t rows, std::int64_t columns, const Tensor &input,
                        const Tensor &weight, const Tensor &output, const Tensor &statistics) = 0;
  virtual void rms_norm_backward(std::int64_t rows, std::int64_t columns, const Tensor &input,
                                 const Tensor &weight, const Tensor &statistics,
                                 const Tensor &output_gradient, const Tensor &input_gradient,
                                 const Tensor &weight_gradient) = 0;

  // Element by element.
  virtual void copy(const Tensor &from, const Tensor &to) = 0;
  virtual void triad(const Tensor &a, const Tensor &b, double factor, const Tensor &to) = 0;
  virtual void add(const Tensor &a, const Tensor &b, const Tensor &to) = 0;
  virtual void gelu(const Tensor &input, const Tensor &output) = 0; ///< by tanh
  virtual void gelu_backward(const Tensor &input, const Tensor &output_gradient,
                             const Tensor &input_gradient) = 0;
  /// input: rows × 2·columns, gates then values; output: rows × columns = silu(gate) · value.
  virtual void swiglu(std::int64_t rows, std::int64_t columns, const Tensor &input,
                      const Tensor &output) = 0;
  virtual void swiglu_backward(std::int64_t rows, std::int64_t columns, const Tensor &input,
                               const Tensor &output_gradient, const Tensor &input_gradient) = 0;
  /// Rotates heads in place by position; `backward` turns them back.
  virtual void rotary(std::int64_t batch, std::int64_t sequence, std::int64_t heads,
                      std::int64_t width, bool backward, const Tensor &vectors) = 0;

  // Tables. `tokens`: rows indices, int32.
  virtual void embedding(std::int64_t rows, std::int64_t columns, const void *tokens,
                         const Tensor &table, const Tensor &output) = 0;
  virtual void embedding_backward(std::int64_t rows, std::int64_t columns, const void *tokens,
                                  const Tensor &output_gradient, const Tensor &table_gradient) = 0;
  /// losses: rows, fp32. Puts the gradient of their mean in place of the logits.
  virtual void cross_entropy(std::int64_t rows, std::int64_t columns, const void *targets,
                             const Tensor &logits, const Tensor &losses) = 0;

  /// One pass of fused Adam: fp32 master weights and moments; `weights` gets a copy in its own
  /// format (may be the master itself), gradients may be in either and are cleared.
  virtual void adam(const AdamSettings &settings, const Tensor &gradients, const Tensor &master,
                    const Tensor &first, const Tensor &second, const Tensor &weights) = 0;

  virtual void finish() = 0; ///< waits for all work
  /// Runs work that only starts kernels, waits for it, and tells how long it took.
  [[nodiscard]] virtual RunTimes time(const std::function<void()> &work) = 0;
  /// Overwrites the last-level cache with other data.
  virtual void flush_cache() = 0;
};

} // namespace flopcast
