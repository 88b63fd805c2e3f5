// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace flopcast {

/// SHA-256 of the bytes, as 64 hexadecimal digits: what `sha256sum` prints.
/// Source: FIPS 180-4.
[[nodiscard]] std::string sha256(std::string_view bytes);

} // namespace flopcast
