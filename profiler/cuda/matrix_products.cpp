// SPDX-License-Identifier: Apache-2.0
#include "profiler/cuda/matrix_products.hpp"

#include "profiler/cuda/cublaslt.hpp"
#include "profiler/cuda/cuda_error.hpp"
#include "profiler/cuda/device_memory.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <map>

namespace flopcast::cuda {
namespace {

// What NVIDIA recommends for Hopper and newer is 32 MiB; split products of large results use more.
constexpr std::size_t workspace_bytes = std::size_t{64} << 20U;

cudaDataType type_of(NumberFormat format) {
  switch (format) {
  case NumberFormat::fp32:
  case NumberFormat::tf32: // stored as fp32
    return CUDA_R_32F;
  case NumberFormat::fp16:
    return CUDA_R_16F;
  case NumberFormat::bf16:
    return CUDA_R_16BF;
  case NumberFormat::fp8:
    return CUDA_R_8F_E4M3;
  default:
    throw MeasurementError("cuBLASLt products are measured in fp32, tf32, fp16, bf16 and fp8");
  }
}

cublasComputeType_t compute_type(NumberFormat operands) {
  return operands == NumberFormat::tf32 ? CUBLAS_COMPUTE_32F_FAST_TF32 : CUBLAS_COMPUTE_32F;
}

cublasLtEpilogue_t epilogue_of(const StridedProduct &product) {
  switch (product.epilogue) {
  case Epilogue::bias:
    return CUBLASLT_EPILOGUE_BIAS;
  case Epilogue::bias_gelu:
    return product.before_gelu ? CUBLASLT_EPILOGUE_GELU_AUX_BIAS : CUBLASLT_EPILOGUE_GELU_BIAS;
  case Epilogue::none:
    break;
  }
  return CUBLASLT_EPILOGUE_DEFAULT;
}

/// Of a pointer, in bytes, at most 256: the library picks other kernels for less.
std::int64_t alignment_of(const void *pointer) {
  const auto address = reinterpret_cast<std::uintptr_t>(pointer);
  return std::int64_t{1} << std::min(8, std::countr_zero(address | 256U));
}

/// What a plan depends on.
using Key = std::array<std::int64_t, 22>;

Key key_of(const StridedProduct &p) {
  const auto flag = [](bool set) { return std::int64_t{set}; };
  const auto format = [](const StridedMatrix &m) { return static_cast<std::int64_t>(m.format); };
  return {p.shape.batch,
          p.shape.rows,
          p.shape.columns,
          p.shape.depth,
          format(p.left),
          format(p.right),
          format(p.result),
          flag(p.left.transposed),
          flag(p.right.transposed),
          flag(p.accumulate),
          p.left.leading,
          p.right.leading,
          p.result.leading,
          p.left.stride,
          p.right.stride,
          p.result.stride,
          static_cast<std::int64_t>(epilogue_of(p)),
          alignment_of(p.left.data),
          alignment_of(p.right.data),
          alignment_of(p.result.data),
          alignment_of(p.bias),
          alignment_of(p.before_gelu)};
}

struct Plan {
  std::shared_ptr<void> description;
  std::shared_ptr<void> left, right, source, result;
  cublasLtMatmulAlgo_t algorithm{};
};

} // namespace

StridedProduct packed(const Product &product, const Tensor &left, const Tensor &right,
                      const Tensor &result, const Tensor &bias, const Tensor &before_gelu) {
  const auto &[batch, rows, columns, depth] = product.shape;
  const auto side = [&](const Tensor &tensor, bool transposed, std::int64_t high,
                        std::int64_t wide) {
    return StridedMatrix{.data = tensor.data,
                         .format = tensor.format,
                         .transposed = transposed,
                         .leading = transposed ? high : wide,
                         .stride = high * wide};
  };
  return {.shape = product.shape,
          .left = side(left, product.transpose_left, rows, depth),
          .right = side(right, product.transpose_right, depth, columns),
          .result = side(result, false, rows, columns),
          .scale = 1,
          .accumulate = product.accumulate,
          .epilogue = product.epilogue,
          .bias = bias.data,
          .before_gelu = before_gelu.data};
}

/// cuBLASLt is column-major: a row-major matrix is its transpose there. The product is computed as
/// resultᵀ(columns × rows) = rightᵀ · leftᵀ, so the library's A is `right` and its B is `left`.
struct MatrixProducts::State {
  explicit State(cudaStream_t on)
      : stream(on), workspace(device_memory(workspace_bytes)), one(device_memory(sizeof(float))) {
    cublasLtHandle_t created = nullptr;
    library.check(library.create(&created), "starting cuBLASLt");
    handle = {created, library.destroy};
    const float unit = 1;
    check(cudaMemcpy(one.get(), &unit, sizeof unit, cudaMemcpyHostToDevice),
          "copying a scale to the device");
  }

  template <class Value>
  void describe(void *description, cublasLtMatmulDescAttributes_t attribute, Value value) {
    library.check(library.set_description(static_cast<cublasLtMatmulDesc_t>(description), attribute,
                                          &value, sizeof value),
                  "describing a product to cuBLASLt");
  }

  /// A stored matrix, seen column-major: `across` elements lie next to each other, `down` times.
  std::shared_ptr<void> layout(cudaDataType type, std::int64_t across, std::int64_t down,
                               const StridedMatrix &matrix, std::int64_t batch) const {
    cublasLtMatrixLayout_t created = nullptr;
    library.check(library.create_layout(&created, type, static_cast<std::uint64_t>(across),
                                        static_cast<std::uint64_t>(down), matrix.leading),
                  "describing a matrix to cuBLASLt");
    std::shared_ptr<void> kept(created, [destroy = library.destroy_layout](void *layout) {
      (void)destroy(static_cast<cublasLtMatrixLayout_t>(layout));
    });
    const auto count = static_cast<std::int32_t>(batch);
    library.check(
        library.set_layout(created, CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT, &count, sizeof count),
        "describing a batch to cuBLASLt");
    library.check(library.set_layout(created, CUBLASLT_MATRIX_LAYOUT_STRIDED_BATCH_OFFSET,
                                     &matrix.stride, sizeof matrix.stride),
                  "describing a batch to cuBLASLt");
    return kept;
  }

  /// Pointers are no part of a plan, but their alignment is.
  void point(void *description, const StridedProduct &product) {
    if (product.epilogue != Epilogue::none)
      describe(description, CUBLASLT_MATMUL_DESC_BIAS_POINTER,
               static_cast<const void *>(product.bias));
    if (product.before_gelu)
      describe(description, CUBLASLT_MATMUL_DESC_EPILOGUE_AUX_POINTER, product.before_gelu);
  }

  Plan plan(const StridedProduct &product);
  void choose(const StridedProduct &product, Plan &plan);

  CublasLt library; // first: outlives what its functions destroy
  cudaStream_t stream;
  std::shared_ptr<void> workspace;
  std::shared_ptr<void> one; ///< on the device, the scale of fp8 operands
  std::shared_ptr<cublasLtContext> handle;
  std::map<Key, Plan> plans;
};

Plan MatrixProducts::State::plan(const StridedProduct &product) {
  const auto &[batch, rows, columns, depth] = product.shape;
  Plan made;
  cublasLtMatmulDesc_t description = nullptr;
  library.check(
      library.create_description(&description, compute_type(product.left.format), CUDA_R_32F),
      "describing a product to cuBLASLt");
  made.description = {description, [destroy = library.destroy_description](void *freed) {
                        (void)destroy(static_cast<cublasLtMatmulDesc_t>(freed));
                      }};
  const auto operation = [](bool transposed) { return transposed ? CUBLAS_OP_T : CUBLAS_OP_N; };
  describe(description, CUBLASLT_MATMUL_DESC_TRANSA, operation(product.right.transposed));
  describe(description, CUBLASLT_MATMUL_DESC_TRANSB, operation(product.left.transposed));
  describe(description, CUBLASLT_MATMUL_DESC_EPILOGUE, epilogue_of(product));
  if (product.before_gelu)
    describe(description, CUBLASLT_MATMUL_DESC_EPILOGUE_AUX_LD, product.result.leading);

  point(description, product);

  const bool narrow = product.left.format == NumberFormat::fp8;
  const cudaDataType result_type = type_of(product.result.format);
  cudaDataType source_type = result_type;
  if (narrow) {
    const void *const scale = one.get();
    describe(description, CUBLASLT_MATMUL_DESC_A_SCALE_POINTER, scale);
    describe(description, CUBLASLT_MATMUL_DESC_B_SCALE_POINTER, scale);
    describe(description, CUBLASLT_MATMUL_DESC_FAST_ACCUM, std::int8_t{1});
    if (result_type == CUDA_R_8F_E4M3) {
      describe(description, CUBLASLT_MATMUL_DESC_D_SCALE_POINTER, scale);
      source_type = CUDA_R_16BF; // what cuBLASLt accepts beside an fp8 result
    }
    if (product.bias)
      describe(description, CUBLASLT_MATMUL_DESC_BIAS_DATA_TYPE, CUDA_R_16BF);
  }

  const auto turned = [](bool transposed, std::int64_t wide, std::int64_t high) {
    return transposed ? std::pair{high, wide} : std::pair{wide, high};
  };
  const auto [right_across, right_down] = turned(product.right.transposed, columns, depth);
  const auto [left_across, left_down] = turned(product.left.transposed, depth, rows);
  made.right =
      layout(type_of(product.right.format), right_across, right_down, product.right, batch);
  made.left = layout(type_of(product.left.format), left_across, left_down, product.left, batch);
  made.source = layout(source_type, columns, rows, product.result, batch);
  made.result = layout(result_type, columns, rows, product.result, batch);
  choose(product, made);
  return made;
}

void MatrixProducts::State::choose(const StridedProduct &product, Plan &plan) {
  cublasLtMatmulPreference_t preference = nullptr;
  library.check(library.create_preference(&preference), "asking cuBLASLt for a kernel");
  const std::shared_ptr<void> kept(preference, [destroy = library.destroy_preference](void *freed) {
    (void)destroy(static_cast<cublasLtMatmulPreference_t>(freed));
  });
  const auto prefer = [&](cublasLtMatmulPreferenceAttributes_t attribute, auto value) {
    library.check(library.set_preference(preference, attribute, &value, sizeof value),
                  "asking cuBLASLt for a kernel");
  };
  const auto align = [](const void *data) {
    return static_cast<std::uint32_t>(alignment_of(data));
  };
  prefer(CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, std::uint64_t{workspace_bytes});
  prefer(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, align(product.right.data));
  prefer(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES, align(product.left.data));
  prefer(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, align(product.result.data));
  prefer(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES, align(product.result.data));

  cublasLtMatmulHeuristicResult_t found{};
  int count = 0;
  const auto as_layout = [](const std::shared_ptr<void> &layout) {
    return static_cast<cublasLtMatrixLayout_t>(layout.get());
  };
  const cublasStatus_t result =
      library.heuristic(handle.get(), static_cast<cublasLtMatmulDesc_t>(plan.description.get()),
                        as_layout(plan.right), as_layout(plan.left), as_layout(plan.source),
                        as_layout(plan.result), preference, 1, &found, &count);
  const auto &[batch, rows, columns, depth] = product.shape;
  const std::string what = "choosing a kernel for " + std::to_string(batch) + " x " +
                           std::to_string(rows) + " x " + std::to_string(columns) + " x " +
                           std::to_string(depth);
  library.check(result, what);
  if (count == 0)
    library.check(CUBLAS_STATUS_NOT_SUPPORTED, what);
  plan.algorithm = found.algo;
}

MatrixProducts::MatrixProducts(cudaStream_t stream) : state_(std::make_unique<State>(stream)) {}

MatrixProducts::~MatrixProducts() = default;

void MatrixProducts::multiply(const StridedProduct &product) {
  const Key key = key_of(product);
  auto at = state_->plans.find(key);
  if (at == state_->plans.end())
    at = state_->plans.emplace(key, state_->plan(product)).first;
  const Plan &plan = at->second;
  void *const description = plan.description.get();
  state_->point(description, product);
  const float scale = product.scale;
  const float keep = product.accumulate ? 1 : 0;
  const auto as_layout = [](const std::shared_ptr<void> &layout) {
    return static_cast<cublasLtMatrixLayout_t>(layout.get());
  };
  state_->library.check(
      state_->library.matmul(
          state_->handle.get(), static_cast<cublasLtMatmulDesc_t>(description), &scale,
          product.right.data, as_layout(plan.right), product.left.data, as_layout(plan.left), &keep,
          product.result.data, as_layout(plan.source), product.result.data, as_layout(plan.result),
          &plan.algorithm, state_->workspace.get(), workspace_bytes, state_->stream),
      "multiplying with cuBLASLt");
}

std::string MatrixProducts::version() const {
  // 130100 is 13.1.0
  const std::size_t version = state_->library.version();
  return std::to_string(version / 10000) + "." + std::to_string(version / 100 % 100) + "." +
         std::to_string(version % 100);
}

} // namespace flopcast::cuda
