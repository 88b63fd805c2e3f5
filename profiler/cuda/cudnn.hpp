// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "profiler/cuda/cuda_error.hpp"
#include "profiler/cuda/shared_library.hpp"

#include <cudnn.h>
#include <cudnn_backend.h>

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace flopcast::cuda {

/// The functions of cuDNN that are used, found in the library at run time.
class Cudnn {
public:
  /// Throws MeasurementError where the library is not there.
  Cudnn();

  decltype(&::cudnnCreate) create;
  decltype(&::cudnnDestroy) destroy;
  decltype(&::cudnnSetStream) set_stream;
  decltype(&::cudnnGetVersion) version;
  decltype(&::cudnnGetErrorString) error_text;
  decltype(&::cudnnBackendCreateDescriptor) create_descriptor;
  decltype(&::cudnnBackendDestroyDescriptor) destroy_descriptor;
  decltype(&::cudnnBackendSetAttribute) set_attribute;
  decltype(&::cudnnBackendGetAttribute) attribute;
  decltype(&::cudnnBackendFinalize) finalize;
  decltype(&::cudnnBackendExecute) execute;

  /// Throws MeasurementError unless the call succeeded.
  void check(cudnnStatus_t result, std::string_view doing, Place where = {}) const;
  [[nodiscard]] std::string version_text() const; ///< "9.19.0"

private:
  SharedLibrary library_;
};

/// A backend descriptor, destroyed with the last copy.
using Descriptor = std::shared_ptr<void>;

/// Dimensions and strides in elements.
using Extents = std::array<std::int64_t, 4>;

/// A tensor of a graph. Its id is what data is bound to.
struct GraphTensor {
  Descriptor descriptor;
  Extents dimensions{};
  std::int64_t id = 0;
};

/// Where plans are made for: the GPU of a handle, or one that is only described (its properties as
/// cuDNN writes them in JSON), so that graphs can be checked where there is no GPU.
struct PlanTarget {
  cudnnHandle_t handle = nullptr;
  std::string properties; ///< JSON, used where there is no handle
};

/// How a filter moves over an image: the same both ways, filters of odd sides.
struct ConvolutionSteps {
  std::int64_t stride = 1;
  std::int64_t border = 0; ///< zeros around the image
};

/// A graph of operations that cuDNN runs as one kernel, or as few as it can.
class CudnnGraph {
public:
  CudnnGraph(const Cudnn &library, PlanTarget target);

  GraphTensor tensor(const Extents &dimensions, const Extents &strides, cudnnDataType_t type);
  /// fp32 sums that several blocks add to, in cuDNN's own order of elements: memory of the caller,
  /// cleared before each run.
  GraphTensor accumulator(const Extents &dimensions);
  /// A number that is given with the data of each run.
  GraphTensor number();

  GraphTensor matmul(const GraphTensor &left, const GraphTensor &right, cudnnDataType_t type);
  void matmul(const GraphTensor &left, const GraphTensor &right, const GraphTensor &result);
  /// Forward, or the gradient of image or filter: which one is written is the operation's type.
  void convolution(cudnnBackendDescriptorType_t type, const ConvolutionSteps &steps,
                   const GraphTensor &image, const GraphTensor &filter, const GraphTensor &output);
  GraphTensor pointwise(cudnnPointwiseMode_t mode, const GraphTensor &x);
  GraphTensor pointwise(cudnnPointwiseMode_t mode, const GraphTensor &x, const GraphTensor &b,
                        cudnnDataType_t type = CUDNN_DATA_FLOAT);
  void pointwise(cudnnPointwiseMode_t mode, const GraphTensor &x, const GraphTensor &b,
                 const GraphTensor &result);
  void convert(const GraphTensor &x, const GraphTensor &result);
  /// Position along an axis, int32.
  GraphTensor index(const GraphTensor &like, std::int64_t axis);
  GraphTensor select(const GraphTensor &x, const GraphTensor &otherwise, const GraphTensor &mask);
  GraphTensor reduce(cudnnReduceTensorOp_t what, const GraphTensor &x, const Extents &dimensions);
  void reduce(cudnnReduceTensorOp_t what, const GraphTensor &x, const GraphTensor &result);
  /// The last two dimensions change places.
  GraphTensor transposed(const GraphTensor &x, cudnnDataType_t type);

  /// Chooses a kernel. False where cuDNN has none for the graph on the target.
  [[nodiscard]] bool plan();
  [[nodiscard]] std::int64_t workspace_bytes() const { return workspace_bytes_; }
  /// Data by the tensors' ids: on the device, of numbers on the host.
  void run(const std::map<std::int64_t, void *> &data, void *workspace) const;

private:
  GraphTensor made(const Extents &dimensions, const Extents &strides, cudnnDataType_t type,
                   bool internal, bool by_value, bool reordered = false);
  GraphTensor internal(const Extents &dimensions, cudnnDataType_t type);
  void apply(cudnnPointwiseMode_t mode, const GraphTensor &x, const GraphTensor *b,
             const GraphTensor *mask, const GraphTensor &result, std::optional<std::int64_t> axis);
  [[nodiscard]] Descriptor descriptor(cudnnBackendDescriptorType_t type) const;
  template <class Value>
  void set(const Descriptor &descriptor, cudnnBackendAttributeName_t name,
           cudnnBackendAttributeType_t type, const Value &value) const;
  void set_tensor(const Descriptor &operation, cudnnBackendAttributeName_t name,
                  const GraphTensor &tensor) const;
  void finish(const Descriptor &descriptor) const;

  const Cudnn &library_;
  PlanTarget target_;
  std::vector<Descriptor> operations_;
  std::vector<Descriptor> helpers_; ///< that operations refer to
  std::int64_t next_id_ = 1;
  Descriptor properties_;
  Descriptor graph_;
  Descriptor plan_;
  std::int64_t workspace_bytes_ = 0;
};

} // namespace flopcast::cuda
