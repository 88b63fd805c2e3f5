// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>

namespace flopcast {

/// Text of a file, plain or compressed by gzip. Throws InputError if it cannot be read.
[[nodiscard]] std::string table_text(const std::filesystem::path &path);

/// At most so many bytes of its beginning: enough to tell what it is. "" if it cannot be read.
[[nodiscard]] std::string table_beginning(const std::filesystem::path &path, std::size_t most);

} // namespace flopcast
