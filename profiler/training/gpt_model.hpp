// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "profiler/kernels/kernels.hpp"

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace flopcast {

/// A decoder like GPT-2: learned positions, layer norm before each block, attention and an MLP four
/// times as wide, biases everywhere but in the logits.
struct GptShape {
  std::int64_t layers = 1;
  std::int64_t hidden = 64;
  std::int64_t heads = 1;
  std::int64_t sequence = 64;
  std::int64_t micro_batch = 1; ///< sequences
  std::int64_t vocabulary = 256;
  bool tied = true; ///< logits share the table of the token embedding

  [[nodiscard]] std::int64_t tokens() const { return micro_batch * sequence; }
};

/// Its parameters, each once.
[[nodiscard]] std::int64_t parameter_count(const GptShape &shape);

/// The decoder in a device's memory, with all that a training step needs: nothing is recomputed.
/// In a 16-bit format Adam keeps fp32 masters; gradients are in the format too.
class GptModel {
public:
  /// Weights as GPT-2 starts them. Throws MeasurementError without memory, or std::invalid_argument
  /// if heads do not divide hidden.
  GptModel(Kernels &kernels, const GptShape &shape, NumberFormat format);
  GptModel(const GptModel &) = delete;
  GptModel &operator=(const GptModel &) = delete;
  ~GptModel() = default;

  /// tokens() of each, below vocabulary.
  void set_batch(std::span<const std::int32_t> tokens, std::span<const std::int32_t> targets);

  // One step is all three, in this order. They only start the work.
  void forward();
  void backward();
  void update(const AdamSettings &settings);

  /// Mean over the tokens of the last forward(). Waits.
  [[nodiscard]] double loss();

  [[nodiscard]] std::int64_t allocated_bytes() const { return allocated_bytes_; }

  // For tests: all parameters in a row, with gaps that stay zero.
  [[nodiscard]] std::vector<float> parameters();
  [[nodiscard]] std::vector<float> gradients();
  void set_parameters(std::span<const float> values);
  /// Whether an element of the row is a parameter.
  [[nodiscard]] std::vector<bool> is_parameter() const;

private:
  /// A parameter tensor: where it lies in the row of all.
  struct Parameter {
    std::int64_t offset = 0;
    std::int64_t elements = 0;
  };
  struct Linear {
    Parameter weight; ///< outputs × inputs
    Parameter bias;
    std::int64_t outputs = 0;
    std::int64_t inputs = 0;
  };
  struct Norm {
    Parameter weight;
    Parameter bias;
  };
  /// One layer's parameters, and what its forward pass keeps.
  struct Layer {
    Norm attention_norm;
    Linear queries, keys, values, output;
    Norm mlp_norm;
    Linear up, down;

    Tensor input;
    Tensor normal1, statistics1;
    Tensor q, k, v, attended, attention_statistics;
    Tensor middle; ///< after the attention's residual sum
    Tensor normal2, statistics2;
    Tensor expanded, activated;
  };
  /// What the backward pass needs for one layer at a time.
  struct Gradients {
    Tensor stream, next_stream, branch;
    Tensor q, k, v;
    Tensor expanded, activated;
  };

  Parameter parameter(std::int64_t elements);
  Linear linear(std::int64_t outputs, std::int64_t inputs);
  Norm norm();
  void add_parameters();
  void allocate_parameters();
  void allocate_activations();
  void initialise();
  [[nodiscard]] Tensor allocate(NumberFormat format, std::int64_t elements);
  void *allocate_indices(std::int64_t count);

  [[nodiscard]] Tensor part(const Tensor &all, const Parameter &of) const;
  [[nodiscard]] Tensor weight(const Parameter &of) const { return part(weights_, of); }
  [[nodiscard]] Tensor gradient(const Parameter &of) const { return part(weight_gradients_, of); }
  [[nodiscard]] const Parameter &output_table() const {
    return shape_.tied ? token_table_ : logits_table_;
  }

  void apply(const Linear &linear, const Tensor &input, const Tensor &output);
  /// `adds`: to the input's gradient, of which other branches are part.
  void apply_backward(const Linear &linear, const Tensor &input, const Tensor &output_gradient,
                      const Tensor &input_gradient, bool adds);
  void normalize(const Norm &norm, const Tensor &input, const Tensor &output,
                 const Tensor &statistics);
  void normalize_backward(const Norm &norm, const Tensor &input, const Tensor &statistics,
                          const Tensor &output_gradient, const Tensor &input_gradient);
  void forward(const Layer &layer, const Tensor &output);
  void backward(const Layer &layer);
  /// stream += branch
  void join_branch();

  Kernels &kernels_;
  GptShape shape_;
  NumberFormat format_;
  AttentionShape attention_;
  std::vector<std::shared_ptr<void>> memory_;
  std::int64_t allocated_bytes_ = 0;

  std::vector<Parameter> all_;
  std::int64_t row_ = 0; ///< elements of all parameters and the gaps
  Parameter token_table_, position_table_, logits_table_;
  std::vector<Layer> layers_;
  Norm final_norm_;
  Tensor master_, weights_, weight_gradients_, first_, second_;

  void *tokens_ = nullptr;
  void *targets_ = nullptr;
  void *positions_ = nullptr;
  Tensor embedded_, position_vectors_;
  Tensor branch_; ///< what is added to the stream
  Tensor last_;   ///< the stream after all layers
  Tensor final_normal_, final_statistics_, logits_, losses_;
  Gradients gradients_;
};

} // namespace flopcast
