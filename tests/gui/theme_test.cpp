// SPDX-License-Identifier: Apache-2.0
#include "gui/settings.hpp"
#include "gui/theme.hpp"
#include "tests/gui/gui_fixture.hpp"

#include <QApplication>

#include <algorithm>
#include <cmath>

namespace flopcast {
namespace {

using namespace tests;

/// Relative luminance of WCAG 2.1.
double luminance(const QColor &color) {
  const auto linear = [](double c) {
    return c <= 0.03928 ? c / 12.92 : std::pow((c + 0.055) / 1.055, 2.4);
  };
  return 0.2126 * linear(color.redF()) + 0.7152 * linear(color.greenF()) +
         0.0722 * linear(color.blueF());
}

double contrast(const QColor &a, const QColor &b) {
  const auto [dark, light] = std::minmax({luminance(a), luminance(b)});
  return (light + 0.05) / (dark + 0.05);
}

class ThemeOfTwo : public testing::TestWithParam<Theme> {
protected:
  ~ThemeOfTwo() override { apply_theme(Theme::system); }
};

TEST_P(ThemeOfTwo, HasTextOfReadableContrast) {
  constexpr double readable = 4.5; // WCAG 2.1, level AA
  apply_theme(GetParam());
  const QPalette palette = QApplication::palette();
  const auto expect_readable = [&](const QColor &text, QPalette::ColorRole ground) {
    EXPECT_GE(contrast(text, palette.color(ground)), readable)
        << text.name().toStdString() << " on " << palette.color(ground).name().toStdString();
  };
  expect_readable(palette.color(QPalette::Text), QPalette::Base);
  expect_readable(palette.color(QPalette::Text), QPalette::AlternateBase);
  expect_readable(palette.color(QPalette::WindowText), QPalette::Window);
  expect_readable(palette.color(QPalette::ButtonText), QPalette::Button);
  expect_readable(palette.color(QPalette::HighlightedText), QPalette::Highlight);
  expect_readable(palette.color(QPalette::ToolTipText), QPalette::ToolTipBase);
  expect_readable(palette.color(QPalette::PlaceholderText), QPalette::Window);
  expect_readable(secondary_text(palette), QPalette::Base);
  for (const Tone tone : {Tone::hint, Tone::warning, Tone::error})
    expect_readable(mark_color(tone, palette), QPalette::Base);
}

INSTANTIATE_TEST_SUITE_P(Both, ThemeOfTwo, testing::Values(Theme::light, Theme::dark),
                         [](const auto &theme) { return to_text(theme.param).toStdString(); });

TEST(ThemeChoice, GivesTheDesktopItsPaletteBack) {
  const QPalette before = QApplication::palette();
  apply_theme(Theme::dark);
  EXPECT_NE(QApplication::palette().color(QPalette::Base), before.color(QPalette::Base));
  apply_theme(Theme::system);
  EXPECT_EQ(QApplication::palette().color(QPalette::Base), before.color(QPalette::Base));
}

TEST(ThemeChoice, IsSpelledOneWay) {
  for (const Theme theme : {Theme::system, Theme::light, Theme::dark})
    EXPECT_EQ(theme_of(to_text(theme)), theme);
  EXPECT_EQ(theme_of("Dark"), std::nullopt);
}

TEST(Settings, RememberInTheirFile) {
  const Folder folder;
  const QString file = folder.path("gui.ini");
  {
    Settings settings(file);
    EXPECT_EQ(settings.theme(), Theme::system);
    settings.set_theme(Theme::dark);
    settings.set_geometry("here");
    settings.set_splitter("side", "so wide");
  }
  const Settings settings(file);
  EXPECT_EQ(settings.theme(), Theme::dark);
  EXPECT_EQ(settings.geometry(), "here");
  EXPECT_EQ(settings.splitter("side"), "so wide");
}

TEST(Settings, WithoutAFileForget) {
  Settings settings("");
  settings.set_theme(Theme::dark);
  EXPECT_EQ(settings.theme(), Theme::system);
  EXPECT_TRUE(settings.geometry().isEmpty());
}

} // namespace
} // namespace flopcast
