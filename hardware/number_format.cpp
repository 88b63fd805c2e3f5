// SPDX-License-Identifier: Apache-2.0
// Apart from device.cpp, which reads files: the stand-alone collector needs the names alone.
#include "hardware/device.hpp"

#include <array>

namespace flopcast {
namespace {

constexpr std::array format_names{
    Spelled<NumberFormat>{"fp64", NumberFormat::fp64},
    Spelled<NumberFormat>{"fp32", NumberFormat::fp32},
    Spelled<NumberFormat>{"tf32", NumberFormat::tf32},
    Spelled<NumberFormat>{"fp16", NumberFormat::fp16},
    Spelled<NumberFormat>{"bf16", NumberFormat::bf16},
    Spelled<NumberFormat>{"fp8", NumberFormat::fp8},
    Spelled<NumberFormat>{"fp4", NumberFormat::fp4},
    Spelled<NumberFormat>{"int8", NumberFormat::int8},
};

} // namespace

std::span<const Spelled<NumberFormat>> number_format_names() { return format_names; }

std::string_view to_text(NumberFormat format) {
  return format_names[static_cast<std::size_t>(format)].first;
}

} // namespace flopcast
