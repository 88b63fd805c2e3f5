// SPDX-License-Identifier: Apache-2.0
#include "model/validation/run_settings.hpp"

#include "model/validation/text_match.hpp"

#include <fmt/format.h>

#include <array>
#include <span>

namespace flopcast {
namespace {

bool is_unstated(const std::string &lower) {
  return lower.empty() || lower == "n/a" || lower.starts_with("not stated") ||
         lower.starts_with("unknown");
}

/// The value of the first text that is found: texts that hold another one stand before it.
template <class T>
SettingText<T> first_of(const std::string &text, std::span<const Spelled<T>> spellings) {
  const std::string lower = lower_case(text);
  if (is_unstated(lower))
    return {std::nullopt, true};
  for (const auto &[part, value] : spellings)
    if (holds(lower, part))
      return {value, false};
  return {};
}

} // namespace

SettingText<int> zero_stage_of(const std::string &text) {
  static constexpr std::array spellings{
      Spelled<int>{"distributed optimizer", 1},
      Spelled<int>{"dist-opt", 1},
      Spelled<int>{"zero-1", 1},
      Spelled<int>{"zero-2", 2},
      Spelled<int>{"zero-3", 3},
      Spelled<int>{"zero 1", 1},
      Spelled<int>{"zero 2", 2},
      Spelled<int>{"zero 3", 3},
      Spelled<int>{"zero1", 1},
      Spelled<int>{"zero2", 2},
      Spelled<int>{"zero3", 3},
      Spelled<int>{"shard_grad_op", 2},
      Spelled<int>{"full_shard", 3},
      Spelled<int>{"fsdp", 3},
      Spelled<int>{"hsdp", 3},
      Spelled<int>{"hybrid_shard", 3},
      Spelled<int>{"none", 0},
      Spelled<int>{"ddp", 0},
      Spelled<int>{"plain dp", 0},
  };
  return first_of<int>(text, spellings);
}

SettingText<bool> flag_of(const std::string &text) {
  static constexpr std::array spellings{Spelled<bool>{"yes", true},    Spelled<bool>{"true", true},
                                        Spelled<bool>{"on", true},     Spelled<bool>{"no", false},
                                        Spelled<bool>{"false", false}, Spelled<bool>{"off", false}};
  return first_of<bool>(text.substr(0, text.find('(')), spellings);
}

SettingText<NumberFormat> precision_of(const std::string &text) {
  static constexpr std::array spellings{Spelled<NumberFormat>{"fp4", NumberFormat::fp4},
                                        Spelled<NumberFormat>{"fp8", NumberFormat::fp8},
                                        Spelled<NumberFormat>{"float8", NumberFormat::fp8},
                                        Spelled<NumberFormat>{"bf16", NumberFormat::bf16},
                                        Spelled<NumberFormat>{"fp16", NumberFormat::fp16},
                                        Spelled<NumberFormat>{"tf32", NumberFormat::tf32},
                                        Spelled<NumberFormat>{"fp32", NumberFormat::fp32}};
  // MLPerf 5.1: "FP8 (FP4 recipes appear in v5.1 NVIDIA submissions ...)".
  if (holds(lower_case(text), "fp4 recipes"))
    return {NumberFormat::fp4, false};
  return first_of<NumberFormat>(text.substr(0, text.find('(')), spellings);
}

SettingText<Recompute> recompute_of(const std::string &text) {
  // vTrain's tables repeat the default of the simulator that they came with, whatever ran.
  if (holds(lower_case(text), "config use_checkpoint"))
    return {std::nullopt, true};
  static constexpr std::array spellings{
      Spelled<Recompute>{"none", Recompute::none},
      Spelled<Recompute>{"selective", Recompute::selective},
      Spelled<Recompute>{"full", Recompute::full},
      Spelled<Recompute>{"activation checkpointing", Recompute::full},
      Spelled<Recompute>{"gradient checkpointing", Recompute::full},
      // Modules without a product: nothing that counts in time.
      Spelled<Recompute>{"norm, act", Recompute::none}};
  return first_of<Recompute>(text, spellings);
}

SettingText<bool> flash_of(const std::string &text) {
  static constexpr std::array spellings{
      Spelled<bool>{"non-flash", false}, Spelled<bool>{"fused softmax", false},
      Spelled<bool>{"unfused", false},   Spelled<bool>{"flash", true},
      Spelled<bool>{"sdpa", true},       Spelled<bool>{"cudnn", true},
      Spelled<bool>{"fa2", true},        Spelled<bool>{"fa3", true},
      Spelled<bool>{"fa4", true}};
  return first_of<bool>(text, spellings);
}

std::optional<NumberFormat> gradient_format_of(const std::string &precision) {
  const std::string lower = lower_case(precision);
  if (holds(lower, "fp32 grad"))
    return NumberFormat::fp32;
  // Composer's mixed_precision PURE: parameters, reduction and buffers in the low precision.
  if (holds(lower, "mode pure"))
    return NumberFormat::bf16;
  return std::nullopt;
}

std::optional<OperatorFusion> operators_of(const std::string &notes) {
  static constexpr std::array spellings{Spelled<OperatorFusion>{"compile", OperatorFusion::fused},
                                        Spelled<OperatorFusion>{", fsdp", OperatorFusion::eager}};
  return first_of<OperatorFusion>(notes, spellings).value;
}

std::optional<TensorOverlap> tensor_overlap_of(const std::string &notes) {
  static constexpr std::array spellings{
      Spelled<TensorOverlap>{"async tp", TensorOverlap::tiles},
      Spelled<TensorOverlap>{"asynctp", TensorOverlap::tiles},
      Spelled<TensorOverlap>{"vanilla tp", TensorOverlap::framework}};
  return first_of<TensorOverlap>(notes, spellings).value;
}

std::optional<ExpertDispatch> expert_dispatch_of(const std::string &notes) {
  static constexpr std::array spellings{
      Spelled<ExpertDispatch>{"dispatcher deepep", ExpertDispatch::deduplicated},
      Spelled<ExpertDispatch>{"dispatcher hybridep", ExpertDispatch::deduplicated},
      Spelled<ExpertDispatch>{"dispatcher a2a", ExpertDispatch::all_to_all}};
  return first_of<ExpertDispatch>(notes, spellings).value;
}

std::optional<ExpertOverlap> expert_overlap_of(const std::string &notes) {
  static constexpr std::array spellings{
      Spelled<ExpertOverlap>{"1f1b overlap", ExpertOverlap::micro_batches}};
  return first_of<ExpertOverlap>(notes, spellings).value;
}

std::string spelled(int zero_stage) { return fmt::format("ZeRO stage {}", zero_stage); }
std::string spelled(bool on) { return on ? "yes" : "no"; }
std::string spelled(NumberFormat format) { return std::string(to_text(format)); }
std::string spelled(Recompute recompute) { return std::string(to_text(recompute)); }

} // namespace flopcast
