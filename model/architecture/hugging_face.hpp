// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hardware/input/value.hpp"
#include "model/architecture/model_preset.hpp"

#include <string>

namespace flopcast {

/// Reads the config.json of a Hugging Face model as a preset. What a family of models has without
/// saying so (biases, norms, tied tables) is known of each `model_type`; one that is not known is
/// reported, and so is a key that may change the model and is not understood. The preset's caveats
/// tell what was taken by default and what was left out. Problems go to `diagnostics`.
/// Source: configuration classes of transformers 4.57 (Apache-2.0), as recalled; held against the
/// model presets.
[[nodiscard]] ModelPreset read_hugging_face_config(const InputValue &root, const std::string &file,
                                                   Diagnostics &diagnostics);

} // namespace flopcast
