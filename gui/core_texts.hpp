// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QString>

#include <string_view>

namespace flopcast {

/// A label of the core in the language of the window, as far as it is translated, else as it is.
/// What is copied or exported stays as the command line writes it.
[[nodiscard]] QString core_text(std::string_view text);

} // namespace flopcast
