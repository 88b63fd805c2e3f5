# SPDX-License-Identifier: Apache-2.0
# What the project needs from Debian, and what it can do without.

find_package(fmt 9 REQUIRED)
find_package(Eigen3 3.4 REQUIRED)
find_package(ZLIB REQUIRED)
find_package(tomlplusplus 3 REQUIRED)
find_package(nlohmann_json 3 REQUIRED)
find_package(CLI11 2 REQUIRED)
find_package(SQLiteCpp 3.2 REQUIRED)
find_package(Boost 1.74 REQUIRED) # Boost.Graph's containers are header-only

# flopcast_feature(<option> <found> <missing>): turns AUTO, ON or OFF into <option>_ENABLED and a
# line of the summary; ON without what it needs is an error that names the remedy.
function(flopcast_feature option found missing)
  set(enabled OFF)
  if(${option} STREQUAL "OFF")
    set(why "off: ${option}=OFF")
  elseif(found)
    set(enabled ON)
    set(why "on: ${found}")
  elseif(${option} STREQUAL "AUTO")
    set(why "off: ${missing}")
  else()
    message(FATAL_ERROR "${option}=ON, but ${missing}. Install it, or reconfigure with -D${option}=OFF.")
  endif()
  set(${option}_ENABLED ${enabled} PARENT_SCOPE)
  set(${option}_SUMMARY "${why}" PARENT_SCOPE)
endfunction()

set(found "")
if(NOT FLOPCAST_CUDA STREQUAL "OFF")
  find_package(CUDAToolkit 12 QUIET)
  if(CUDAToolkit_FOUND AND TARGET CUDA::cupti AND TARGET CUDA::cublasLt AND CUDAToolkit_NVCC_EXECUTABLE)
    set(found "CUDA ${CUDAToolkit_VERSION} with CUPTI")
  endif()
endif()
flopcast_feature(FLOPCAST_CUDA "${found}"
  "no CUDA toolkit (12 or newer) with nvcc, CUPTI and cuBLASLt was found")
if(FLOPCAST_CUDA_ENABLED)
  if(NOT CMAKE_CUDA_ARCHITECTURES)
    set(CMAKE_CUDA_ARCHITECTURES 80-real 90-real 100) # A100, H100 and H200, B200; newer by PTX
  endif()
  include(FlopcastCuda)
  if(FLOPCAST_HAS_CUDNN)
    string(APPEND FLOPCAST_CUDA_SUMMARY " and cuDNN")
  endif()
endif()

set(found "")
if(NOT FLOPCAST_CPU_BACKEND STREQUAL "OFF")
  find_package(OpenMP QUIET COMPONENTS CXX)
  # Debian's package configuration names the variant's own files: the headers decide.
  find_path(FLOPCAST_CBLAS_INCLUDE cblas.h PATH_SUFFIXES openblas openblas-pthread
    PATHS /usr/include/${CMAKE_LIBRARY_ARCHITECTURE})
  find_library(FLOPCAST_OPENBLAS openblas)
  mark_as_advanced(FLOPCAST_CBLAS_INCLUDE FLOPCAST_OPENBLAS)
  if(OpenMP_CXX_FOUND AND FLOPCAST_CBLAS_INCLUDE AND FLOPCAST_OPENBLAS)
    set(found "OpenBLAS (${FLOPCAST_OPENBLAS}), OpenMP ${OpenMP_CXX_VERSION}")
  endif()
endif()
flopcast_feature(FLOPCAST_CPU_BACKEND "${found}"
  "OpenBLAS (libopenblas-dev) or OpenMP was not found")

set(found "")
set(missing "Qt 6.4 (qt6-base-dev) was not found")
if(NOT FLOPCAST_GUI STREQUAL "OFF")
  find_package(Qt6 6.4 QUIET COMPONENTS Widgets)
  if(Qt6Widgets_FOUND)
    find_package(Qt6 6.4 QUIET OPTIONAL_COMPONENTS Concurrent PrintSupport Svg
                 LinguistTools)
    find_package(QCustomPlotQt6 QUIET CONFIG)
    if(NOT Qt6Svg_FOUND)
      set(missing "Qt's SVG module (qt6-svg-dev) was not found")
    elseif(NOT Qt6LinguistTools_FOUND)
      set(missing "Qt's lrelease (qt6-tools-dev, qt6-l10n-tools) was not found")
    elseif(NOT QCustomPlotQt6_FOUND)
      set(missing "QCustomPlot for Qt 6 (libqcustomplot-dev) was not found")
    else()
      set(found "Qt ${Qt6_VERSION}, QCustomPlot")
    endif()
  endif()
endif()
flopcast_feature(FLOPCAST_GUI "${found}" "${missing}")

function(flopcast_print_summary)
  message(STATUS "Flopcast ${PROJECT_VERSION}, ${CMAKE_BUILD_TYPE}")
  message(STATUS "  CUDA profiler: ${FLOPCAST_CUDA_SUMMARY}")
  message(STATUS "  CPU back end:  ${FLOPCAST_CPU_BACKEND_SUMMARY}")
  message(STATUS "  dashboard:     ${FLOPCAST_GUI_SUMMARY}")
  message(STATUS "  man pages:     ${FLOPCAST_MAN_SUMMARY}")
  message(STATUS "  tests:         ${FLOPCAST_TESTS}, benchmarks ${FLOPCAST_BENCHMARKS}, "
                 "fuzzers ${FLOPCAST_FUZZERS}, sanitizers '${FLOPCAST_SANITIZERS}'")
endfunction()
