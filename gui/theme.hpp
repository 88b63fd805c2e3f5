// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QColor>
#include <QPalette>
#include <QString>

#include <cstddef>
#include <optional>

namespace flopcast {

/// Qt 6.4 does not tell a dark desktop from a light one (QStyleHints::colorScheme came with 6.5),
/// so the user can say.
enum class Theme { system, light, dark };

/// "system", "light", "dark": as settings and --theme spell it.
[[nodiscard]] QString to_text(Theme theme);
[[nodiscard]] std::optional<Theme> theme_of(const QString &text);

/// Gives the application the theme's palette; `system` gives back the desktop's.
void apply_theme(Theme theme);

enum class Tone { hint, warning, error };

/// The colour of a mark beside a message, to be told apart on the palette's window.
[[nodiscard]] QColor mark_color(Tone tone, const QPalette &palette);

/// Text that steps back behind the main text, still of 4.5 : 1 contrast on the palette's base.
[[nodiscard]] QColor secondary_text(const QPalette &palette);

/// Colours of the series of a plot, to be told apart by colour-blind readers too, of 3 : 1 contrast
/// on the palette's base. Further series take a pattern besides.
inline constexpr std::size_t series_color_count = 8;
[[nodiscard]] QColor series_color(std::size_t series, const QPalette &palette);

} // namespace flopcast
