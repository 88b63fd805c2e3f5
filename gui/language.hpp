// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QString>

#include <optional>

namespace flopcast {

enum class Language { english, chinese };

/// "en", "zh_CN": as settings and --language spell it.
[[nodiscard]] QString to_text(Language language);
[[nodiscard]] std::optional<Language> language_of(const QString &text);
/// The desktop's, as far as there is a translation.
[[nodiscard]] Language desktop_language();

/// Texts made from now on are of that language; fonts fall back to one with its characters.
void apply_language(Language language);
[[nodiscard]] Language current_language();

} // namespace flopcast
