// SPDX-License-Identifier: Apache-2.0
#include "gui/autosave.hpp"

#include <QDir>
#include <QFile>
#include <QJsonDocument>
#include <QJsonObject>
#include <QSaveFile>

#include <utility>

namespace flopcast {
namespace {

constexpr int most_windows = 16;

} // namespace

QByteArray request_json(const PlanRequest &request) {
  QJsonObject object;
  object[QStringLiteral("where")] = QString::fromStdString(request.where);
  object[QStringLiteral("changes")] = QString::fromStdString(request.changes);
  if (request.text)
    object[QStringLiteral("text")] = QString::fromStdString(*request.text);
  return QJsonDocument(object).toJson(QJsonDocument::Compact);
}

std::optional<PlanRequest> request_of_json(const QByteArray &json) {
  const QJsonObject object = QJsonDocument::fromJson(json).object();
  const QString where = object.value(QStringLiteral("where")).toString();
  if (where.isEmpty())
    return std::nullopt;
  PlanRequest request{where.toStdString(),
                      object.value(QStringLiteral("changes")).toString().toStdString()};
  if (const QJsonValue text = object.value(QStringLiteral("text")); text.isString())
    request.text = text.toString().toStdString();
  return request;
}

Autosave::Autosave(const QString &folder) {
  if (folder.isEmpty() || !QDir().mkpath(folder))
    return;
  for (int window = 0; window < most_windows; ++window) {
    const QString base = QStringLiteral("%1/autosave-%2").arg(folder).arg(window);
    auto lock = std::make_unique<QLockFile>(base + QStringLiteral(".lock"));
    lock->setStaleLockTime(0); // held however long the window lives, unless its process is gone
    if (!lock->tryLock(0))
      continue;
    lock_ = std::move(lock);
    file_ = base + QStringLiteral(".json");
    if (QFile left(file_); left.open(QIODevice::ReadOnly))
      recovered_ = request_of_json(left.readAll());
    return;
  }
}

std::optional<PlanRequest> Autosave::take_recovered() { return std::exchange(recovered_, {}); }

void Autosave::write(const PlanRequest &request) {
  if (file_.isEmpty())
    return;
  QSaveFile target(file_);
  if (target.open(QIODevice::WriteOnly)) {
    target.write(request_json(request));
    if (target.flush()) // else the last good one stays
      target.commit();
  }
}

void Autosave::clear() {
  if (!file_.isEmpty())
    QFile::remove(file_);
}

} // namespace flopcast
