# SPDX-License-Identifier: Apache-2.0
# How every target of the project is built.

add_library(flopcast_warnings INTERFACE)
# -Wconversion would warn of what nvcc makes of kernel launches.
set(errors $<BOOL:${FLOPCAST_WARNINGS_AS_ERRORS}>)
target_compile_options(flopcast_warnings INTERFACE
  $<$<COMPILE_LANGUAGE:CXX>:-Wall -Wextra -Wconversion -Wshadow>
  $<$<AND:${errors},$<COMPILE_LANGUAGE:CXX>>:-Werror>
  $<$<COMPILE_LANGUAGE:CUDA>:-Xcompiler=-Wall,-Wextra,-Wshadow>
  $<$<AND:${errors},$<COMPILE_LANGUAGE:CUDA>>:-Werror=all-warnings>)

# What libraries and programs are built with.
add_library(flopcast_build_flags INTERFACE)
target_link_libraries(flopcast_build_flags INTERFACE flopcast_warnings)
if(FLOPCAST_SANITIZERS)
  # -w: GCC suspects what sanitizers make of the code; warnings are the other builds' part. Eigen must
  # allocate as in the tests, which are compiled without.
  target_compile_options(flopcast_build_flags INTERFACE $<$<COMPILE_LANGUAGE:CXX>:
    -w -O1 -g1 -UNDEBUG -D_GLIBCXX_ASSERTIONS -DEIGEN_MALLOC_ALREADY_ALIGNED=1
    -fsanitize=${FLOPCAST_SANITIZERS} -fno-sanitize-recover=all -fno-omit-frame-pointer>)
  if(FLOPCAST_SANITIZERS MATCHES undefined)
    # These take a third of the time to compile, and AddressSanitizer sees most of what they would.
    target_compile_options(flopcast_build_flags INTERFACE
      $<$<COMPILE_LANGUAGE:CXX>:-fno-sanitize=null,alignment,object-size,vptr>)
  endif()
  target_link_options(flopcast_build_flags INTERFACE -fsanitize=${FLOPCAST_SANITIZERS})
endif()

# What tests are built with: they run once. Under AddressSanitizer as without it, so that ccache has
# them: what they call is checked, not they. Threads are checked in both.
add_library(flopcast_test_flags INTERFACE)
if(FLOPCAST_SANITIZERS MATCHES thread)
  target_link_libraries(flopcast_test_flags INTERFACE flopcast_build_flags)
else()
  target_link_libraries(flopcast_test_flags INTERFACE flopcast_warnings)
  target_compile_options(flopcast_test_flags INTERFACE
    $<$<AND:$<CONFIG:Release>,$<COMPILE_LANGUAGE:CXX>>:-O1>)
  if(FLOPCAST_SANITIZERS)
    target_link_options(flopcast_test_flags INTERFACE -fsanitize=${FLOPCAST_SANITIZERS})
  endif()
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
# are included by their path from the project's root. Those without a source of their name are
# compiled by themselves in all_verify_interface_header_sets; of the others their source, which
# includes them first, shows that they are complete (in builds without precompiled headers).
function(flopcast_library folder)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;HEADERS;LINK;PRIVATE_LINK;PRECOMPILE")
  set(target flopcast_${folder})
  add_library(${target} STATIC ${arg_SOURCES})
  add_library(flopcast::${folder} ALIAS ${target})
  list(TRANSFORM arg_SOURCES REPLACE "\\.cpp$" ".hpp" OUTPUT_VARIABLE of_sources)
  set(alone ${arg_HEADERS})
  list(REMOVE_ITEM alone ${of_sources})
  list(REMOVE_ITEM arg_HEADERS ${alone})
  target_sources(${target} PUBLIC
    FILE_SET HEADERS BASE_DIRS ${PROJECT_SOURCE_DIR} FILES ${arg_HEADERS}
    FILE_SET alone TYPE HEADERS BASE_DIRS ${PROJECT_SOURCE_DIR} FILES ${alone})
  set_target_properties(${target} PROPERTIES
    EXPORT_NAME ${folder} POSITION_INDEPENDENT_CODE ON
    VERIFY_INTERFACE_HEADER_SETS ON INTERFACE_HEADER_SETS_TO_VERIFY alone)
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
