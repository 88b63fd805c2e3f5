// SPDX-License-Identifier: Apache-2.0
// The program itself, as documentation makes its pictures with it.
#include "tests/gui/gui_fixture.hpp"

#include <gmock/gmock.h>

#include <QImage>
#include <QProcess>

namespace flopcast {
namespace {

using testing::HasSubstr;
using namespace tests;

struct Ended {
  int code = -1;
  std::string err;
};

/// Runs flopcast-gui with the shipped presets and nothing of the user's.
Ended run_gui(const QStringList &arguments, const Folder &home) {
  QProcess process;
  QProcessEnvironment environment = QProcessEnvironment::systemEnvironment();
  environment.insert("XDG_CONFIG_HOME", home.path("config"));
  environment.insert("FLOPCAST_PRESETS", "");
  environment.remove("QT_QPA_PLATFORM");
  process.setProcessEnvironment(environment);
  process.start(FLOPCAST_GUI_PROGRAM, arguments);
  constexpr int patience_ms = 120'000; // of a sanitizer on a busy machine
  EXPECT_TRUE(process.waitForFinished(patience_ms));
  return {process.exitCode(), process.readAllStandardError().toStdString()};
}

TEST(Program, TakesAPictureWithoutADisplay) {
  const Folder folder;
  const QString light = folder.path("light.png");
  const QString dark = folder.path("dark.png");
  EXPECT_EQ(run_gui({example.data(), "--screenshot", light}, folder).code, 0);
  EXPECT_EQ(run_gui({example.data(), "--theme", "dark", "--screenshot", dark}, folder).code, 0);
  EXPECT_EQ(QImage(light).size(), QSize(1280, 800));
  const QPoint corner(1, 799); // nothing but the window's ground
  EXPECT_GT(QImage(light).pixelColor(corner).lightness(), 200);
  EXPECT_LT(QImage(dark).pixelColor(corner).lightness(), 100);
  EXPECT_FALSE(QFile::exists(folder.path("config/flopcast/gui.ini"))) << "a picture is no run";
}

TEST(Program, EndsWithTwoForAPlanThatCannotBeRead) {
  const Folder folder;
  const QString picture = folder.path("a.png");
  const Ended ended = run_gui({"no-such-plan", "--screenshot", picture}, folder);
  EXPECT_EQ(ended.code, 2);
  EXPECT_THAT(ended.err, HasSubstr("no-such-plan: no such file"));
  EXPECT_TRUE(QFile::exists(picture)) << "it shows the message";
}

TEST(Program, TakesOverrides) {
  const Folder folder;
  const Ended ended = run_gui({example.data(), "--set", "training.micro_bath=1", "--set",
                               "hardware.nodes=x", "--screenshot", folder.path("a.png")},
                              folder);
  EXPECT_THAT(ended.err, HasSubstr("did you mean \"micro_batch\"?"));
  EXPECT_THAT(ended.err, HasSubstr("--set hardware.nodes=x"));
}

TEST(Program, RefusesAThemeThatThereIsNot) {
  const Folder folder;
  const Ended ended = run_gui({"--theme", "blue", "--screenshot", folder.path("a.png")}, folder);
  EXPECT_EQ(ended.code, 2);
  EXPECT_THAT(ended.err, HasSubstr("expected system, light or dark, got \"blue\""));
}

} // namespace
} // namespace flopcast
