// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hardware/presets/catalog.hpp"
#include "tests/support/source_directory.hpp"

#include <filesystem>

namespace flopcast::tests {

/// The shipped presets alone: neither the user's own nor those of the environment.
inline PresetCatalog shipped_presets() { return PresetCatalog({source_directory() / "presets"}); }

/// Data beside the checkout that is not part of the project; empty in a clone without it, and then
/// the test that needs it skips.
inline std::filesystem::path shared_data() {
  std::error_code ignored;
  auto directory = source_directory().parent_path() / "shared" / "data";
  return std::filesystem::is_directory(directory, ignored) ? directory : std::filesystem::path();
}

} // namespace flopcast::tests

/// Skips a test, with the reason, where a file of the shared data is absent.
#define FLOPCAST_REQUIRE_SHARED(path)                                                              \
  if (::flopcast::tests::shared_data().empty() ||                                                  \
      !std::filesystem::exists(::flopcast::tests::shared_data() / (path)))                         \
  GTEST_SKIP() << "../shared/data/" << (path) << " is not beside this checkout"
