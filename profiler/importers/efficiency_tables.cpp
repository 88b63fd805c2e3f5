// SPDX-License-Identifier: Apache-2.0
// SimuMax keeps a kernel's speed as a share of a peak that stands in the same file (`tflops`,
// beside the shares): seconds = FLOPs / (share × peak). The FLOPs are 2·m·n·k, and 2·ng·M·N·K for
// experts, M being the rows of one: as the rows of all, 160 experts of 3072 × 5120 would have their
// weights read at 470 TB/s. Attention counts every score, though its kernels are causal: on A100
// shares reach 1.13. What its backward counts is not told.
#include "hardware/input/diagnostic.hpp"
#include "profiler/importers/table_builder.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>

namespace flopcast {
namespace {

using Json = nlohmann::json;
using namespace units;

/// The fields of "b=1, m=4096, layout=TN".
class ShapeText {
public:
  ShapeText(std::string_view text, const std::string &file) : text_(text), file_(&file) {
    for (std::string_view rest = text; !rest.empty();) {
      const auto end = std::min(rest.find(", "), rest.size());
      const std::string_view field = rest.substr(0, end);
      if (const auto equals = field.find('='); equals != std::string_view::npos)
        fields_[field.substr(0, equals)] = field.substr(equals + 1);
      rest.remove_prefix(std::min(end + 2, rest.size()));
    }
  }

  [[nodiscard]] std::string_view text(std::string_view key) const {
    const auto found = fields_.find(key);
    if (found == fields_.end())
      throw InputError({*file_, 0, 0}, fmt::format("\"{}\" has no {}", text_, key));
    return found->second;
  }

  [[nodiscard]] std::int64_t whole(std::string_view key) const {
    constexpr std::int64_t largest = 10'000'000; // products of two stay whole
    const std::string_view digits = text(key);
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(digits.begin(), digits.end(), value);
    if (error != std::errc{} || end != digits.end() || value < 1 || value > largest)
      throw InputError({*file_, 0, 0},
                       fmt::format("\"{}\": {} is no number from 1 to {}", text_, key, largest));
    return value;
  }

private:
  std::string_view text_;
  const std::string *file_;
  std::map<std::string_view, std::string_view> fields_;
};

double real(std::int64_t x) { return static_cast<double>(x); }

OperatorCall product(OperatorClass kind, Pass pass, const MatrixShape &shape) {
  const double m = real(shape.rows), n = real(shape.columns), k = real(shape.depth);
  OperatorCall call{.kind = kind, .pass = pass, .flops = {}, .bytes = {}, .shape = shape};
  call.flops = 2 * real(shape.batch) * m * n * k * flop;
  call.bytes = 2 * real(shape.batch) * (m * k + k * n + m * n) * byte;
  return call;
}

/// TN is a forward product, NN the gradient of its input, NT that of its weights; m, n and k are
/// those of the kernel itself.
OperatorCall dense(const ShapeText &shape) {
  return product(OperatorClass::gemm, shape.text("layout") == "TN" ? Pass::forward : Pass::backward,
                 {.batch = shape.whole("b"),
                  .rows = shape.whole("m"),
                  .columns = shape.whole("n"),
                  .depth = shape.whole("k")});
}

/// M, N and K are those of the forward product in every stage.
std::optional<OperatorCall> grouped(const ShapeText &shape) {
  const std::int64_t m = shape.whole("M"), n = shape.whole("N"), k = shape.whole("K");
  const std::int64_t experts = shape.whole("ng");
  const auto kind = OperatorClass::grouped_gemm;
  const std::string_view stage = shape.text("stage");
  if (stage == "fwd")
    return product(kind, Pass::forward, {.batch = experts, .rows = m, .columns = n, .depth = k});
  if (stage == "bwd_grad_act")
    return product(kind, Pass::backward, {.batch = experts, .rows = m, .columns = k, .depth = n});
  if (stage == "bwd_grad_w")
    return product(kind, Pass::backward, {.batch = experts, .rows = k, .columns = n, .depth = m});
  return std::nullopt;
}

/// What the share counts is twice what OperatorCall does: scores above the diagonal too.
std::optional<OperatorCall> attention(const ShapeText &shape) {
  if (shape.text("qk_head_dim") != shape.text("v_head_dim"))
    return std::nullopt; // OperatorCall has one width
  const std::int64_t s = shape.whole("seq_len"), d = shape.whole("qk_head_dim");
  const std::int64_t b = shape.whole("batch"), heads = shape.whole("head_num");
  OperatorCall call{.kind = OperatorClass::fused_attention,
                    .flops = {},
                    .bytes = {},
                    .shape = {.batch = b * heads, .rows = s, .columns = s, .depth = d},
                    .causal = true};
  call.flops = 2 * 2 * real(b * heads) * real(s) * real(s + 1) / 2 * real(d) * flop;
  call.bytes =
      2 * 2 * real(b) * real(s) * real(d) * real(heads + shape.whole("kv_head_num")) * byte;
  return call;
}

/// The system's name less the format and what follows: "a100_pcie_bf16" is "a100 pcie".
std::string device_of(const Json &root) {
  std::string name = root.value("sys_name", "");
  name.resize(std::min(name.find("_bf16"), name.size()));
  std::ranges::replace(name, '_', ' ');
  return name;
}

} // namespace

void read_efficiencies(std::string_view text, const std::string &file, TableBuilder &builder) {
  try {
    const Json root = Json::parse(text);
    const std::string device = device_of(root);
    for (const auto &[operation, entry] : root.at("accelerator").at("op").items()) {
      const auto shares = entry.find("accurate_efficient_factor");
      if (shares == entry.end() || !shares->is_object())
        continue;
      const FlopRate peak = entry.at("tflops").get<double>() * teraflop / second;
      for (const auto &[key, value] : shares->items()) {
        const ShapeText shape(key, file);
        const auto share = value.get<double>();
        if (!(share > 0) || !(peak > FlopRate{}))
          throw InputError({file, 0, 0}, fmt::format("\"{}\": the share must be above zero", key));
        std::optional<OperatorCall> call;
        double counted = 1; // FLOPs that the share counts / those of the call
        if (operation == "matmul") {
          call = dense(shape);
        } else if (operation == "group_matmul") {
          call = grouped(shape);
        } else if (operation == "sdp_fwd") {
          call = attention(shape);
          counted = call ? 2 * real(call->shape.rows) / real(call->shape.rows + 1) : 1;
        }
        if (!call) {
          builder.skip(operation + ": no such operator, or its FLOPs are not told");
          continue;
        }
        builder.add(device, "SimuMax", "", {*call, counted * call->flops / (share * peak)});
      }
    }
  } catch (const Json::exception &error) {
    throw InputError({file, 0, 0}, fmt::format("is no file of efficiencies: {}", error.what()));
  }
}

} // namespace flopcast
