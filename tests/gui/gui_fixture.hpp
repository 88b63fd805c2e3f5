// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "gui/plan_session.hpp"
#include "gui/theme.hpp"
#include "tests/support/paths.hpp"

#include <gtest/gtest.h>

#include <QApplication>
#include <QDragEnterEvent>
#include <QDropEvent>
#include <QMimeData>
#include <QTemporaryDir>
#include <QUrl>
#include <QWidget>

#include <ostream>
#include <string>
#include <string_view>

inline void PrintTo(const QString &text, std::ostream *stream) {
  *stream << '"' << text.toStdString() << '"';
}

namespace flopcast {

inline void PrintTo(Theme theme, std::ostream *stream) { *stream << to_text(theme).toStdString(); }

} // namespace flopcast

namespace flopcast::tests {

/// Of the shipped plans: one that can run and says most of what a plan can say.
inline constexpr std::string_view example = "gpt3-175b-a100";

/// Makes it infeasible: 16 ranks x 64 sequences do not divide its batch of 1,536.
inline constexpr std::string_view too_large = "training.micro_batch=64";

inline PlanSession shipped_session() { return PlanSession(shipped_presets()); }

/// The answer to a request that has one.
inline EstimatedPlanPointer answered(const std::string &changes = {},
                                     std::string_view where = example) {
  const PlanOutcome outcome = shipped_session().outcome({std::string(where), changes});
  if (const auto *error = std::get_if<InputError>(&outcome))
    ADD_FAILURE() << error->what();
  return std::get<EstimatedPlanPointer>(outcome);
}

/// The error of a request that has no answer.
inline std::string refused(const PlanRequest &request) {
  const PlanOutcome outcome = shipped_session().outcome(request);
  const auto *error = std::get_if<InputError>(&outcome);
  return error == nullptr ? "" : error->what();
}

/// Drops a file on a widget, as a file manager does.
inline void drop_file(QWidget &widget, const std::string &file) {
  QMimeData data;
  data.setUrls({QUrl::fromLocalFile(QString::fromStdString(file))});
  const QPoint point(10, 10);
  QDragEnterEvent enter(point, Qt::CopyAction, &data, Qt::LeftButton, Qt::NoModifier);
  QApplication::sendEvent(&widget, &enter);
  QDropEvent drop(point, Qt::CopyAction, &data, Qt::LeftButton, Qt::NoModifier);
  QApplication::sendEvent(&widget, &drop);
}

/// A folder of the test's own.
class Folder {
public:
  [[nodiscard]] QString path(const QString &name) const { return directory_.filePath(name); }

private:
  QTemporaryDir directory_;
};

} // namespace flopcast::tests
