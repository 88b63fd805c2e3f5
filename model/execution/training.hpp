// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hardware/device.hpp"
#include "model/architecture/operator_graph.hpp"
#include "model/execution/parallelism.hpp"
#include "model/execution/software.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace flopcast {

enum class Recompute {
  none,
  selective, ///< the attention without its projections: Korthikanti et al. 2022
  modules,   ///< the operators of Training::recomputed
  alternate, ///< all of a layer but its fused attention and every second product: torchtitan
  full,      ///< whole layers
};

/// Whether operators of a layer are done again, but not the layer as a whole.
[[nodiscard]] constexpr bool redoes_parts(Recompute recompute) {
  return recompute == Recompute::selective || recompute == Recompute::modules ||
         recompute == Recompute::alternate;
}

enum class OptimizerKind { adam, adamw, sgd_momentum, adafactor, adam_8bit, lion, muon };

/// What of a micro-batch's activations waits for its backward pass in host memory.
enum class ActivationOffload {
  none,
  boundaries, ///< what stands between two layers
  all,        ///< all that layers keep
};

/// What lies in host memory in place of the device's.
struct Offload {
  double optimizer = 0; ///< share of the states; the host updates the weights that they belong to
  ActivationOffload activations = ActivationOffload::none;
  /// Layers of a stage whose activations go, the first ones; absent: all.
  std::optional<std::int64_t> layers = std::nullopt;

  [[nodiscard]] bool any() const { return optimizer > 0 || activations != ActivationOffload::none; }
  bool operator==(const Offload &) const = default;
};

[[nodiscard]] std::span<const Spelled<ActivationOffload>> activation_offload_names();
[[nodiscard]] std::span<const Spelled<Recompute>> recompute_names();
[[nodiscard]] std::span<const Spelled<OptimizerKind>> optimizer_names();
[[nodiscard]] std::string_view to_text(Recompute recompute);
[[nodiscard]] std::string_view to_text(OptimizerKind kind);

/// How operators without a product run.
enum class OperatorFusion {
  fused, ///< one kernel each
  eager, ///< RMSNorm, gated activations and rotary embedding as eager PyTorch's kernels for them
};

[[nodiscard]] std::span<const Spelled<OperatorFusion>> operator_fusion_names();

/// How a step is computed.
struct Training {
  NumberFormat precision = NumberFormat::bf16; ///< of the matrix products
  NumberFormat gradient_format = NumberFormat::fp32;
  OptimizerKind optimizer = OptimizerKind::adamw;
  Recompute recompute = Recompute::selective;
  OperatorRoles recomputed = {}; ///< of layers, where `recompute` says modules
  /// Layers of a stage that full recomputation redoes, the first ones; absent: all.
  std::optional<std::int64_t> recompute_layers = std::nullopt;
  /// The same for each stage apart; empty: alike on all.
  std::vector<std::int64_t> recompute_by_stage = {};
  bool flash_attention = true;
  OperatorFusion operators = OperatorFusion::fused;
  /// The host replays captured graphs of the layers in place of launching their operators.
  bool cuda_graphs = false;
  bool dropout = false;
  std::int64_t micro_batch = 1;  ///< sequences a rank works on at once
  std::int64_t global_batch = 1; ///< sequences in a step
  bool overlap_gradient_exchange = true;
  /// Of gradients on their way; absent: as they are summed.
  std::optional<NumberFormat> gradient_exchange_format = std::nullopt;
  /// Of weights that are gathered, under ZeRO; absent: as the rank that updates them has them.
  std::optional<NumberFormat> weight_exchange_format = std::nullopt;
  /// Gradients that are sent at once, all ranks' together; absent: about a layer's are the last.
  std::optional<Bytes> gradient_bucket = std::nullopt;
  Offload offload = {};
  Software software;    ///< what the training stack adds to the device's own times
  Bytes memory_reserve; ///< context, libraries and communication buffers that no tensor explains

  bool operator==(const Training &) const = default;
};

/// The reserve of a plan that states none: context and libraries.
inline constexpr auto usual_reserve = 2.0 * units::gigabyte;

/// Modules whose operators can be recomputed, as plans name them.
[[nodiscard]] std::span<const Spelled<OperatorRoles>> recompute_module_names();

/// Share of the layers that is recomputed whole.
[[nodiscard]] double recomputed_layers(const Training &training, const Parallelism &parallelism,
                                       std::int64_t layers);

/// The same of one stage's layers.
[[nodiscard]] double recomputed_layers(const Training &training, const Parallelism &parallelism,
                                       std::int64_t layers, std::int64_t stage);

/// Whether the plan says of each stage what it holds or does again.
[[nodiscard]] inline bool lists_stages(const Parallelism &parallelism, const Training &training) {
  return !parallelism.layers_by_stage.empty() || !training.recompute_by_stage.empty();
}

/// Bytes a parameter takes. fp32 and tf32 train without a separate master copy.
struct ParameterBytes {
  double weight = 2;
  double gradient = 4;
  double matrix_state = 12; ///< optimizer states and fp32 master of a matrix inside a layer
  double other_state = 12;  ///< of embeddings, norms and biases: Muon leaves them to AdamW
  bool master_apart = true; ///< among the states; else the optimizer updates the weight itself
};

/// Adam and AdamW: two fp32 moments; SGD and Lion: one; Adafactor: row and column sums, neglected
/// (below 0.1 % of a matrix wider than 2,000); 8-bit Adam: two bytes; Muon: one fp32 momentum.
/// All but fp32 training add a 4-byte master weight. Source: Rajbhandari et al. 2020 (ZeRO),
/// section 3.1; Dettmers et al. 2022 (8-bit); Shazeer and Stern 2018 (Adafactor).
[[nodiscard]] ParameterBytes parameter_bytes(const Training &training);

/// The same as ranks hold them at this ZeRO stage: FSDP's mixed precision keeps no weights but
/// those in fp32, which are then no master but the weight. Source: PyTorch, FSDP, MixedPrecision
/// (recalled).
[[nodiscard]] ParameterBytes held_parameter_bytes(const Training &training, int zero_stage);

/// Bytes of a parameter's gradient on its way to the ranks that hold the same weights.
[[nodiscard]] double exchanged_gradient_bytes(const Training &training);

/// Bytes of a parameter's weight on its way to them.
[[nodiscard]] double exchanged_weight_bytes(const Training &training);

/// Bytes of an activation element: 4 in fp32 and tf32 training, else 2. Products in fp8 or fp4
/// still keep their inputs in 16 bits.
[[nodiscard]] double activation_bytes(NumberFormat precision);

} // namespace flopcast
