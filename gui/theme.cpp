// SPDX-License-Identifier: Apache-2.0
#include "gui/theme.hpp"

#include <QApplication>
#include <QToolTip>

#include <array>
#include <utility>

namespace flopcast {
namespace {

constexpr std::array names{std::pair{Theme::system, "system"}, std::pair{Theme::light, "light"},
                           std::pair{Theme::dark, "dark"}};

struct Shades {
  QRgb window, base, alternate, button, text, faint, disabled, accent, on_accent, link, tooltip;
};

constexpr Shades light{.window = 0xFFF3F4F6,
                       .base = 0xFFFFFFFF,
                       .alternate = 0xFFF7F8FA,
                       .button = 0xFFEBEDF0,
                       .text = 0xFF1B1F24,
                       .faint = 0xFF5B6470,
                       .disabled = 0xFF9AA1AB,
                       .accent = 0xFF1F5FBF,
                       .on_accent = 0xFFFFFFFF,
                       .link = 0xFF1F5FBF,
                       .tooltip = 0xFFFFFFFF};

constexpr Shades dark{.window = 0xFF23272E,
                      .base = 0xFF1B1E24,
                      .alternate = 0xFF20242A,
                      .button = 0xFF2F343C,
                      .text = 0xFFE4E7EB,
                      .faint = 0xFFA0A8B3,
                      .disabled = 0xFF6C7480,
                      .accent = 0xFF2F6FCF,
                      .on_accent = 0xFFFFFFFF,
                      .link = 0xFF7FB2FF,
                      .tooltip = 0xFF2F343C};

QPalette palette_of(const Shades &shades) {
  // Fills in the shades of bevels from the button and the window.
  QPalette palette(QColor::fromRgb(shades.button), QColor::fromRgb(shades.window));
  const auto set = [&](QPalette::ColorRole role, QRgb color) {
    palette.setColor(role, QColor::fromRgb(color));
  };
  set(QPalette::WindowText, shades.text);
  set(QPalette::Base, shades.base);
  set(QPalette::AlternateBase, shades.alternate);
  set(QPalette::Text, shades.text);
  set(QPalette::ButtonText, shades.text);
  set(QPalette::PlaceholderText, shades.faint);
  set(QPalette::Highlight, shades.accent);
  set(QPalette::HighlightedText, shades.on_accent);
  set(QPalette::Link, shades.link);
  set(QPalette::LinkVisited, shades.link);
  set(QPalette::ToolTipBase, shades.tooltip);
  set(QPalette::ToolTipText, shades.text);
  for (const QPalette::ColorRole role :
       {QPalette::WindowText, QPalette::Text, QPalette::ButtonText, QPalette::HighlightedText})
    palette.setColor(QPalette::Disabled, role, QColor::fromRgb(shades.disabled));
  palette.setColor(QPalette::Disabled, QPalette::Highlight, QColor::fromRgb(shades.button));
  return palette;
}

bool is_dark(const QPalette &palette) {
  return palette.color(QPalette::Base).lightness() < palette.color(QPalette::Text).lightness();
}

} // namespace

QString to_text(Theme theme) {
  for (const auto &[value, name] : names)
    if (value == theme)
      return QString::fromLatin1(name);
  return {};
}

std::optional<Theme> theme_of(const QString &text) {
  for (const auto &[value, name] : names)
    if (text == QLatin1String(name))
      return value;
  return std::nullopt;
}

void apply_theme(Theme theme) {
  QApplication::setPalette(theme == Theme::system  ? QPalette()
                           : theme == Theme::light ? palette_of(light)
                                                   : palette_of(dark));
  QToolTip::setPalette(QApplication::palette()); // a palette of its own, which would stay as it was
}

QColor mark_color(Tone tone, const QPalette &palette) {
  const bool on_dark = is_dark(palette);
  switch (tone) {
  case Tone::hint:
    return palette.color(QPalette::Link);
  case Tone::warning:
    return QColor::fromRgb(on_dark ? 0xFFF0B040 : 0xFF955800);
  case Tone::error:
    return QColor::fromRgb(on_dark ? 0xFFFF8A80 : 0xFFB3261E);
  }
  return {};
}

QColor secondary_text(const QPalette &palette) {
  return QColor::fromRgb(is_dark(palette) ? dark.faint : light.faint);
}

QColor series_color(std::size_t series, const QPalette &palette) {
  // After Okabe and Ito 2008 (color universal design), darkened or lightened for contrast.
  constexpr std::array<QRgb, series_color_count> on_light{0xFF0072B2, 0xFFC05A00, 0xFF00805E,
                                                          0xFFB24C86, 0xFF8A6D00, 0xFF3B8FC4,
                                                          0xFF555B66, 0xFF9A3324};
  constexpr std::array<QRgb, series_color_count> on_dark{0xFF56B4E9, 0xFFE69F00, 0xFF2FC29B,
                                                         0xFFE08BBB, 0xFFF0E442, 0xFF3B8FC4,
                                                         0xFFB8BEC8, 0xFFF28B7D};
  const auto &colors = is_dark(palette) ? on_dark : on_light;
  return QColor::fromRgb(colors[series % colors.size()]);
}

} // namespace flopcast
