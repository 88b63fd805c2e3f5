// SPDX-License-Identifier: Apache-2.0
#include "hardware/kernels_file.hpp"

#include "hardware/error_summary_file.hpp"
#include "hardware/preset_fields.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

namespace flopcast {
namespace {

using namespace units;

constexpr double most = 1e12; ///< of a number without bounds of its own

// Each model names its fields once; a reader and a writer walk over them.

template <class Model, class Visit>
requires std::same_as<std::remove_const_t<Model>, GemmModel>
void fields(Model &model, Visit &visit) {
  visit("launch", model.launch);
  visit("memory_efficiency", model.memory_efficiency, 0.001, 2);
  visit("partial_tile", model.partial_tile, 0.01, 1);
  visit("partial_wave", model.partial_wave, 0.01, 1);
  visit("fill_depth", model.fill_depth, 0, 1e6);
  visit("conversion_bytes", model.conversion_bytes, 0, 1e3);
  visit("split_cost", model.split_cost, 0, most);
  visit("tile_efficiency", model.tile_efficiency);
  visit("measured_from", model.measured_from);
  visit("measured_to", model.measured_to);
  visit(model.residual);
  visit.optional("gradient_time", model.gradient_time, 0.1, 10);
}

template <class Model, class Visit>
requires std::same_as<std::remove_const_t<Model>, GroupedModel>
void fields(Model &model, Visit &visit) {
  visit("layer_launch", model.layer_launch);
  visit("memory_efficiency", model.product.memory_efficiency, 0.001, 2);
  visit("partial_tile", model.product.partial_tile, 0.01, 1);
  visit("partial_wave", model.product.partial_wave, 0.01, 1);
  visit("fill_depth", model.product.fill_depth, 0, 1e6);
  visit("permuted_bytes", model.permuted_bytes, 0, 1e3);
  visit("activated_bytes", model.activated_bytes, 0, 1e3);
  visit("token_bytes", model.token_bytes, 0, 1e3);
  visit("uneven_rows", model.uneven_rows, 0, 1e4);
  visit("tile_efficiency", model.product.tile_efficiency);
  visit("measured_from", model.product.measured_from);
  visit("measured_to", model.product.measured_to);
}

template <class Model, class Visit>
requires std::same_as<std::remove_const_t<Model>, AttentionModel>
void fields(Model &model, Visit &visit) {
  visit("launch", model.launch);
  visit("efficiency", model.efficiency, 1e-4, 2);
  visit("softmax_depth", model.softmax_depth, 0, 1e6);
  visit("fill_keys", model.fill_keys, 0, 1e6);
  visit("partial_block", model.partial_block, 0, 1);
  visit("partial_depth", model.partial_depth, 0, 1);
  visit("uneven_depth", model.uneven_depth, 0, 1e3);
  visit("partial_wave", model.partial_wave, 0, 1);
  visit("lone_block", model.lone_block, 0, 1e3);
  visit("memory_efficiency", model.memory_efficiency, 1e-4, 10);
  visit("extra_traffic", model.extra_traffic, 0, 1e3);
  visit("measured_from", model.measured_from);
  visit("measured_to", model.measured_to);
  visit(model.residual);
}

template <class Model, class Visit>
requires std::same_as<std::remove_const_t<Model>, StreamModel>
void fields(Model &model, Visit &visit) {
  visit("launch", model.launch);
  visit("launch_interval", model.launch_interval);
  visit("memory_efficiency", model.memory_efficiency, 1e-4, 10);
  visit("cache_speedup", model.cache_speedup, 0.1, 1e3);
  visit("cache", model.cache);
  visit("row_cost", model.row_cost);
  visit.optional("wide_row_factor", model.wide_row_factor, 1, 10);
  visit.optional("power_of_two_speedup", model.power_of_two_speedup, 1, 10);
  visit("measured_from", model.measured_from);
  visit("measured_to", model.measured_to);
  visit("measured_from_bytes", model.measured_from_bytes);
  visit("measured_to_bytes", model.measured_to_bytes);
  visit(model.residual);
}

class FieldReader {
public:
  explicit FieldReader(TableReader &table) : table_(&table) {}

  void operator()(std::string_view key, double &value, double lowest, double highest) const {
    value = required_number(*table_, key, lowest, highest);
  }
  /// Absent: the value that a model has by default, as files hold that are older than the key.
  void optional(std::string_view key, double &value, double lowest, double highest) const {
    if (table_->has(key))
      (*this)(key, value, lowest, highest);
  }
  template <std::size_t N>
  void optional(std::string_view key, std::array<double, N> &values, double lowest,
                double highest) const {
    if (table_->has(key))
      (*this)(key, values, lowest, highest);
  }
  void operator()(std::string_view key, Seconds &value) const {
    value = required_quantity(*table_, key, 0.0 * second, sane::most_latency);
  }
  void operator()(std::string_view key, Bytes &value) const {
    value = required_quantity(*table_, key, 0.0 * byte, sane::most_bytes);
  }
  template <std::size_t N>
  void operator()(std::string_view key, std::array<double, N> &values, double lowest = 0,
                  double highest = 10) const {
    const std::vector<double> read = table_->numbers(key, lowest, highest);
    if (read.size() == N)
      std::ranges::copy(read, values.begin());
    else
      table_->report(key, fmt::format("expected {} numbers", N));
  }
  void operator()(std::string_view key, MatrixShape &shape) const {
    const std::vector<double> sides = table_->numbers(key, 0, most);
    if (sides.size() == 4)
      shape = {whole(sides[0]), whole(sides[1]), whole(sides[2]), whole(sides[3])};
    else
      table_->report(key, "expected four numbers: batch, rows, columns, depth");
  }
  void operator()(LogGrid &grid) const;

private:
  static std::int64_t whole(double side) { return static_cast<std::int64_t>(side); }

  TableReader *table_;
};

void FieldReader::operator()(LogGrid &grid) const {
  const std::vector<double> axes = table_->numbers("residual_axes", -64, 64);
  const std::vector<double> thousandths = table_->number_block("residual");
  if (axes.empty() && thousandths.empty())
    return;
  if (axes.size() != 9) {
    table_->report("residual_axes", "expected nine numbers: first, step and count of three axes");
    return;
  }
  for (std::size_t axis = 0; axis < 3; ++axis)
    grid.axes[axis] = {.first = axes[3 * axis],
                       .step = axes[3 * axis + 1],
                       .count = static_cast<std::size_t>(std::max(axes[3 * axis + 2], 0.0))};
  const std::size_t knots = grid.axes[0].count * grid.axes[1].count * grid.axes[2].count;
  const bool steps = std::ranges::all_of(grid.axes, [](const LogAxis &a) { return a.step > 0; });
  if (!steps || thousandths.size() != knots || knots == 0) {
    table_->report("residual",
                   fmt::format("expected {} numbers, as many as the axes have knots, got {}", knots,
                               thousandths.size()));
    return;
  }
  // e^5 is far beyond what any fit is off by; the bound keeps a hostile file finite.
  for (const double value : thousandths)
    grid.values.push_back(std::clamp(value, -5000.0, 5000.0) / 1000);
}

class FieldWriter {
public:
  explicit FieldWriter(std::string &text) : text_(&text) {}

  void operator()(std::string_view key, double value, double lowest, double highest) const {
    *text_ += fmt::format("{} = {:.6g}\n", key, std::clamp(value, lowest, highest));
  }
  void optional(std::string_view key, double value, double lowest, double highest) const {
    if (value != lowest)
      (*this)(key, value, lowest, highest);
  }
  /// All one, as a model has them by default: not written.
  template <std::size_t N>
  void optional(std::string_view key, const std::array<double, N> &shares, double /*lowest*/,
                double /*highest*/) const {
    if (std::ranges::any_of(shares, [](double share) { return share != 1; }))
      (*this)(key, shares);
  }
  void operator()(std::string_view key, Seconds value) const {
    *text_ += fmt::format("{} = \"{:.6g} us\"\n", key, value.in(microsecond));
  }
  void operator()(std::string_view key, Bytes value) const {
    *text_ += fmt::format("{} = \"{:.6g} B\"\n", key, value.in(byte));
  }
  template <std::size_t N>
  void operator()(std::string_view key, const std::array<double, N> &values) const {
    std::vector<std::string> numbers;
    numbers.reserve(N);
    for (const double value : values)
      numbers.push_back(fmt::format("{:.6g}", std::max(value, 1e-6)));
    *text_ += fmt::format("{} = [{}]\n", key, fmt::join(numbers, ", "));
  }
  void operator()(std::string_view key, const MatrixShape &shape) const {
    *text_ += fmt::format("{} = [{}, {}, {}, {}]\n", key, shape.batch, shape.rows, shape.columns,
                          shape.depth);
  }
  /// Whole thousandths, a line for each run of the last axis: small, and a change shows in a diff.
  void operator()(const LogGrid &grid) const {
    if (grid.empty())
      return;
    std::vector<double> axes;
    for (const LogAxis &axis : grid.axes)
      for (const double number : {axis.first, axis.step, static_cast<double>(axis.count)})
        axes.push_back(number);
    *text_ += fmt::format("residual_axes = [{}]\nresidual = \"\"\"\n", fmt::join(axes, ", "));
    const std::size_t run = grid.axes[2].count;
    for (std::size_t i = 0; i < grid.values.size(); ++i)
      *text_ +=
          fmt::format("{}{}", std::lround(1000 * grid.values[i]), (i + 1) % run == 0 ? '\n' : ' ');
    *text_ += "\"\"\"\n";
  }

private:
  std::string *text_;
};

constexpr std::array<std::string_view, duration_count> duration_keys{"to_50_us", "to_500_us",
                                                                     "to_5_ms", "above_5_ms"};

/// Of one class: samples, and the quantiles at 10, 50 and 90 % of log(measured / predicted).
void read_spread(TableReader table, std::array<ErrorSpread, duration_count> &spread) {
  for (std::size_t i = 0; i < duration_count; ++i) {
    if (!table.has(duration_keys[i]))
      continue;
    const std::vector<double> read = table.numbers(duration_keys[i], -most, most);
    if (read.size() == 4 && read[0] >= 0 && read[1] <= read[2] && read[2] <= read[3])
      spread[i] = {static_cast<std::int64_t>(read[0]), read[1], read[2], read[3]};
    else
      table.report(duration_keys[i],
                   "expected four numbers: samples, and three quantiles in rising order");
  }
  table.finish();
}

std::string spread_text(std::string_view table,
                        const std::array<ErrorSpread, duration_count> &spread) {
  std::string text;
  for (std::size_t i = 0; i < duration_count; ++i)
    if (spread[i].samples > 0)
      text += fmt::format("{} = [{}, {:.4f}, {:.4f}, {:.4f}]\n", duration_keys[i],
                          spread[i].samples, spread[i].p10, spread[i].p50, spread[i].p90);
  return text.empty() ? text : fmt::format("[{}]\n{}", table, text);
}

constexpr std::array passes{Spelled<Pass>{"forward", Pass::forward},
                            Spelled<Pass>{"backward", Pass::backward}};

template <class Model>
void read_model(TableReader entry, ClassErrors errors, std::optional<Model> &model,
                Calibration &calibration) {
  FieldReader reader(entry);
  fields(model.emplace(), reader);
  errors.fitted = read_errors(entry.table("fitted"));
  errors.held_back = read_errors(entry.table("held_back"));
  if (entry.has("spread"))
    read_spread(entry.table("spread"), errors.spread);
  if (entry.has("backward_spread"))
    read_spread(entry.table("backward_spread"), errors.backward_spread);
  calibration.errors.push_back(errors);
  entry.finish();
}

template <class Model>
std::string model_text(const std::string &table, const std::string &head, const Model &model,
                       const ClassErrors &errors) {
  std::string text = fmt::format("\n[{}]\n{}", table, head);
  FieldWriter writer(text);
  fields(model, writer);
  return text + errors_text(table + ".fitted", errors.fitted) +
         errors_text(table + ".held_back", errors.held_back) +
         spread_text(table + ".spread", errors.spread) +
         spread_text(table + ".backward_spread", errors.backward_spread);
}

std::string entry_text(const Calibration &calibration, const ClassErrors &errors) {
  const std::string_view format = to_text(errors.format);
  const std::string_view pass = passes[static_cast<std::size_t>(errors.pass)].first;
  if (errors.kind == OperatorClass::gemm || errors.kind == OperatorClass::batched_gemm ||
      errors.kind == OperatorClass::convolution) {
    const auto &models = errors.kind == OperatorClass::gemm           ? calibration.gemm
                         : errors.kind == OperatorClass::batched_gemm ? calibration.batched_gemm
                                                                      : calibration.convolution;
    const auto &model = models[static_cast<std::size_t>(errors.format)];
    return model
               ? model_text(fmt::format("{}.{}", to_text(errors.kind), format), "", *model, errors)
               : "";
  }
  if (errors.kind == OperatorClass::grouped_gemm) {
    const auto &model = calibration.grouped_gemm[static_cast<std::size_t>(errors.format)];
    return model ? model_text(fmt::format("grouped_gemm.{}", format), "", *model, errors) : "";
  }
  if (errors.kind == OperatorClass::fused_attention) {
    const auto &model = calibration.attention_of(errors.format, errors.pass);
    return model ? model_text(fmt::format("attention.{}.{}", format, pass), "", *model, errors)
                 : "";
  }
  const auto &model = calibration.stream_of(errors.kind, errors.pass);
  return model ? model_text(fmt::format("stream.{}.{}", to_text(errors.kind), pass),
                            fmt::format("format = \"{}\"\n", format), *model, errors)
               : "";
}

} // namespace

void read_kernels(TableReader &root, Calibration &calibration) {
  TableReader gemm = root.table("gemm");
  TableReader batched = root.table("batched_gemm");
  TableReader convolution = root.table("convolution");
  TableReader grouped = root.table("grouped_gemm");
  TableReader attention = root.table("attention");
  for (const auto &[name, format] : number_format_names()) {
    if (gemm.has(name))
      read_model(gemm.table(name), {.kind = OperatorClass::gemm, .format = format},
                 calibration.gemm[static_cast<std::size_t>(format)], calibration);
    if (batched.has(name))
      read_model(batched.table(name), {.kind = OperatorClass::batched_gemm, .format = format},
                 calibration.batched_gemm[static_cast<std::size_t>(format)], calibration);
    if (convolution.has(name))
      read_model(convolution.table(name), {.kind = OperatorClass::convolution, .format = format},
                 calibration.convolution[static_cast<std::size_t>(format)], calibration);
    if (grouped.has(name))
      read_model(grouped.table(name), {.kind = OperatorClass::grouped_gemm, .format = format},
                 calibration.grouped_gemm[static_cast<std::size_t>(format)], calibration);
    if (!attention.has(name))
      continue;
    TableReader of_format = attention.table(name);
    for (const auto &[pass_name, pass] : passes)
      if (of_format.has(pass_name))
        read_model(of_format.table(pass_name),
                   {.kind = OperatorClass::fused_attention, .pass = pass, .format = format},
                   calibration.attention_of(format, pass), calibration);
    of_format.finish();
  }
  gemm.finish();
  batched.finish();
  convolution.finish();
  grouped.finish();
  attention.finish();
  TableReader stream = root.table("stream");
  for (const auto &[name, kind] : operator_class_names()) {
    if (multiplies_matrices(kind) || !stream.has(name))
      continue;
    TableReader of_kind = stream.table(name);
    for (const auto &[pass_name, pass] : passes) {
      if (!of_kind.has(pass_name))
        continue;
      TableReader entry = of_kind.table(pass_name);
      const auto format = entry.choice("format", number_format_names());
      if (!format && !entry.has("format"))
        entry.report_missing("format", "the format of the elements that were measured");
      read_model(std::move(entry),
                 {.kind = kind, .pass = pass, .format = format.value_or(NumberFormat::bf16)},
                 calibration.stream_of(kind, pass), calibration);
    }
    of_kind.finish();
  }
  stream.finish();
}

std::string kernels_text(const Calibration &calibration) {
  std::string text;
  for (const ClassErrors &errors : calibration.errors)
    text += entry_text(calibration, errors);
  return text;
}

} // namespace flopcast
