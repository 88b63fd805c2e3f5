// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "gui/theme.hpp"

#include <QByteArray>
#include <QSettings>
#include <QString>

#include <memory>

namespace flopcast {

/// What the window remembers between runs. The only place that knows the keys.
class Settings {
public:
  /// In memory only, where `file` is "".
  explicit Settings(const QString &file);

  /// Beside the user's own presets: ~/.config/flopcast/gui.ini
  [[nodiscard]] static QString standard_file();

  [[nodiscard]] Theme theme() const;
  void set_theme(Theme theme);

  /// Of QWidget::saveGeometry and QSplitter::saveState; empty where nothing is remembered.
  [[nodiscard]] QByteArray geometry() const;
  void set_geometry(const QByteArray &geometry);
  [[nodiscard]] QByteArray splitter(const QString &name) const;
  void set_splitter(const QString &name, const QByteArray &state);

private:
  std::unique_ptr<QSettings> file_;
};

} // namespace flopcast
