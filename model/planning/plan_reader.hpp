// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hardware/input/value.hpp"
#include "hardware/presets/catalog.hpp"
#include "model/planning/plan.hpp"

namespace flopcast {

/// Reads a plan (docs/plan.md), looks up the presets that it names and fills in the stated
/// defaults, each noted in plan.assumptions. A plan that names no parallelism gets the fastest
/// layout that fits. Throws InputError with everything that is wrong, each with its place.
[[nodiscard]] PlannedRun read_plan(const InputValue &root, const PresetCatalog &catalog);

} // namespace flopcast
