# SPDX-License-Identifier: Apache-2.0
# What measures GPUs, for the project and for the stand-alone collector: needs CUDAToolkit only.

set(FLOPCAST_CUDA_SOURCES
  activity.cpp activity_log.cpp attention.cpp attention_kernels.cu column_sums.cu cublaslt.cpp
  cuda_error.cpp cuda_kernels.cpp cupti_source.cpp device_memory.cpp fused_attention_absent.cpp
  gpu.cpp host_conversion.cpp matrix_products.cpp norm_gradients.cu norm_kernels.cu nvml.cpp
  shared_library.cpp stream_kernels.cu table_kernels.cu timer.cpp)
list(TRANSFORM FLOPCAST_CUDA_SOURCES PREPEND ${CMAKE_CURRENT_LIST_DIR}/../profiler/cuda/)

# flopcast_use_cuda(<target>): what the sources above need.
function(flopcast_use_cuda target)
  target_compile_definitions(${target} PRIVATE
    FLOPCAST_CUDA_LIBRARIES="${CUDAToolkit_LIBRARY_DIR}")
  target_link_libraries(${target} PRIVATE CUDA::cudart_static CUDA::cupti ${CMAKE_DL_LIBS})
endfunction()
