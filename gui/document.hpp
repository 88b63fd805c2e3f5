// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "gui/plan_session.hpp"
#include "gui/plan_text.hpp"

#include <QObject>
#include <QUndoStack>

#include <vector>

namespace flopcast {

/// The plan that is being worked on: where it came from, its text, and what was changed since.
/// Every change, opening another plan included, can be undone, so that nothing is ever lost by one.
class PlanDocument : public QObject {
  Q_OBJECT

public:
  explicit PlanDocument(QObject *parent = nullptr);

  /// `text` is always set, but for the empty document, where `where` is "".
  [[nodiscard]] const PlanRequest &request() const { return request_; }
  [[nodiscard]] bool is_empty() const { return request_.where.empty(); }
  /// Whether saving would write something new.
  [[nodiscard]] bool is_modified() const;

  [[nodiscard]] QUndoStack *undo_stack() { return &undo_; }

  /// Takes another plan as it stands in its file.
  void open(PlanRequest request, const QString &what);
  /// Changes keys. Steps with the same `merge_key`, if it is not "", become one: a slider's way.
  void edit(const std::vector<PlanEdit> &edits, const QString &what, const QString &merge_key);
  /// Forgets what was changed about a key.
  void reset(const std::string &key, const QString &what);
  void set_changes(const std::string &changes, const QString &what, const QString &merge_key);
  /// The plan is in that file now, changes included.
  void saved(const std::string &file, std::string text);
  /// What was remembered or recovered: no step to undo.
  void restore(const PlanRequest &request);

signals:
  void changed();

private:
  friend class ReplaceRequest;
  void push(PlanRequest next, const QString &what, const QString &merge_key);
  void set(const PlanRequest &request);

  PlanRequest request_;
  QUndoStack undo_;
};

} // namespace flopcast
