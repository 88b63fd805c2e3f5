// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hardware/measured_operator.hpp"
#include "profiler/measuring/operand_pool.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace flopcast {

/// Why a device cannot run a call, or "" if it can.
[[nodiscard]] std::string why_not(const Kernels &kernels, const OperatorCall &call);

/// A convolution that is the product `shape` (see convolution_shape()), which does not tell sides:
/// filters of 3 × 3 where the depth allows it, else 1 × 1; stride 1; the largest square image, up
/// to a side of 64, of which the rows are whole ones.
[[nodiscard]] ConvolutionShape measured_convolution(const MatrixShape &shape);

/// An operator with its operands in device memory, ready to be run again and again.
/// Cold: every run takes the next of several sets of operands, so many that the last-level cache
/// has lost a set when its turn comes again. Warm: every run takes the same. What a call does not
/// say is chosen as training has it:
/// * products forward: a linear layer's weight is stored columns × depth; so are the keys of
///   attention scores (more columns than depth), but not its values. Backward, two kernels are both
///   gradients; one kernel is a weight's if the sum is over its longest side, else an input's.
/// * normalization is a layer norm, or an RMS norm as its variant says; elementwise is a sum if the
///   call moves three tensors (six backward), else a GELU, or what its variant says.
/// * attention: heads lie side by side as in a layer, keys and values have as many as the bytes
/// say.
/// * convolution: see measured_convolution(); backward are both gradients.
/// * optimizer: Adam; the bytes of one of its rows × columns parameters say which tensors are 16
///   bits wide. A call without a shape is a training step's, of 24 (fp32) or 30 bytes a parameter.
class PreparedOperator {
public:
  /// Throws MeasurementError if the device cannot run it or has too little memory. `pool` must
  /// outlive this, and hand out nothing else while this runs.
  PreparedOperator(Kernels &kernels, OperandPool &pool, const OperatorCall &call, CacheState cache);
  PreparedOperator(const PreparedOperator &) = delete;
  PreparedOperator &operator=(const PreparedOperator &) = delete;
  ~PreparedOperator() = default;

  /// Starts it once, on the next set of operands.
  void run();

  /// Attention that the device runs as products and softmax.
  [[nodiscard]] bool unfused() const { return unfused_; }

  [[nodiscard]] std::int64_t sets() const { return sets_; }
  /// Of one set.
  [[nodiscard]] std::int64_t bytes() const { return bytes_; }

private:
  enum class Place { input, result, state, indices, table };

  /// A tensor of every set: where it begins in the set's part of its place.
  struct Operand {
    Place place = Place::input;
    NumberFormat format = NumberFormat::fp32;
    std::int64_t elements = 0;
    std::int64_t offset = 0;
    double deviation = 1; ///< of a state's first values; 0: they are zero
  };

  struct Area {
    std::int64_t bytes = 0; ///< of one set
    std::byte *data = nullptr;
  };

  Operand operand(Place place, NumberFormat format, std::int64_t elements);
  /// Read only: random values.
  Operand input(NumberFormat format, std::int64_t elements) {
    return operand(Place::input, format, elements);
  }
  /// Written.
  Operand result(NumberFormat format, std::int64_t elements) {
    return operand(Place::result, format, elements);
  }
  /// Read and written: starts as values of its own.
  Operand state(NumberFormat format, std::int64_t elements, double deviation);
  /// Rows of a table of `below` rows.
  Operand indices(std::int64_t elements, std::int64_t below);

  /// One for all sets, of one format: other tokens find other rows of it.
  Operand table(NumberFormat format, std::int64_t elements);

  [[nodiscard]] Area &area(Place place, NumberFormat format);
  [[nodiscard]] Tensor at(const Operand &operand);
  [[nodiscard]] void *indices_at(const Operand &operand) { return at(operand).data; }

  void prepare_product();
  void prepare_attention();
  void prepare_convolution();
  void prepare_rows();
  void prepare_elementwise();
  void prepare_variant(); ///< of element-wise operators
  void prepare_table();
  void prepare_optimizer();
  void allocate(OperandPool &pool, CacheState cache);
  void fill_states();

  Kernels &kernels_;
  OperatorCall call_;
  std::function<void()> run_;
  std::vector<Area> areas_;
  std::vector<Operand> states_;
  std::int64_t index_limit_ = 0;
  std::shared_ptr<void> index_data_;
  bool unfused_ = false;
  std::int64_t sets_ = 1;
  std::int64_t set_ = 0;
  std::int64_t bytes_ = 0;
};

} // namespace flopcast
