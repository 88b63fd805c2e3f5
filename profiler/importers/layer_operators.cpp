// SPDX-License-Identifier: Apache-2.0
// Operators of GPT-NeoX layers in fp16, as DebarghaG/estimate-train-time measured them with the
// PyTorch profiler. The table gives the layer's sizes, not the kernel's: shapes, FLOPs and bytes
// are worked out here. One kernel's bytes are each of its tensors once. Where several kernels make
// an operator (masks, RMS norm, RoPE, embedding, cross entropy, optimizer, and most backward
// passes) bytes and kernels are ESTIMATES: the source's code was not at hand, and they were chosen
// so that the bandwidth they imply is below the datasheet's on A100 and GH200. A fit to these
// samples predicts the same operator well; its efficiency is no property of the device alone.
#include "profiler/importers/run_speeds.hpp"
#include "profiler/importers/table_builder.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
#include <optional>

namespace flopcast {
namespace {

using enum OperatorClass;

constexpr double half = 2; ///< bytes of an fp16 element

struct Layer {
  std::size_t operation = 0; ///< index in `operations`
  std::int64_t tensor_parallel = 1, batch = 0, heads = 0, sequence = 0, hidden = 0, layers = 0;
  double forward = 0, backward = 0; ///< seconds; no backward: 0
};

double real(std::int64_t x) { return static_cast<double>(x); }

/// 50,257 tokens of GPT-2, padded as Megatron does.
std::int64_t vocabulary_share(const Layer &l) {
  const std::int64_t multiple = 128 * l.tensor_parallel;
  return (50257 + multiple - 1) / multiple * multiple / l.tensor_parallel;
}

std::int64_t tokens(const Layer &l) { return l.batch * l.sequence; }
std::int64_t share(std::int64_t whole, const Layer &l) { return whole / l.tensor_parallel; }

OperatorCall product(OperatorClass kind, const MatrixShape &s) {
  const double m = real(s.rows), n = real(s.columns), k = real(s.depth), b = real(s.batch);
  return {.kind = kind,
          .format = NumberFormat::fp16,
          .flops = 2 * b * m * n * k * units::flop,
          .bytes = half * b * (m * k + k * n + m * n) * units::byte,
          .shape = s};
}
OperatorCall linear(const Layer &l, std::int64_t columns, std::int64_t depth) {
  return product(gemm, {.batch = 1, .rows = tokens(l), .columns = columns, .depth = depth});
}
/// `element_bytes`: traffic for each of rows × columns elements.
OperatorCall stream(OperatorClass kind, std::int64_t rows, std::int64_t columns,
                    double element_bytes, std::int64_t kernels) {
  return {.kind = kind,
          .format = NumberFormat::fp16,
          .flops = {},
          .bytes = element_bytes * real(rows) * real(columns) * units::byte,
          .kernels = kernels,
          .shape = {.batch = 1, .rows = rows, .columns = columns, .depth = 0}};
}

/// Taken as not causal. Counted in full these kernels reach 237 TFLOP/s on A100 and 396 on GH200 at
/// a head of 128, and GH200's rate rises by 0.6 % from 3072 to 5120 tokens (head 64, 640 heads),
/// where a causal kernel with tiles of 128 would gain 1.6 %. Indirect evidence: no row says so.
OperatorCall attention(const Layer &l) {
  const std::int64_t depth = l.hidden / l.heads;
  OperatorCall call{.kind = fused_attention,
                    .format = NumberFormat::fp16,
                    .flops = {},
                    .bytes = {},
                    .shape = {.batch = l.batch * share(l.heads, l),
                              .rows = l.sequence,
                              .columns = l.sequence,
                              .depth = depth}};
  const double vectors = real(call.shape.batch) * real(l.sequence) * real(depth);
  call.flops = 4 * vectors * real(l.sequence) * units::flop;
  call.bytes = 4 * half * vectors * units::byte; // queries, keys, values, output
  return call;
}

/// Time over A100's rows is 37 bytes a parameter at the datasheet's bandwidth and 0.5 ms a layer,
/// as of an Adam of many kernels. 32 bytes and 8 kernels for each of 12 tensors are estimates.
OperatorCall adam(const Layer &l, double tables) {
  const double parameters =
      (12 * real(l.layers) * real(l.hidden) * real(l.hidden)) / real(l.tensor_parallel) +
      tables * real(vocabulary_share(l)) * real(l.hidden);
  constexpr std::int64_t kernels_a_layer = 96; // eight passes over each of twelve tensors
  return stream(optimizer, static_cast<std::int64_t>(parameters), 1, 32,
                kernels_a_layer * l.layers);
}

struct Operation {
  std::string_view written;
  OperatorCall (*forward)(const Layer &);
  /// Of the forward call's, for the backward one; 0: there is none.
  double backward_flops;
  double backward_bytes;
  std::int64_t backward_kernels;
};

constexpr std::array operations{
    Operation{"linear1", [](const Layer &l) { return linear(l, share(3 * l.hidden, l), l.hidden); },
              2, 2, 2},
    Operation{"linear2", [](const Layer &l) { return linear(l, l.hidden, share(l.hidden, l)); }, 2,
              2, 2},
    Operation{"linear3", [](const Layer &l) { return linear(l, share(4 * l.hidden, l), l.hidden); },
              2, 2, 2},
    Operation{"linear4", [](const Layer &l) { return linear(l, l.hidden, share(4 * l.hidden, l)); },
              2, 2, 2},
    Operation{"linear_final",
              [](const Layer &l) { return linear(l, vocabulary_share(l), l.hidden); }, 2, 2, 2},
    // Scores: queries times keys.
    Operation{"baddbmm",
              [](const Layer &l) {
                return product(batched_gemm, {.batch = l.batch * share(l.heads, l),
                                              .rows = l.sequence,
                                              .columns = l.sequence,
                                              .depth = l.hidden / l.heads});
              },
              2, 2, 2},
    // Probabilities times values.
    Operation{"bmm",
              [](const Layer &l) {
                return product(batched_gemm, {.batch = l.batch * share(l.heads, l),
                                              .rows = l.sequence,
                                              .columns = l.hidden / l.heads,
                                              .depth = l.sequence});
              },
              2, 2, 2},
    // Five products for two; reads also output and its gradient, writes three gradients.
    Operation{"flash_atten", attention, 2.5, 2, 3},
    Operation{"softmax",
              [](const Layer &l) {
                return stream(softmax, tokens(l) * share(l.heads, l), l.sequence, 2 * half, 1);
              },
              0, 1.5, 1},
    // Reads the triangle, writes the square.
    Operation{"ScaledUpperTriangMaskedSoftmax",
              [](const Layer &l) {
                OperatorCall call =
                    stream(softmax, tokens(l) * share(l.heads, l), l.sequence, 1.5 * half, 1);
                call.causal = true;
                return call;
              },
              0, 4.0 / 3, 1},
    // masked_fill: a copy, then a fill in place.
    Operation{"fillmask",
              [](const Layer &l) {
                return stream(elementwise, tokens(l) * share(l.heads, l), l.sequence, 4 * half, 2);
              },
              0, 4, 8},
    Operation{
        "layernorm",
        [](const Layer &l) { return stream(normalization, tokens(l), l.hidden, 2 * half, 1); }, 0,
        2.5, 3},
    // Norm, division, scale: one kernel for each, and small ones for the rows' statistics.
    Operation{
        "RMSlayernorm",
        [](const Layer &l) { return stream(normalization, tokens(l), l.hidden, 5 * half, 5); }, 0,
        4.8, 20},
    // Queries and keys: half negated, concatenated, two products, a sum.
    Operation{"RoPE",
              [](const Layer &l) {
                return stream(rotary, 2 * tokens(l) * share(l.heads, l), l.hidden / l.heads,
                              10 * half, 10);
              },
              0, 2.3, 26},
    Operation{"gelu",
              [](const Layer &l) {
                return stream(elementwise, tokens(l), share(4 * l.hidden, l), 2 * half, 1);
              },
              0, 1.5, 1},
    Operation{"res_add",
              [](const Layer &l) { return stream(elementwise, tokens(l), l.hidden, 3 * half, 1); },
              0, 1, 1},
    // Lookup, masking of other ranks' tokens, positions, dropout.
    Operation{"embedding",
              [](const Layer &l) { return stream(embedding, tokens(l), l.hidden, 12 * half, 6); },
              0, 1.5, 8},
    // In fp32: maximum, difference, exponential, sum, division.
    Operation{
        "parallel_cross_entropy_128",
        [](const Layer &l) { return stream(cross_entropy, tokens(l), vocabulary_share(l), 32, 5); },
        0, 0.25, 3},
    Operation{"firstStage_optimizer", [](const Layer &l) { return adam(l, 1); }, 0, 0, 0},
    Operation{"middleStage_optimizer", [](const Layer &l) { return adam(l, 0); }, 0, 0, 0},
    Operation{"lastStage_optimizer", [](const Layer &l) { return adam(l, 2); }, 0, 0, 0},
};

/// Why a pass of an operator is not what it says in this table; empty if nothing speaks against it.
struct Doubts {
  std::string_view forward;
  std::string_view backward;
  double forward_rate = 0; ///< bytes a second, median of the larger half
  double backward_rate = 0;
};

double share_of(const std::vector<const Layer *> &rows, const auto &is) {
  return static_cast<double>(std::ranges::count_if(rows, is)) / static_cast<double>(rows.size());
}

double rate_of(const Operation &operation, const Layer &layer, double Layer::*pass) {
  const double factor = pass == &Layer::backward ? operation.backward_bytes : 1;
  return factor * operation.forward(layer).bytes.in(units::byte) / (layer.*pass);
}

/// Bytes a second of the half of the rows that moves most, in rising order.
std::vector<double> larger_rates(const Operation &operation, std::vector<const Layer *> rows,
                                 double Layer::*pass) {
  std::ranges::sort(rows, {}, [&](const Layer *l) { return operation.forward(*l).bytes; });
  std::vector<double> rates;
  for (std::size_t i = rows.size() / 2; i < rows.size(); ++i)
    rates.push_back(rate_of(operation, *rows[i], pass));
  std::ranges::sort(rates);
  return rates;
}

double at_quantile(const std::vector<double> &sorted, double quantile) {
  return sorted[static_cast<std::size_t>(quantile * static_cast<double>(sorted.size() - 1))];
}

Doubts doubts(const Operation &operation, const std::vector<const Layer *> &rows) {
  Doubts result;
  if (rows.empty())
    return result;
  const bool products = operation.backward_flops > 0;
  const bool has_backward = operation.backward_kernels > 0;
  // Two different works hardly take the same time once in twenty.
  if (has_backward && share_of(rows, [](const Layer *l) {
                        return std::abs(l->backward / l->forward - 1) < 0.005;
                      }) > 0.05)
    result.backward = "backward repeats forward's time in many rows of the operator";
  else if (products &&
           share_of(rows, [](const Layer *l) { return l->backward < l->forward; }) > 0.5)
    result.backward = "backward takes less than forward in most rows, for twice the work";

  const auto forward_rates = larger_rates(operation, rows, &Layer::forward);
  const auto rate = [&](double quantile) { return at_quantile(forward_rates, quantile); };
  result.forward_rate = rate(0.5);
  if (has_backward)
    result.backward_rate = at_quantile(larger_rates(operation, rows, &Layer::backward), 0.5);
  // B200's 8 TB/s is the most that any device here reads and writes.
  constexpr double fastest_memory = 8e12;
  if (!products && rate(0.98) > fastest_memory)
    result.forward = "faster than any memory: the profile misses launches of the operator";
  else if (!products && rate(0.95) > 3 * rate(0.05))
    result.forward = "time does not grow with bytes: the profile misses launches of the operator";
  return result;
}

/// Times of GH200 fall to a half or a quarter where a tensor passes 2^30 or 2^31 elements: probably
/// it is launched in pieces and the profile shows one. Softmax is left alone: its kernel for rows
/// of up to 1024 really is 2.8 times as fast as the next.
bool misses_launches(const Operation &operation, const Layer &layer, double Layer::*pass,
                     double usual_rate) {
  return operation.backward_flops == 0 && operation.written != "softmax" &&
         rate_of(operation, layer, pass) > 1.85 * usual_rate;
}

constexpr std::string_view half_seen =
    "twice as fast as other rows: the profile misses a launch of several";

OperatorCall backward_of(const Operation &operation, OperatorCall forward) {
  forward.pass = Pass::backward;
  forward.flops *= operation.backward_flops;
  forward.bytes *= operation.backward_bytes;
  forward.kernels = operation.backward_kernels;
  return forward;
}

/// Which run measured each row: one has one tensor-parallel degree and one batch.
std::vector<std::size_t> runs_of(const std::vector<const Layer *> &rows) {
  std::vector<std::size_t> runs;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const bool goes_on = i > 0 && rows[i]->tensor_parallel == rows[i - 1]->tensor_parallel &&
                         rows[i]->batch == rows[i - 1]->batch;
    runs.push_back(i == 0 ? 0 : runs.back() + (goes_on ? 0 : 1));
  }
  return runs;
}

/// Runs that were slower than others, forward and backward alike: A100's table holds 37 of flash
/// attention's 80 in which every shape takes 1.13 times as long, as of a GPU at a lower clock. No
/// call tells that apart, so the times of such runs are brought to those of the others.
std::optional<SlowRuns> slow_runs_of(const Operation &operation,
                                     const std::vector<const Layer *> &rows,
                                     const std::vector<std::size_t> &runs) {
  if (operation.backward_kernels == 0)
    return std::nullopt;
  std::vector<RunSample> forward;
  std::vector<RunSample> backward;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const OperatorCall call = operation.forward(*rows[i]);
    forward.push_back({runs[i], {call, rows[i]->forward * units::second}});
    backward.push_back(
        {runs[i], {backward_of(operation, call), rows[i]->backward * units::second}});
  }
  const auto slow = slow_runs(forward);
  const auto slow_backward = slow_runs(backward);
  if (!slow || !slow_backward || slow->slow != slow_backward->slow)
    return std::nullopt;
  // A clock slows both passes alike; all that both tell is one number.
  std::ranges::move(backward, std::back_inserter(forward));
  return slow_runs(forward);
}

void add_rows(const Operation &operation, const std::vector<const Layer *> &rows,
              std::string_view device, TableBuilder &builder) {
  const Doubts doubt = doubts(operation, rows);
  const std::vector<std::size_t> runs = runs_of(rows);
  const auto slow = slow_runs_of(operation, rows, runs);
  if (slow) {
    const auto of_slow =
        std::ranges::count_if(runs, [&](std::size_t r) { return slow->is_slow(r); });
    builder.remark(fmt::format(
        "{}: {} of {} runs took {:.3f} times as long as the others for the same calls, as at a "
        "lower clock; times of their {} rows were divided by that",
        operation.written, std::ranges::count(slow->slow, true), slow->slow.size(), slow->slowdown,
        of_slow));
  }
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const Layer *l = rows[i];
    const double slowdown = slow && slow->is_slow(runs[i]) ? slow->slowdown : 1;
    const OperatorCall forward = operation.forward(*l);
    if (!doubt.forward.empty())
      builder.skip(fmt::format("{} forward: {}", operation.written, doubt.forward));
    else if (misses_launches(operation, *l, &Layer::forward, doubt.forward_rate))
      builder.skip(fmt::format("{} forward: {}", operation.written, half_seen));
    else
      builder.add(device, "", "", {forward, l->forward / slowdown * units::second});
    if (operation.backward_kernels == 0)
      continue;
    if (!doubt.backward.empty())
      builder.skip(fmt::format("{} backward: {}", operation.written, doubt.backward));
    else if (operation.backward_flops > 0 && l->backward < l->forward)
      builder.skip(
          fmt::format("{} backward: less time than forward for twice the work", operation.written));
    else if (misses_launches(operation, *l, &Layer::backward, doubt.backward_rate))
      builder.skip(fmt::format("{} backward: {}", operation.written, half_seen));
    else
      builder.add(device, "", "",
                  {backward_of(operation, forward), l->backward / slowdown * units::second});
  }
}

} // namespace

void read_layer_operators(TableRows &rows, TableBuilder &builder) {
  constexpr double microsecond = 1e-6;
  const auto name = rows.column("operator"), tensor_parallel = rows.column("tensor_parallel"),
             batch = rows.column("batch"), heads = rows.column("heads"),
             sequence = rows.column("seq"), hidden = rows.column("hidden"),
             layers = rows.column("layers"), forward = rows.column("forward_us"),
             backward = rows.column("backward_us");
  std::string device;
  std::vector<Layer> read;
  // Three sizes of a layer multiply to less than 2^63.
  constexpr std::int64_t largest = 100'000;
  const auto optional = [&](std::size_t column, std::int64_t absent) {
    return rows.text(column).empty() ? absent : rows.whole(column, 1, largest);
  };
  while (rows.next()) {
    std::string_view written = rows.text(name);
    if (written.ends_with(".csv")) {
      written.remove_suffix(4);
      device = written;
      builder.skip("no measurement: names the device's file");
      continue;
    }
    if (written == "optimizer") {
      builder.skip("optimizer: 0.2 ms for each tensor besides its size, which no call tells");
      continue;
    }
    const auto *const found = std::ranges::find(operations, written, &Operation::written);
    if (found == operations.end()) {
      builder.skip(fmt::format("unknown operator: {}", written));
      continue;
    }
    Layer layer{.operation = static_cast<std::size_t>(found - operations.begin()),
                .tensor_parallel = optional(tensor_parallel, 1),
                .batch = optional(batch, 1),
                .heads = optional(heads, 1),
                .sequence = optional(sequence, 1),
                .hidden = optional(hidden, 1),
                .layers = optional(layers, 1)};
    if (!rows.text(heads).empty() && (layer.heads % layer.tensor_parallel != 0 ||
                                      (layer.hidden > 1 && layer.hidden % layer.heads != 0)))
      rows.fail(fmt::format("{} heads do not divide by {} ranks, or hidden = {} by the heads",
                            layer.heads, layer.tensor_parallel, layer.hidden));
    layer.forward = rows.seconds(forward, microsecond);
    if (found->backward_kernels > 0)
      layer.backward = rows.seconds(backward, microsecond);
    read.push_back(layer);
  }
  for (std::size_t i = 0; i < operations.size(); ++i) {
    std::vector<const Layer *> of_operation;
    for (const Layer &layer : read)
      if (layer.operation == i)
        of_operation.push_back(&layer);
    add_rows(operations[i], of_operation, device, builder);
  }
}

} // namespace flopcast
