// SPDX-License-Identifier: Apache-2.0
// What a row of aiconfigurator's moe_perf times, as its own numbers tell (H100, TRTLLM):
// * A whole layer of experts on one device: 16 tokens that reach all of 8 experts of 4096 × 14336
//   take 962 us, in which three matrices an expert (2.8 GB in bf16) pass at 2.9 of 3.35 TB/s. So
//   gate, up and down are in it; "nongated" sources have two matrices an expert.
// * num_tokens is that of the whole expert-parallel group: balanced rows of the largest sizes reach
//   800 TFLOP/s when num_tokens × topk / moe_ep_size rows are counted, for every moe_ep_size.
// * inter_size is before the split by moe_tp_size, num_experts before that by moe_ep_size.
#include "hardware/product_shapes.hpp"
#include "profiler/importers/table_builder.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace flopcast {
namespace {

struct LayerFormat {
  std::string_view written;
  NumberFormat format;
  double weight; ///< bytes of an element, block scales included
  std::string_view variant;
};

constexpr std::array formats{
    LayerFormat{"bfloat16", NumberFormat::bf16, 2, ""},
    LayerFormat{"fp8", NumberFormat::fp8, 1, ""},
    LayerFormat{"fp8_block", NumberFormat::fp8, 1 + 4.0 / (128 * 128), "fp8_block"},
};

constexpr double millisecond = 1e-3;
constexpr std::int64_t largest = 10'000'000; // products of two stay whole

double real(std::int64_t x) { return static_cast<double>(x); }

/// Least mean rows for which an uneven spread still reaches every expert, nearly: below, the table
/// does not tell whose weights are read.
constexpr double least_uneven_rows = 16;

} // namespace

void read_expert_layers(TableRows &rows, TableBuilder &builder) {
  const auto framework = rows.column("framework"), version = rows.column("version"),
             device = rows.column("device"), source = rows.column("kernel_source"),
             dtype = rows.column("moe_dtype"), tokens = rows.column("num_tokens"),
             hidden = rows.column("hidden_size"), inner = rows.column("inter_size"),
             top = rows.column("topk"), experts = rows.column("num_experts"),
             tensor = rows.column("moe_tp_size"), expert = rows.column("moe_ep_size"),
             distribution = rows.column("distribution"), latency = rows.column("latency");
  while (rows.next()) {
    const auto *const format = std::ranges::find(formats, rows.text(dtype), &LayerFormat::written);
    if (format == formats.end()) {
      builder.skip(fmt::format("no such product in training: {}", rows.text(dtype)));
      continue;
    }
    const std::int64_t ep = rows.whole(expert, 1, largest);
    const std::int64_t tp = rows.whole(tensor, 1, largest);
    const std::int64_t all = rows.whole(experts, 1, largest);
    const std::int64_t width = rows.whole(inner, 1, largest);
    const std::int64_t h = rows.whole(hidden, 1, largest);
    const std::int64_t t = rows.whole(tokens, 1, largest);
    const double routed = real(t) * real(rows.whole(top, 1, largest));
    if (all % ep != 0 || width % tp != 0)
      rows.fail(
          fmt::format("{} experts of width {} do not divide by {} and {}", all, width, ep, tp));
    const bool uneven = rows.text(distribution) != "balanced";
    if (routed < real(all)) {
      builder.skip("fewer rows than experts: which experts are reached is not told");
      continue;
    }
    if (uneven && ep > 1) {
      builder.skip("uneven over devices: how many rows this one got is not told");
      continue;
    }
    if (uneven && routed < least_uneven_rows * real(all)) {
      builder.skip("uneven and few rows: which experts are reached is not told");
      continue;
    }
    const bool gated = rows.text(source).find("nongated") == std::string_view::npos;
    const double here = routed / real(ep);
    OperatorCall call{.kind = OperatorClass::grouped_gemm,
                      .format = format->format,
                      .flops = {},
                      .bytes = {},
                      .kernels = 2,
                      .shape = grouped_shape(all / ep, here, width / tp * (gated ? 2 : 1), h)};
    call.expert_width = width / tp;
    call.tokens = t;
    call.uneven = uneven;
    const double matrices = real(call.shape.columns + call.expert_width) * real(h);
    call.flops = 2 * here * matrices * units::flop;
    // The weights, and rows to, between and from the products.
    call.bytes = (real(call.shape.batch) * matrices * format->weight +
                  2 * here * (2 * real(h) + real(call.shape.columns + call.expert_width))) *
                 units::byte;
    builder.add(rows.text(device), fmt::format("{} {}", rows.text(framework), rows.text(version)),
                format->variant, {call, rows.seconds(latency, millisecond) * units::second});
  }
}

} // namespace flopcast
