// SPDX-License-Identifier: Apache-2.0
#include "gui/settings.hpp"

#include <QFileInfo>
#include <QStandardPaths>

namespace flopcast {
namespace {

const QString theme_key = QStringLiteral("view/theme");
const QString language_key = QStringLiteral("view/language");
const QString page_key = QStringLiteral("view/page");
const QString geometry_key = QStringLiteral("window/geometry");
const QString docks_key = QStringLiteral("window/docks");
const QString splitter_group = QStringLiteral("window/splitter/");
const QString plan_key = QStringLiteral("work/plan");
const QString scenarios_key = QStringLiteral("work/scenarios");
const QString recent_key = QStringLiteral("work/recent");

constexpr int most_recent_files = 10;

} // namespace

Settings::Settings(const QString &file)
    : file_(file.isEmpty() ? nullptr : std::make_unique<QSettings>(file, QSettings::IniFormat)) {}

QString Settings::standard_file() {
  return QStandardPaths::writableLocation(QStandardPaths::GenericConfigLocation) +
         QStringLiteral("/flopcast/gui.ini");
}

QVariant Settings::value(const QString &key) const {
  return file_ ? file_->value(key) : QVariant();
}

void Settings::set(const QString &key, const QVariant &value) {
  if (file_)
    file_->setValue(key, value);
}

QString Settings::folder() const {
  return file_ ? QFileInfo(file_->fileName()).absolutePath() : QString();
}

Theme Settings::theme() const {
  return theme_of(value(theme_key).toString()).value_or(Theme::system);
}
void Settings::set_theme(Theme theme) { set(theme_key, to_text(theme)); }

Language Settings::language() const {
  return language_of(value(language_key).toString())
      .value_or(file_ ? desktop_language() : Language::english);
}
void Settings::set_language(Language language) { set(language_key, to_text(language)); }

QByteArray Settings::geometry() const { return value(geometry_key).toByteArray(); }
void Settings::set_geometry(const QByteArray &geometry) { set(geometry_key, geometry); }

QByteArray Settings::docks() const { return value(docks_key).toByteArray(); }
void Settings::set_docks(const QByteArray &state) { set(docks_key, state); }

QByteArray Settings::splitter(const QString &name) const {
  return value(splitter_group + name).toByteArray();
}
void Settings::set_splitter(const QString &name, const QByteArray &state) {
  set(splitter_group + name, state);
}

QString Settings::page() const { return value(page_key).toString(); }
void Settings::set_page(const QString &id) { set(page_key, id); }

QByteArray Settings::plan() const { return value(plan_key).toByteArray(); }
void Settings::set_plan(const QByteArray &json) { set(plan_key, json); }

QList<QByteArray> Settings::scenarios() const {
  QList<QByteArray> scenarios;
  for (const QVariant &scenario : value(scenarios_key).toList())
    scenarios.append(scenario.toByteArray());
  return scenarios;
}

void Settings::set_scenarios(const QList<QByteArray> &scenarios) {
  QVariantList list;
  for (const QByteArray &scenario : scenarios)
    list.append(scenario);
  set(scenarios_key, list);
}

QStringList Settings::recent_files() const { return value(recent_key).toStringList(); }

void Settings::add_recent_file(const QString &file) {
  QStringList files = recent_files();
  files.removeAll(file);
  files.prepend(file);
  set(recent_key, files.mid(0, most_recent_files));
}

void Settings::clear_recent_files() { set(recent_key, QStringList()); }

} // namespace flopcast
