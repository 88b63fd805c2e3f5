// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "gui/plan_session.hpp"

#include <filesystem>

namespace flopcast {

/// Writes what `flopcast estimate --format …` prints: the extension .csv, .json or .md says which.
/// Throws InputError for another extension or a file that cannot be written.
void export_plan(const EstimatedPlan &plan, const std::filesystem::path &file);

} // namespace flopcast
