# SPDX-License-Identifier: Apache-2.0
# How every target of the project is built.

add_library(flopcast_build_flags INTERFACE)
# -Wconversion would warn of what nvcc makes of kernel launches.
set(errors $<BOOL:${FLOPCAST_WARNINGS_AS_ERRORS}>)
target_compile_options(flopcast_build_flags INTERFACE
  $<$<COMPILE_LANGUAGE:CXX>:-Wall -Wextra -Wconversion -Wshadow>
  $<$<AND:${errors},$<COMPILE_LANGUAGE:CXX>>:-Werror>
  $<$<COMPILE_LANGUAGE:CUDA>:-Xcompiler=-Wall,-Wextra,-Wshadow>
  $<$<AND:${errors},$<COMPILE_LANGUAGE:CUDA>>:-Werror=all-warnings>)
if(FLOPCAST_SANITIZERS)
  target_compile_options(flopcast_build_flags INTERFACE $<$<COMPILE_LANGUAGE:CXX>:
    -fsanitize=${FLOPCAST_SANITIZERS} -fno-sanitize-recover=all -fno-omit-frame-pointer>)
  target_link_options(flopcast_build_flags INTERFACE -fsanitize=${FLOPCAST_SANITIZERS})
endif()

# flopcast_precompile(<target> <header>…): the headers that most of a target's sources include, parsed
# once. Sources must not rely on it: release builds go without.
option(FLOPCAST_PRECOMPILED_HEADERS "Parse common headers once a target (faster builds)" OFF)
function(flopcast_precompile target)
  if(FLOPCAST_PRECOMPILED_HEADERS)
    list(TRANSFORM ARGN REPLACE "(.+)" "$<$<COMPILE_LANGUAGE:CXX>:<\\1>>")
    target_precompile_headers(${target} PRIVATE ${ARGN})
    if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
      # GCC 12 forgets which of these are system headers, whose std::string it suspects wrongly
      # (GCC bugs 105329, 105651).
      target_compile_options(${target} PRIVATE $<$<COMPILE_LANGUAGE:CXX>:-fpch-preprocess
        -Wno-array-bounds -Wno-restrict -Wno-stringop-overflow -Wno-stringop-overread>)
    endif()
  endif()
endfunction()
set(FLOPCAST_COMMON_HEADERS
  algorithm array cmath cstdint functional map memory optional span string string_view utility vector
  fmt/format.h)

# flopcast_library(<folder> SOURCES … HEADERS … [LINK …] [PRIVATE_LINK …] [PRECOMPILE …])
# The static library of one folder: target flopcast_<folder>, alias flopcast::<folder>. Its headers
# are included by their path from the project's root.
function(flopcast_library folder)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;HEADERS;LINK;PRIVATE_LINK;PRECOMPILE")
  set(target flopcast_${folder})
  add_library(${target} STATIC ${arg_SOURCES})
  add_library(flopcast::${folder} ALIAS ${target})
  target_sources(${target} PUBLIC FILE_SET HEADERS
    BASE_DIRS ${PROJECT_SOURCE_DIR} FILES ${arg_HEADERS})
  set_target_properties(${target} PROPERTIES
    EXPORT_NAME ${folder} POSITION_INDEPENDENT_CODE ON VERIFY_INTERFACE_HEADER_SETS ON)
  target_compile_features(${target} PUBLIC cxx_std_20)
  # No program puts functions of its own in the place of the library's: without this GCC inlines none
  # that others could call.
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    target_compile_options(${target} PRIVATE
      $<$<COMPILE_LANGUAGE:CXX>:-fno-semantic-interposition>)
  endif()
  target_link_libraries(${target}
    PUBLIC ${arg_LINK}
    PRIVATE ${arg_PRIVATE_LINK} $<BUILD_INTERFACE:flopcast_build_flags>)
  flopcast_precompile(${target} ${FLOPCAST_COMMON_HEADERS} ${arg_PRECOMPILE})
endfunction()
