// SPDX-License-Identifier: Apache-2.0
#include "gui/main_window.hpp"
#include "gui/screenshots.hpp"

#include <QApplication>
#include <QCommandLineParser>
#include <QCoreApplication>
#include <QIcon>
#include <QStyleFactory>

#include <cstdlib>
#include <iostream>
#include <string_view>

namespace {

using namespace flopcast;

/// The context of the texts of this file for translators.
struct Program {
  Q_DECLARE_TR_FUNCTIONS(Program)
};

constexpr int exit_bad_input = 2; // as `flopcast`

// Qt chooses the platform before it reads options, and a picture needs no display.
void draw_offscreen_if_asked(int argc, char **argv) {
  for (int i = 1; i < argc; ++i)
    if (const std::string_view argument = argv[i]; argument.starts_with("--screenshot"))
      setenv("QT_QPA_PLATFORM", "offscreen", 1);
}

int complain(const QString &text) {
  std::cerr << "flopcast-gui: " << text.toStdString() << '\n';
  return exit_bad_input;
}

int run(QApplication &application) {
  QCommandLineParser parser;
  parser.setApplicationDescription(Program::tr("What training a large model takes."));
  parser.addHelpOption();
  parser.addVersionOption();
  parser.addPositionalArgument("PLAN", Program::tr("plan file, or the name of a shipped plan"),
                               "[PLAN]");
  const QCommandLineOption set("set", Program::tr("override a key of the plan; may be repeated"),
                               "KEY=VALUE");
  const QCommandLineOption theme("theme", Program::tr("system, light or dark, for this run"),
                                 "THEME");
  const QCommandLineOption screenshot(
      "screenshot", Program::tr("write a picture of the window, 1280 x 800, and exit"), "FILE.png");
  const QCommandLineOption screenshots(
      "screenshots", Program::tr("write pictures of all pages, in both themes and languages"),
      "FOLDER");
  const QCommandLineOption language("language", Program::tr("en or zh_CN, for this run"),
                                    "LANGUAGE");
  parser.addOptions({set, theme, language, screenshot, screenshots});
  parser.process(application);

  const std::optional<Theme> wanted = theme_of(parser.value(theme));
  if (parser.isSet(theme) && !wanted)
    return complain(Program::tr("--theme: expected system, light or dark, got \"%1\"")
                        .arg(parser.value(theme)));
  if (parser.positionalArguments().size() > 1)
    return complain(Program::tr("expected one plan"));

  const std::optional<Language> wanted_language = language_of(parser.value(language));
  if (parser.isSet(language) && !wanted_language)
    return complain(
        Program::tr("--language: expected en or zh_CN, got \"%1\"").arg(parser.value(language)));

  const bool picture = parser.isSet(screenshot) || parser.isSet(screenshots);
  const auto executable = QApplication::applicationFilePath().toStdString();
  // A picture is the same whatever its user's window looks like.
  MainWindow window(PlanSession(PresetCatalog(PresetCatalog::standard_directories(executable))),
                    Settings(picture ? QString() : Settings::standard_file()));
  if (wanted)
    window.set_theme(*wanted);
  else if (picture)
    window.set_theme(Theme::light);
  if (wanted_language)
    window.set_language(*wanted_language);
  if (parser.positionalArguments().isEmpty())
    window.open_start_plan();
  else
    window.open_plan(parser.positionalArguments().constFirst());
  if (parser.isSet(set))
    window.set_overrides(parser.values(set).join(u'\n'));
  if (picture) {
    window.resize(1280, 800);
    if (parser.isSet(screenshots))
      save_screenshots(window, parser.value(screenshots));
    else
      save_screenshot(window, parser.value(screenshot));
    return window.error().isEmpty() ? EXIT_SUCCESS : complain(window.error());
  }
  window.show();
  return QApplication::exec();
}

} // namespace

int main(int argc, char **argv) {
  draw_offscreen_if_asked(argc, argv);
  QApplication application(argc, argv);
  QApplication::setApplicationVersion(FLOPCAST_VERSION);
  QApplication::setDesktopFileName("io.github.flopcast.Flopcast");
  QApplication::setWindowIcon(QIcon::fromTheme("io.github.flopcast.Flopcast"));
  QApplication::setStyle(QStyleFactory::create("Fusion"));
  try {
    return run(application);
  } catch (const InputError &error) { // a broken table of aliases: there are no presets without it
    return complain(error.what());
  }
}
