# SPDX-License-Identifier: Apache-2.0
# What measures GPUs, for the project and for the stand-alone collector: needs CUDAToolkit only.

if(NOT CMAKE_CUDA_COMPILER)
  set(CMAKE_CUDA_COMPILER ${CUDAToolkit_NVCC_EXECUTABLE})
endif()
enable_language(CUDA)
# CMake 3.25 does not know nvcc's flag for C++20, which the targets ask for.
if(NOT CMAKE_CUDA20_STANDARD_COMPILE_OPTION)
  set(CMAKE_CUDA20_STANDARD_COMPILE_OPTION -std=c++20)
  set(CMAKE_CUDA20_EXTENSION_COMPILE_OPTION -std=c++20)
endif()

set(FLOPCAST_CUDA_SOURCES
  activity.cpp activity_log.cpp attention.cpp attention_kernels.cu column_sums.cu
  convolutions_absent.cpp counters.cpp cublaslt.cpp cuda_collectives.cpp
  cuda_error.cpp cuda_kernels.cpp cupti_source.cpp device_memory.cpp device_rates.cpp
  fused_attention_absent.cpp
  gpu.cpp host_conversion.cpp matrix_products.cpp nccl.cpp norm_gradients.cu norm_kernels.cu nvml.cpp
  shared_library.cpp stream_kernels.cu table_kernels.cu timer.cpp)
list(TRANSFORM FLOPCAST_CUDA_SOURCES PREPEND ${CMAKE_CURRENT_LIST_DIR}/../profiler/cuda/)

# Only its header is needed to build; the library is loaded when it is first used.
find_path(FLOPCAST_CUDNN_INCLUDE cudnn_backend.h HINTS ${CUDAToolkit_INCLUDE_DIRS})
mark_as_advanced(FLOPCAST_CUDNN_INCLUDE)
if(FLOPCAST_CUDNN_INCLUDE)
  set(FLOPCAST_HAS_CUDNN 1)
  list(APPEND FLOPCAST_CUDA_SOURCES ${CMAKE_CURRENT_LIST_DIR}/../profiler/cuda/cudnn.cpp
    ${CMAKE_CURRENT_LIST_DIR}/../profiler/cuda/attention_graph.cpp
    ${CMAKE_CURRENT_LIST_DIR}/../profiler/cuda/convolution_graph.cpp
    ${CMAKE_CURRENT_LIST_DIR}/../profiler/cuda/convolutions.cpp
    ${CMAKE_CURRENT_LIST_DIR}/../profiler/cuda/fused_attention.cpp)
else()
  set(FLOPCAST_HAS_CUDNN 0)
endif()

# flopcast_use_cuda(<target>): what the sources above need.
function(flopcast_use_cuda target)
  target_compile_definitions(${target} PRIVATE
    FLOPCAST_HAS_CUDNN=${FLOPCAST_HAS_CUDNN}
    FLOPCAST_CUDA_LIBRARIES="${CUDAToolkit_LIBRARY_DIR}")
  if(FLOPCAST_HAS_CUDNN)
    target_include_directories(${target} SYSTEM PRIVATE ${FLOPCAST_CUDNN_INCLUDE})
  endif()
  target_link_libraries(${target} PRIVATE CUDA::cudart_static CUDA::cupti ${CMAKE_DL_LIBS})
endfunction()
