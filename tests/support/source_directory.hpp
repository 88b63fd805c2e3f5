// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>

namespace flopcast::tests {

/// The checkout that the tests were built from.
[[nodiscard]] std::filesystem::path source_directory();

} // namespace flopcast::tests
