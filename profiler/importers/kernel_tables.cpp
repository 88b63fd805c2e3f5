// SPDX-License-Identifier: Apache-2.0
#include "profiler/importers/kernel_tables.hpp"

#include "hardware/input/diagnostic.hpp"
#include "profiler/importers/table_builder.hpp"
#include "profiler/importers/table_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

namespace flopcast {
namespace {

constexpr double millisecond = 1e-3;
constexpr std::array canonical_columns{"operator", "pass",    "format",  "batch",
                                       "rows",     "columns", "depth",   "causal",
                                       "flops",    "bytes",   "kernels", "seconds"};
/// Further columns of tables that hold layers of experts.
constexpr std::array expert_columns{"expert_width", "tokens", "uneven"};
constexpr std::string_view power_column = "watts"; ///< after those, where power was metered

/// How aiconfigurator's dtypes are stored. The narrow ones multiply two narrow operands into bf16.
struct TableFormat {
  std::string_view written;
  NumberFormat format;
  double element; ///< bytes of an operand's element, block scales included
  std::string_view variant;
};

constexpr std::array formats{
    TableFormat{"bfloat16", NumberFormat::bf16, 2, ""},
    TableFormat{"float16", NumberFormat::fp16, 2, ""},
    TableFormat{"fp8", NumberFormat::fp8, 1, ""},
    TableFormat{"fp8_block", NumberFormat::fp8, 1 + 4.0 / 128, "fp8_block"}, // fp32 scale per 128
    TableFormat{"nvfp4", NumberFormat::fp4, 0.5 + 1.0 / 16, ""},             // fp8 scale per 16
};

const TableFormat *format_of(std::string_view written) {
  const auto *const found = std::ranges::find(formats, written, &TableFormat::written);
  return found == formats.end() ? nullptr : &*found;
}

template <class Value>
std::optional<Value> value_of(std::span<const Spelled<Value>> names, std::string_view text) {
  for (const auto &[name, value] : names)
    if (name == text)
      return value;
  return std::nullopt;
}

double real(std::int64_t x) { return static_cast<double>(x); }

KernelSample product(OperatorClass kind, NumberFormat format, const MatrixShape &shape,
                     double operand, double result, double seconds) {
  const double m = real(shape.rows), n = real(shape.columns), k = real(shape.depth);
  OperatorCall call{.kind = kind, .format = format, .flops = {}, .bytes = {}, .shape = shape};
  call.flops = 2 * real(shape.batch) * m * n * k * units::flop;
  call.bytes = real(shape.batch) * ((m * k + k * n) * operand + m * n * result) * units::byte;
  return {call, seconds * units::second};
}

/// Tables write nothing or 0 W where the power was not metered.
std::optional<Power> metered_power(const TableRows &rows, std::size_t column) {
  if (rows.text(column).empty())
    return std::nullopt;
  const Power power = rows.number(column, 0) * units::watt;
  return power > Power{} ? std::optional(power) : std::nullopt;
}

std::string software_of(const TableRows &rows, std::size_t framework, std::size_t version) {
  return fmt::format("{} {}", rows.text(framework), rows.text(version));
}

void read_gemm(TableRows &rows, TableBuilder &builder) {
  const auto framework = rows.column("framework"), version = rows.column("version"),
             device = rows.column("device"), dtype = rows.column("gemm_dtype"),
             m = rows.column("m"), n = rows.column("n"), k = rows.column("k"),
             latency = rows.column("latency");
  const auto power = rows.find("power");
  while (rows.next()) {
    const TableFormat *format = format_of(rows.text(dtype));
    if (!format) {
      builder.skip(fmt::format("no such product in training: {}", rows.text(dtype)));
      continue;
    }
    const MatrixShape shape{.batch = 1,
                            .rows = rows.whole(m, 1),
                            .columns = rows.whole(n, 1),
                            .depth = rows.whole(k, 1)};
    KernelSample sample = product(OperatorClass::gemm, format->format, shape, format->element, 2,
                                  rows.seconds(latency, millisecond));
    if (power)
      sample.power = metered_power(rows, *power);
    builder.add(rows.text(device), software_of(rows, framework, version), format->variant, sample);
  }
}

/// Prefill is a training forward. The kernels are causal: counted in full, the longest sequences
/// would run at 1,080 to 1,140 TFLOP/s on H100, above its peak of 989.
void read_context_attention(TableRows &rows, TableBuilder &builder) {
  const auto framework = rows.column("framework"), version = rows.column("version"),
             device = rows.column("device"), batch = rows.column("batch_size"),
             sequence = rows.column("isl"), heads = rows.column("num_heads"),
             kv_heads = rows.column("num_key_value_heads"), depth = rows.column("head_dim"),
             window = rows.column("window_size"), dtype = rows.column("attn_dtype"),
             cache = rows.column("kv_cache_dtype"), latency = rows.column("latency");
  while (rows.next()) {
    const TableFormat *format = format_of(rows.text(dtype));
    if (!format) {
      builder.skip(fmt::format("unknown format: {}", rows.text(dtype)));
      continue;
    }
    if (rows.text(cache) != rows.text(dtype)) {
      builder.skip("keys and values are cached in another format, as training never does");
      continue;
    }
    // OperatorCall has no window. Windows of at least the sequence repeat the row without one.
    if (rows.whole(window, 0) != 0) {
      builder.skip("sliding window");
      continue;
    }
    constexpr std::int64_t largest = 10'000'000; // batch × heads stays whole
    const double s = real(rows.whole(sequence, 1, largest));
    const double d = real(rows.whole(depth, 1, largest));
    const double b = real(rows.whole(batch, 1, largest));
    const double a = real(rows.whole(heads, 1, largest));
    OperatorCall call{
        .kind = OperatorClass::fused_attention, .format = format->format, .flops = {}, .bytes = {}};
    call.shape = {.batch = static_cast<std::int64_t>(b * a),
                  .rows = static_cast<std::int64_t>(s),
                  .columns = static_cast<std::int64_t>(s),
                  .depth = static_cast<std::int64_t>(d)};
    call.causal = true;
    // Two products over the s (s + 1) / 2 scores that are not masked.
    call.flops = 2 * 2 * b * a * d * s * (s + 1) / 2 * units::flop;
    call.bytes =
        2 * b * s * d * (a + real(rows.whole(kv_heads, 1))) * format->element * units::byte;
    builder.add(rows.text(device), software_of(rows, framework, version), format->variant,
                {call, rows.seconds(latency, millisecond) * units::second});
  }
}

void read_neusight(TableRows &rows, TableBuilder &builder) {
  struct Stream {
    std::string_view written;
    OperatorClass kind;
    double element_bytes; ///< fp32, each tensor read or written once
  };
  // A trailing u: the second operand is a scalar.
  using enum OperatorClass;
  static constexpr std::array streams{
      Stream{"add", elementwise, 12}, Stream{"mul", elementwise, 12},
      Stream{"div", elementwise, 12}, Stream{"pow", elementwise, 12},
      Stream{"addu", elementwise, 8}, Stream{"mulu", elementwise, 8},
      Stream{"divu", elementwise, 8}, Stream{"powu", elementwise, 8},
      Stream{"relu", elementwise, 8}, Stream{"tanh", elementwise, 8},
      Stream{"gelu", elementwise, 8}, Stream{"softmax", softmax, 8},
      Stream{"ln", normalization, 8}};
  const auto device = rows.column("device"), name = rows.column("operator"), b = rows.column("b"),
             m = rows.column("m"), n = rows.column("n"), k = rows.column("k"), h = rows.column("h"),
             latency = rows.column("latency_ms");
  while (rows.next()) {
    const std::string_view written = rows.text(name);
    const double seconds = rows.seconds(latency, millisecond);
    if (written == "linear" || written == "bmm") {
      const MatrixShape shape{.batch = rows.whole(b, 1),
                              .rows = rows.whole(m, 1),
                              .columns = rows.whole(n, 1),
                              .depth = rows.whole(k, 1)};
      builder.add(rows.text(device), "", "",
                  product(written == "linear" ? gemm : batched_gemm, NumberFormat::fp32, shape, 4,
                          4, seconds));
      continue;
    }
    const auto *const found = std::ranges::find(streams, written, &Stream::written);
    if (found == streams.end()) {
      builder.skip(fmt::format("unknown operator: {}", written));
      continue;
    }
    OperatorCall call{.kind = found->kind, .format = NumberFormat::fp32, .flops = {}, .bytes = {}};
    call.shape = {.batch = 1, .rows = rows.whole(b, 1), .columns = rows.whole(h, 1), .depth = 0};
    call.bytes =
        found->element_bytes * real(call.shape.rows) * real(call.shape.columns) * units::byte;
    builder.add(rows.text(device), "", "", {call, seconds * units::second});
  }
}

std::string_view comment_value(const TableRows &rows, std::string_view key) {
  for (std::string_view comment : rows.comments()) {
    comment.remove_prefix(std::min(comment.find_first_not_of("# "), comment.size()));
    if (comment.starts_with(key) && comment.substr(key.size()).starts_with(": "))
      return comment.substr(key.size() + 2);
  }
  return "";
}

void read_canonical(TableRows &rows, TableBuilder &builder) {
  std::array<std::size_t, canonical_columns.size()> at{};
  for (std::size_t i = 0; i < at.size(); ++i)
    at[i] = rows.column(canonical_columns[i]);
  std::array<std::optional<std::size_t>, expert_columns.size()> of_experts;
  for (std::size_t i = 0; i < of_experts.size(); ++i)
    of_experts[i] = rows.find(expert_columns[i]);
  const auto expert_number = [&](std::size_t i) {
    return of_experts[i] ? rows.whole(*of_experts[i], 0) : 0;
  };
  const auto watts = rows.find(power_column);
  const std::string_view device = comment_value(rows, "device");
  const std::string_view software = comment_value(rows, "software");
  const std::string_view variant = comment_value(rows, "variant");
  while (rows.next()) {
    const auto kind = value_of(operator_class_names(), rows.text(at[0]));
    if (!kind)
      rows.fail(fmt::format("unknown operator \"{}\"", rows.text(at[0])));
    const auto format = value_of(number_format_names(), rows.text(at[2]));
    if (!format)
      rows.fail(fmt::format("unknown format \"{}\"", rows.text(at[2])));
    const std::string_view pass = rows.text(at[1]);
    if (pass != "forward" && pass != "backward")
      rows.fail(fmt::format("pass: expected forward or backward, found \"{}\"", pass));
    const std::int64_t causal = rows.whole(at[7], 0);
    if (causal > 1)
      rows.fail(fmt::format("causal: expected 0 or 1, found {}", causal));
    OperatorCall call{.kind = *kind,
                      .pass = pass == "forward" ? Pass::forward : Pass::backward,
                      .format = *format,
                      .flops = rows.number(at[8], 0) * units::flop,
                      .bytes = rows.number(at[9], 0) * units::byte,
                      .kernels = rows.whole(at[10], 1)};
    call.shape = {.batch = rows.whole(at[3], 0),
                  .rows = rows.whole(at[4], 0),
                  .columns = rows.whole(at[5], 0),
                  .depth = rows.whole(at[6], 0)};
    call.causal = causal == 1;
    call.expert_width = expert_number(0);
    call.tokens = expert_number(1);
    call.uneven = expert_number(2) != 0;
    builder.add(device, software, variant,
                {call, rows.seconds(at[11], 1) * units::second,
                 watts ? metered_power(rows, *watts) : std::nullopt});
  }
}

using Read = void (*)(TableRows &, TableBuilder &);

/// The reader of tables with such a header; null where none is known.
Read reader_of(const TableRows &rows) {
  if (rows.find("gemm_dtype"))
    return read_gemm;
  if (rows.find("moe_dtype"))
    return read_expert_layers;
  if (rows.find("attn_dtype") && rows.find("isl"))
    return read_context_attention;
  if (rows.find("forward_us") && rows.find("tensor_parallel"))
    return read_layer_operators;
  if (rows.find("latency_ms") && rows.find("operator"))
    return read_neusight;
  if (rows.find("seconds") && rows.find("operator"))
    return read_canonical;
  return nullptr;
}

} // namespace

void TableBuilder::add(std::string_view device, std::string_view software, std::string_view variant,
                       const KernelSample &sample) {
  const auto is_it = [&](const KernelTable &table) {
    return table.device == device && table.software == software && table.variant == variant;
  };
  if (last_ >= tables_.size() || !is_it(tables_[last_])) {
    const auto found = std::ranges::find_if(tables_, is_it);
    last_ = static_cast<std::size_t>(found - tables_.begin());
    if (found == tables_.end())
      tables_.push_back({std::string(device), std::string(software), std::string(variant), {}, {}});
  }
  tables_[last_].samples.push_back(sample);
}

void TableBuilder::skip(std::string_view reason, std::int64_t rows) {
  const auto found = std::ranges::find(skipped_, reason, &SkippedRows::reason);
  if (found != skipped_.end())
    found->rows += rows;
  else
    skipped_.push_back({std::string(reason), rows});
}

std::vector<KernelTable> TableBuilder::take() {
  if (tables_.empty())
    tables_.emplace_back();
  tables_.front().skipped = std::move(skipped_);
  tables_.front().remarks = std::move(remarks_);
  return std::move(tables_);
}

bool is_kernel_table(std::string_view text) {
  if (text.starts_with('{'))
    return text.find("\"accelerator\"") != std::string_view::npos;
  return begins_with_header(text) && reader_of(TableRows(text, {})) != nullptr;
}

std::vector<KernelTable> parse_kernel_tables(std::string_view text, const std::string &file) {
  TableBuilder builder;
  if (text.starts_with('{')) {
    read_efficiencies(text, file, builder);
    return builder.take();
  }
  TableRows rows(text, file);
  if (const Read read = reader_of(rows))
    read(rows, builder);
  else
    rows.fail(fmt::format("no known table of kernels begins with these columns; Flopcast's own are "
                          "{}",
                          fmt::join(canonical_columns, ",")));
  return builder.take();
}

std::vector<KernelTable> read_kernel_tables(const std::filesystem::path &path) {
  return parse_kernel_tables(table_text(path), path.string());
}

std::string to_csv(const KernelTable &table) {
  fmt::memory_buffer out;
  const auto to = fmt::appender(out);
  const auto note = [&](std::string_view key, std::string_view value) {
    if (!value.empty())
      fmt::format_to(to, "# {}: {}\n", key, value);
  };
  note("device", table.device);
  note("software", table.software);
  note("variant", table.variant);
  const bool experts = std::ranges::any_of(table.samples, [](const KernelSample &sample) {
    return sample.call.expert_width > 0 || sample.call.uneven;
  });
  const bool metered = std::ranges::any_of(
      table.samples, [](const KernelSample &sample) { return sample.power.has_value(); });
  fmt::format_to(to, "{}", fmt::join(canonical_columns, ","));
  if (experts)
    fmt::format_to(to, ",{}", fmt::join(expert_columns, ","));
  if (metered)
    fmt::format_to(to, ",{}", power_column);
  out.push_back('\n');
  for (const auto &[call, time, power] : table.samples) {
    fmt::format_to(to, "{},{},{},{},{},{},{},{},{},{},{},{}", to_text(call.kind),
                   call.pass == Pass::forward ? "forward" : "backward", to_text(call.format),
                   call.shape.batch, call.shape.rows, call.shape.columns, call.shape.depth,
                   call.causal ? 1 : 0, call.flops.in(units::flop), call.bytes.in(units::byte),
                   call.kernels, time.in(units::second));
    if (experts)
      fmt::format_to(to, ",{},{},{}", call.expert_width, call.tokens, call.uneven ? 1 : 0);
    if (metered)
      fmt::format_to(to, ",{}", power ? fmt::format("{}", power->in(units::watt)) : "");
    out.push_back('\n');
  }
  return fmt::to_string(out);
}

} // namespace flopcast
