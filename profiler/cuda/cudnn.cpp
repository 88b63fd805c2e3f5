// SPDX-License-Identifier: Apache-2.0
#include "profiler/cuda/cudnn.hpp"

#include "profiler/cuda/cuda_error.hpp"

#include <utility>

namespace flopcast::cuda {
namespace {

Extents packed_strides(const Extents &d) { return {d[1] * d[2] * d[3], d[2] * d[3], d[3], 1}; }

Extents larger(const Extents &a, const Extents &b) {
  Extents both = a;
  for (std::size_t i = 0; i < both.size(); ++i)
    both[i] = std::max(a[i], b[i]);
  return both;
}

} // namespace

Cudnn::Cudnn() : library_("cuDNN", {"libcudnn.so." + std::to_string(CUDNN_MAJOR)}) {
  library_.find(create, "cudnnCreate");
  library_.find(destroy, "cudnnDestroy");
  library_.find(set_stream, "cudnnSetStream");
  library_.find(version, "cudnnGetVersion");
  library_.find(error_text, "cudnnGetErrorString");
  library_.find(create_descriptor, "cudnnBackendCreateDescriptor");
  library_.find(destroy_descriptor, "cudnnBackendDestroyDescriptor");
  library_.find(set_attribute, "cudnnBackendSetAttribute");
  library_.find(attribute, "cudnnBackendGetAttribute");
  library_.find(finalize, "cudnnBackendFinalize");
  library_.find(execute, "cudnnBackendExecute");
}

void Cudnn::check(cudnnStatus_t result, std::string_view doing, Place where) const {
  if (result != CUDNN_STATUS_SUCCESS)
    fail(doing, error_text(result), "cuDNN " + std::to_string(static_cast<int>(result)), where);
}

std::string Cudnn::version_text() const {
  const std::size_t number = version(); // 91900 is 9.19.0
  return std::to_string(number / 10000) + "." + std::to_string(number / 100 % 100) + "." +
         std::to_string(number % 100);
}

CudnnGraph::CudnnGraph(const Cudnn &library, PlanTarget target)
    : library_(library), target_(std::move(target)) {
  if (target_.handle)
    return;
  properties_ = descriptor(CUDNN_BACKEND_DEVICEPROP_DESCRIPTOR);
  library_.check(library_.set_attribute(properties_.get(),
                                        CUDNN_ATTR_DEVICEPROP_JSON_REPRESENTATION, CUDNN_TYPE_CHAR,
                                        static_cast<std::int64_t>(target_.properties.size()),
                                        target_.properties.data()),
                 "describing a GPU to cuDNN");
  finish(properties_);
}

Descriptor CudnnGraph::descriptor(cudnnBackendDescriptorType_t type) const {
  cudnnBackendDescriptor_t created = nullptr;
  library_.check(library_.create_descriptor(type, &created), "creating a descriptor of cuDNN");
  return {created, [destroy = library_.destroy_descriptor](void *freed) { (void)destroy(freed); }};
}

template <class Value>
void CudnnGraph::set(const Descriptor &descriptor, cudnnBackendAttributeName_t name,
                     cudnnBackendAttributeType_t type, const Value &value) const {
  library_.check(library_.set_attribute(descriptor.get(), name, type, 1, &value),
                 "describing a graph to cuDNN");
}

void CudnnGraph::set_tensor(const Descriptor &operation, cudnnBackendAttributeName_t name,
                            const GraphTensor &tensor) const {
  set(operation, name, CUDNN_TYPE_BACKEND_DESCRIPTOR, tensor.descriptor.get());
}

void CudnnGraph::finish(const Descriptor &descriptor) const {
  library_.check(library_.finalize(descriptor.get()), "describing a graph to cuDNN");
}

GraphTensor CudnnGraph::made(const Extents &dimensions, const Extents &strides,
                             cudnnDataType_t type, bool internal, bool by_value, bool reordered) {
  constexpr std::int64_t alignment = 16; // bytes
  GraphTensor tensor{descriptor(CUDNN_BACKEND_TENSOR_DESCRIPTOR), dimensions, next_id_++};
  const Descriptor &d = tensor.descriptor;
  set(d, CUDNN_ATTR_TENSOR_DATA_TYPE, CUDNN_TYPE_DATA_TYPE, type);
  library_.check(library_.set_attribute(d.get(), CUDNN_ATTR_TENSOR_DIMENSIONS, CUDNN_TYPE_INT64, 4,
                                        dimensions.data()),
                 "describing a tensor to cuDNN");
  library_.check(library_.set_attribute(d.get(), CUDNN_ATTR_TENSOR_STRIDES, CUDNN_TYPE_INT64, 4,
                                        strides.data()),
                 "describing a tensor to cuDNN");
  set(d, CUDNN_ATTR_TENSOR_UNIQUE_ID, CUDNN_TYPE_INT64, tensor.id);
  set(d, CUDNN_ATTR_TENSOR_BYTE_ALIGNMENT, CUDNN_TYPE_INT64, alignment);
  set(d, CUDNN_ATTR_TENSOR_IS_VIRTUAL, CUDNN_TYPE_BOOLEAN, internal);
  set(d, CUDNN_ATTR_TENSOR_IS_BY_VALUE, CUDNN_TYPE_BOOLEAN, by_value);
  if (reordered)
    set(d, CUDNN_ATTR_TENSOR_REORDERING_MODE, CUDNN_TYPE_TENSOR_REORDERING_MODE,
        CUDNN_TENSOR_REORDERING_F16x16);
  finish(d);
  helpers_.push_back(d);
  return tensor;
}

GraphTensor CudnnGraph::internal(const Extents &dimensions, cudnnDataType_t type) {
  return made(dimensions, packed_strides(dimensions), type, true, false);
}

GraphTensor CudnnGraph::tensor(const Extents &dimensions, const Extents &strides,
                               cudnnDataType_t type) {
  return made(dimensions, strides, type, false, false);
}

GraphTensor CudnnGraph::accumulator(const Extents &dimensions) {
  return made(dimensions, packed_strides(dimensions), CUDNN_DATA_FLOAT, false, false, true);
}

GraphTensor CudnnGraph::number() {
  return made({1, 1, 1, 1}, {1, 1, 1, 1}, CUDNN_DATA_FLOAT, false, true);
}

GraphTensor CudnnGraph::matmul(const GraphTensor &left, const GraphTensor &right,
                               cudnnDataType_t type) {
  const Extents &l = left.dimensions, &r = right.dimensions;
  GraphTensor result = internal({l[0], l[1], l[2], r[3]}, type);
  matmul(left, right, result);
  return result;
}

void CudnnGraph::matmul(const GraphTensor &left, const GraphTensor &right,
                        const GraphTensor &result) {
  const Descriptor how = descriptor(CUDNN_BACKEND_MATMUL_DESCRIPTOR);
  set(how, CUDNN_ATTR_MATMUL_COMP_TYPE, CUDNN_TYPE_DATA_TYPE, CUDNN_DATA_FLOAT);
  finish(how);
  helpers_.push_back(how);
  const Descriptor operation = descriptor(CUDNN_BACKEND_OPERATION_MATMUL_DESCRIPTOR);
  set_tensor(operation, CUDNN_ATTR_OPERATION_MATMUL_ADESC, left);
  set_tensor(operation, CUDNN_ATTR_OPERATION_MATMUL_BDESC, right);
  set_tensor(operation, CUDNN_ATTR_OPERATION_MATMUL_CDESC, result);
  set(operation, CUDNN_ATTR_OPERATION_MATMUL_DESC, CUDNN_TYPE_BACKEND_DESCRIPTOR, how.get());
  finish(operation);
  operations_.push_back(operation);
}

void CudnnGraph::convolution(cudnnBackendDescriptorType_t type, const ConvolutionSteps &steps,
                             const GraphTensor &image, const GraphTensor &filter,
                             const GraphTensor &output) {
  constexpr std::int64_t sides = 2;
  const Descriptor how = descriptor(CUDNN_BACKEND_CONVOLUTION_DESCRIPTOR);
  const auto both = [&](cudnnBackendAttributeName_t name, std::int64_t value) {
    const std::array<std::int64_t, 2> values{value, value};
    library_.check(library_.set_attribute(how.get(), name, CUDNN_TYPE_INT64, sides, values.data()),
                   "describing a convolution to cuDNN");
  };
  set(how, CUDNN_ATTR_CONVOLUTION_COMP_TYPE, CUDNN_TYPE_DATA_TYPE, CUDNN_DATA_FLOAT);
  set(how, CUDNN_ATTR_CONVOLUTION_CONV_MODE, CUDNN_TYPE_CONVOLUTION_MODE, CUDNN_CROSS_CORRELATION);
  set(how, CUDNN_ATTR_CONVOLUTION_SPATIAL_DIMS, CUDNN_TYPE_INT64, sides);
  both(CUDNN_ATTR_CONVOLUTION_DILATIONS, 1);
  both(CUDNN_ATTR_CONVOLUTION_FILTER_STRIDES, steps.stride);
  both(CUDNN_ATTR_CONVOLUTION_PRE_PADDINGS, steps.border);
  both(CUDNN_ATTR_CONVOLUTION_POST_PADDINGS, steps.border);
  finish(how);
  helpers_.push_back(how);

  struct Names {
    cudnnBackendAttributeName_t how, image, filter, output, alpha, beta;
  };
  const Names names = [&]() -> Names {
    switch (type) {
    case CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_DATA_DESCRIPTOR:
      return {CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_CONV_DESC,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DX,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_W,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DY,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_ALPHA,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_BETA};
    case CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_FILTER_DESCRIPTOR:
      return {CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_CONV_DESC,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_X,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_DW,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_DY,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_ALPHA,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_BETA};
    default:
      return {CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_CONV_DESC,
              CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_X,
              CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_W,
              CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_Y,
              CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_ALPHA,
              CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_BETA};
    }
  }();
  const Descriptor operation = descriptor(type);
  set(operation, names.how, CUDNN_TYPE_BACKEND_DESCRIPTOR, how.get());
  set_tensor(operation, names.image, image);
  set_tensor(operation, names.filter, filter);
  set_tensor(operation, names.output, output);
  constexpr float once = 1, written = 0;
  set(operation, names.alpha, CUDNN_TYPE_FLOAT, once);
  set(operation, names.beta, CUDNN_TYPE_FLOAT, written);
  finish(operation);
  operations_.push_back(operation);
}

void CudnnGraph::apply(cudnnPointwiseMode_t mode, const GraphTensor &x, const GraphTensor *b,
                       const GraphTensor *mask, const GraphTensor &result,
                       std::optional<std::int64_t> axis) {
  const Descriptor how = descriptor(CUDNN_BACKEND_POINTWISE_DESCRIPTOR);
  set(how, CUDNN_ATTR_POINTWISE_MODE, CUDNN_TYPE_POINTWISE_MODE, mode);
  set(how, CUDNN_ATTR_POINTWISE_MATH_PREC, CUDNN_TYPE_DATA_TYPE, CUDNN_DATA_FLOAT);
  if (axis)
    set(how, CUDNN_ATTR_POINTWISE_AXIS, CUDNN_TYPE_INT64, *axis);
  finish(how);
  helpers_.push_back(how);
  const Descriptor operation = descriptor(CUDNN_BACKEND_OPERATION_POINTWISE_DESCRIPTOR);
  set(operation, CUDNN_ATTR_OPERATION_POINTWISE_PW_DESCRIPTOR, CUDNN_TYPE_BACKEND_DESCRIPTOR,
      how.get());
  set_tensor(operation, CUDNN_ATTR_OPERATION_POINTWISE_XDESC, x);
  if (b)
    set_tensor(operation, CUDNN_ATTR_OPERATION_POINTWISE_BDESC, *b);
  if (mask)
    set_tensor(operation, CUDNN_ATTR_OPERATION_POINTWISE_TDESC, *mask);
  set_tensor(operation, CUDNN_ATTR_OPERATION_POINTWISE_YDESC, result);
  finish(operation);
  operations_.push_back(operation);
}

GraphTensor CudnnGraph::pointwise(cudnnPointwiseMode_t mode, const GraphTensor &x) {
  GraphTensor result = internal(x.dimensions, CUDNN_DATA_FLOAT);
  apply(mode, x, nullptr, nullptr, result, std::nullopt);
  return result;
}

GraphTensor CudnnGraph::pointwise(cudnnPointwiseMode_t mode, const GraphTensor &x,
                                  const GraphTensor &b, cudnnDataType_t type) {
  GraphTensor result = internal(larger(x.dimensions, b.dimensions), type);
  apply(mode, x, &b, nullptr, result, std::nullopt);
  return result;
}

void CudnnGraph::convert(const GraphTensor &x, const GraphTensor &result) {
  apply(CUDNN_POINTWISE_IDENTITY, x, nullptr, nullptr, result, std::nullopt);
}

void CudnnGraph::pointwise(cudnnPointwiseMode_t mode, const GraphTensor &x, const GraphTensor &b,
                           const GraphTensor &result) {
  apply(mode, x, &b, nullptr, result, std::nullopt);
}

GraphTensor CudnnGraph::index(const GraphTensor &like, std::int64_t axis) {
  GraphTensor result = internal(like.dimensions, CUDNN_DATA_INT32);
  apply(CUDNN_POINTWISE_GEN_INDEX, like, nullptr, nullptr, result, axis);
  return result;
}

GraphTensor CudnnGraph::select(const GraphTensor &x, const GraphTensor &otherwise,
                               const GraphTensor &mask) {
  GraphTensor result = internal(x.dimensions, CUDNN_DATA_FLOAT);
  apply(CUDNN_POINTWISE_BINARY_SELECT, x, &otherwise, &mask, result, std::nullopt);
  return result;
}

GraphTensor CudnnGraph::reduce(cudnnReduceTensorOp_t what, const GraphTensor &x,
                               const Extents &dimensions) {
  GraphTensor result = internal(dimensions, CUDNN_DATA_FLOAT);
  reduce(what, x, result);
  return result;
}

void CudnnGraph::reduce(cudnnReduceTensorOp_t what, const GraphTensor &x,
                        const GraphTensor &result) {
  const Descriptor how = descriptor(CUDNN_BACKEND_REDUCTION_DESCRIPTOR);
  set(how, CUDNN_ATTR_REDUCTION_OPERATOR, CUDNN_TYPE_REDUCTION_OPERATOR_TYPE, what);
  set(how, CUDNN_ATTR_REDUCTION_COMP_TYPE, CUDNN_TYPE_DATA_TYPE, CUDNN_DATA_FLOAT);
  finish(how);
  helpers_.push_back(how);
  const Descriptor operation = descriptor(CUDNN_BACKEND_OPERATION_REDUCTION_DESCRIPTOR);
  set_tensor(operation, CUDNN_ATTR_OPERATION_REDUCTION_XDESC, x);
  set_tensor(operation, CUDNN_ATTR_OPERATION_REDUCTION_YDESC, result);
  set(operation, CUDNN_ATTR_OPERATION_REDUCTION_DESC, CUDNN_TYPE_BACKEND_DESCRIPTOR, how.get());
  finish(operation);
  operations_.push_back(operation);
}

GraphTensor CudnnGraph::transposed(const GraphTensor &x, cudnnDataType_t type) {
  const Extents &d = x.dimensions;
  GraphTensor result =
      made({d[0], d[1], d[3], d[2]}, {d[1] * d[2] * d[3], d[2] * d[3], 1, d[3]}, type, true, false);
  const Descriptor operation = descriptor(CUDNN_BACKEND_OPERATION_RESHAPE_DESCRIPTOR);
  set_tensor(operation, CUDNN_ATTR_OPERATION_RESHAPE_XDESC, x);
  set_tensor(operation, CUDNN_ATTR_OPERATION_RESHAPE_YDESC, result);
  finish(operation);
  operations_.push_back(operation);
  return result;
}

bool CudnnGraph::plan() {
  graph_ = descriptor(CUDNN_BACKEND_OPERATIONGRAPH_DESCRIPTOR);
  std::vector<cudnnBackendDescriptor_t> operations;
  operations.reserve(operations_.size());
  for (const Descriptor &operation : operations_)
    operations.push_back(operation.get());
  library_.check(library_.set_attribute(
                     graph_.get(), CUDNN_ATTR_OPERATIONGRAPH_OPS, CUDNN_TYPE_BACKEND_DESCRIPTOR,
                     static_cast<std::int64_t>(operations.size()), operations.data()),
                 "describing a graph to cuDNN");
  if (target_.handle)
    set(graph_, CUDNN_ATTR_OPERATIONGRAPH_HANDLE, CUDNN_TYPE_HANDLE, target_.handle);
  if (library_.finalize(graph_.get()) != CUDNN_STATUS_SUCCESS)
    return false;

  const Descriptor heuristics = descriptor(CUDNN_BACKEND_ENGINEHEUR_DESCRIPTOR);
  set(heuristics, CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH, CUDNN_TYPE_BACKEND_DESCRIPTOR,
      graph_.get());
  set(heuristics, CUDNN_ATTR_ENGINEHEUR_MODE, CUDNN_TYPE_HEUR_MODE, CUDNN_HEUR_MODE_A);
  if (properties_)
    set(heuristics, CUDNN_ATTR_ENGINEHEUR_DEVICEPROP, CUDNN_TYPE_BACKEND_DESCRIPTOR,
        properties_.get());
  if (library_.finalize(heuristics.get()) != CUDNN_STATUS_SUCCESS)
    return false;

  constexpr std::size_t most = 16;
  std::vector<Descriptor> choices;
  std::vector<cudnnBackendDescriptor_t> raw;
  raw.reserve(most);
  for (std::size_t i = 0; i < most; ++i)
    raw.push_back(choices.emplace_back(descriptor(CUDNN_BACKEND_ENGINECFG_DESCRIPTOR)).get());
  std::int64_t count = 0;
  if (library_.attribute(heuristics.get(), CUDNN_ATTR_ENGINEHEUR_RESULTS,
                         CUDNN_TYPE_BACKEND_DESCRIPTOR, most, &count,
                         raw.data()) != CUDNN_STATUS_SUCCESS)
    return false;
  for (std::size_t i = 0; i < std::min(most, static_cast<std::size_t>(count)); ++i) {
    const Descriptor plan = descriptor(CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR);
    if (target_.handle)
      set(plan, CUDNN_ATTR_EXECUTION_PLAN_HANDLE, CUDNN_TYPE_HANDLE, target_.handle);
    else
      set(plan, CUDNN_ATTR_EXECUTION_PLAN_DEVICEPROP, CUDNN_TYPE_BACKEND_DESCRIPTOR,
          properties_.get());
    set(plan, CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG, CUDNN_TYPE_BACKEND_DESCRIPTOR, raw[i]);
    if (library_.finalize(plan.get()) != CUDNN_STATUS_SUCCESS)
      continue; // the next best may still work
    std::int64_t one = 0;
    library_.check(library_.attribute(plan.get(), CUDNN_ATTR_EXECUTION_PLAN_WORKSPACE_SIZE,
                                      CUDNN_TYPE_INT64, 1, &one, &workspace_bytes_),
                   "asking cuDNN for the workspace of a plan");
    helpers_.push_back(choices[i]);
    plan_ = plan;
    return true;
  }
  return false;
}

void CudnnGraph::run(const std::map<std::int64_t, void *> &data, void *workspace) const {
  std::vector<std::int64_t> ids;
  std::vector<void *> pointers;
  for (const auto &[id, pointer] : data) {
    ids.push_back(id);
    pointers.push_back(pointer);
  }
  const auto count = static_cast<std::int64_t>(ids.size());
  const Descriptor pack = descriptor(CUDNN_BACKEND_VARIANT_PACK_DESCRIPTOR);
  library_.check(library_.set_attribute(pack.get(), CUDNN_ATTR_VARIANT_PACK_UNIQUE_IDS,
                                        CUDNN_TYPE_INT64, count, ids.data()),
                 "giving data to cuDNN");
  library_.check(library_.set_attribute(pack.get(), CUDNN_ATTR_VARIANT_PACK_DATA_POINTERS,
                                        CUDNN_TYPE_VOID_PTR, count, pointers.data()),
                 "giving data to cuDNN");
  set(pack, CUDNN_ATTR_VARIANT_PACK_WORKSPACE, CUDNN_TYPE_VOID_PTR, workspace);
  finish(pack);
  library_.check(library_.execute(target_.handle, plan_.get(), pack.get()),
                 "running a graph of cuDNN");
}

} // namespace flopcast::cuda
