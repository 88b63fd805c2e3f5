// SPDX-License-Identifier: Apache-2.0
#include "gui/document.hpp"

#include <QUndoCommand>

#include <functional>
#include <utility>

namespace flopcast {

/// From one state to another.
class ReplaceRequest : public QUndoCommand {
public:
  ReplaceRequest(PlanDocument &document, PlanRequest next, const QString &what, QString merge_key)
      : QUndoCommand(what), document_(document), before_(document.request_),
        after_(std::move(next)), merge_key_(std::move(merge_key)) {}

  void undo() override { document_.set(before_); }
  void redo() override { document_.set(after_); }

  [[nodiscard]] int id() const override { return merge_key_.isEmpty() ? -1 : 1; }
  bool mergeWith(const QUndoCommand *other) override {
    const auto *next = dynamic_cast<const ReplaceRequest *>(other);
    if (next == nullptr || next->merge_key_ != merge_key_)
      return false;
    after_ = next->after_;
    setObsolete(after_ == before_);
    return true;
  }

private:
  PlanDocument &document_;
  PlanRequest before_;
  PlanRequest after_;
  QString merge_key_;
};

namespace {

// A day of work with sliders; each step holds two texts of about a kilobyte.
constexpr int most_steps = 1000;

} // namespace

PlanDocument::PlanDocument(QObject *parent) : QObject(parent) { undo_.setUndoLimit(most_steps); }

bool PlanDocument::is_modified() const { return !change_lines(request_.changes).empty(); }

void PlanDocument::push(PlanRequest next, const QString &what, const QString &merge_key) {
  if (next == request_)
    return;
  undo_.push(new ReplaceRequest(*this, std::move(next), what, merge_key));
}

void PlanDocument::set(const PlanRequest &request) {
  request_ = request;
  emit changed();
}

void PlanDocument::open(PlanRequest request, const QString &what) {
  if (is_empty())
    restore(request);
  else
    push(std::move(request), what, {});
}

void PlanDocument::edit(const std::vector<PlanEdit> &edits, const QString &what,
                        const QString &merge_key) {
  PlanRequest next = request_;
  for (const PlanEdit &edit : edits)
    next.changes = with_edit(next.changes, edit);
  push(std::move(next), what, merge_key);
}

void PlanDocument::reset(const std::string &key, const QString &what) {
  PlanRequest next = request_;
  next.changes = without_edit(next.changes, key);
  push(std::move(next), what, {});
}

void PlanDocument::set_changes(const std::string &changes, const QString &what,
                               const QString &merge_key) {
  PlanRequest next = request_;
  next.changes = changes;
  push(std::move(next), what, merge_key);
}

void PlanDocument::saved(const std::string &file, std::string text) {
  push({file, {}, std::move(text)}, tr("save"), {});
  undo_.setClean();
}

void PlanDocument::restore(const PlanRequest &request) {
  undo_.clear();
  set(request);
}

} // namespace flopcast
