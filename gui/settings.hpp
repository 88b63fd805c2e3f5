// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "gui/language.hpp"
#include "gui/theme.hpp"

#include <QByteArray>
#include <QSettings>
#include <QString>
#include <QStringList>

#include <memory>

namespace flopcast {

/// What the window remembers between runs. The only place that knows the keys.
class Settings {
public:
  /// In memory only, where `file` is "".
  explicit Settings(const QString &file);

  /// Beside the user's own presets: ~/.config/flopcast/gui.ini
  [[nodiscard]] static QString standard_file();

  /// The folder of the file; "" in memory.
  [[nodiscard]] QString folder() const;

  [[nodiscard]] Theme theme() const;
  void set_theme(Theme theme);
  [[nodiscard]] Language language() const;
  void set_language(Language language);

  /// Of QWidget::saveGeometry, QMainWindow::saveState and QSplitter::saveState; empty where nothing
  /// is remembered.
  [[nodiscard]] QByteArray geometry() const;
  void set_geometry(const QByteArray &geometry);
  [[nodiscard]] QByteArray docks() const;
  void set_docks(const QByteArray &state);
  [[nodiscard]] QByteArray splitter(const QString &name) const;
  void set_splitter(const QString &name, const QByteArray &state);

  [[nodiscard]] QString page() const;
  void set_page(const QString &id);

  /// The plan that was open, and the pinned scenarios: see request_json().
  [[nodiscard]] QByteArray plan() const;
  void set_plan(const QByteArray &json);
  [[nodiscard]] QList<QByteArray> scenarios() const;
  void set_scenarios(const QList<QByteArray> &scenarios);

  /// Newest first.
  [[nodiscard]] QStringList recent_files() const;
  void add_recent_file(const QString &file);
  void clear_recent_files();

private:
  [[nodiscard]] QVariant value(const QString &key) const;
  void set(const QString &key, const QVariant &value);

  std::unique_ptr<QSettings> file_;
};

} // namespace flopcast
