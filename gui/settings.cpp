// SPDX-License-Identifier: Apache-2.0
#include "gui/settings.hpp"

#include <QStandardPaths>

namespace flopcast {
namespace {

const QString theme_key = QStringLiteral("view/theme");
const QString geometry_key = QStringLiteral("window/geometry");
const QString splitter_group = QStringLiteral("window/splitter/");

QVariant value(const std::unique_ptr<QSettings> &file, const QString &key) {
  return file ? file->value(key) : QVariant();
}

} // namespace

Settings::Settings(const QString &file)
    : file_(file.isEmpty() ? nullptr : std::make_unique<QSettings>(file, QSettings::IniFormat)) {}

QString Settings::standard_file() {
  return QStandardPaths::writableLocation(QStandardPaths::GenericConfigLocation) +
         QStringLiteral("/flopcast/gui.ini");
}

Theme Settings::theme() const {
  return theme_of(value(file_, theme_key).toString()).value_or(Theme::system);
}

void Settings::set_theme(Theme theme) {
  if (file_)
    file_->setValue(theme_key, to_text(theme));
}

QByteArray Settings::geometry() const { return value(file_, geometry_key).toByteArray(); }

void Settings::set_geometry(const QByteArray &geometry) {
  if (file_)
    file_->setValue(geometry_key, geometry);
}

QByteArray Settings::splitter(const QString &name) const {
  return value(file_, splitter_group + name).toByteArray();
}

void Settings::set_splitter(const QString &name, const QByteArray &state) {
  if (file_)
    file_->setValue(splitter_group + name, state);
}

} // namespace flopcast
