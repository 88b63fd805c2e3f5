// SPDX-License-Identifier: Apache-2.0
#include <QApplication>
#include <QStyleFactory>

#include <gmock/gmock.h>

#include <cstdlib>

int main(int argc, char **argv) {
  setenv("QT_QPA_PLATFORM", "offscreen", 1); // tests open no windows on anybody's screen
  testing::InitGoogleMock(&argc, argv);
  const QApplication application(argc, argv);
  QApplication::setStyle(QStyleFactory::create("Fusion"));
  return RUN_ALL_TESTS();
}
