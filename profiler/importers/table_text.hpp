// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>

namespace flopcast {

/// Text of a file, plain or compressed by gzip. Throws InputError if it cannot be read.
[[nodiscard]] std::string table_text(const std::filesystem::path &path);

} // namespace flopcast
