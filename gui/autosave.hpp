// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "gui/plan_session.hpp"

#include <QLockFile>
#include <QString>

#include <memory>
#include <optional>

namespace flopcast {

/// A plan with its changes as JSON, and back; nothing if the text is no such thing.
[[nodiscard]] QByteArray request_json(const PlanRequest &request);
[[nodiscard]] std::optional<PlanRequest> request_of_json(const QByteArray &json);

/// The unsaved work of one window in a file that a crash leaves behind. Several windows have one
/// each. Does nothing where the folder is "".
class Autosave {
public:
  explicit Autosave(const QString &folder);

  /// What a crash left; taken once.
  [[nodiscard]] std::optional<PlanRequest> take_recovered();

  /// Best effort: a full disk must not stop the work that it would protect.
  void write(const PlanRequest &request);
  /// The work is safe elsewhere.
  void clear();

private:
  std::unique_ptr<QLockFile> lock_; ///< held while this window lives
  QString file_;                    ///< "" where nothing can be locked
  std::optional<PlanRequest> recovered_;
};

} // namespace flopcast
