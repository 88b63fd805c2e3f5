// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "gui/theme.hpp"

#include <QWidget>

class QPushButton;
class QTextEdit;

namespace flopcast {

/// A message in the page, never a box in the way: as tall as its text up to a limit, then it
/// scrolls. The heading says what the colour says.
class MessageArea : public QWidget {
  Q_OBJECT

public:
  explicit MessageArea(QWidget *parent);

  void show_message(Tone tone, const QString &heading, const QString &text);
  /// A button beside the message; "" takes it away. Every message starts without one.
  void offer(const QString &action);
  void clear();
  /// Heading and text.
  [[nodiscard]] QString text() const;

signals:
  void accepted(); ///< what was offered

protected:
  void paintEvent(QPaintEvent *event) override;
  void changeEvent(QEvent *event) override;

private:
  void write();
  void fit_height();

  Tone tone_ = Tone::hint;
  QString heading_;
  QString message_;
  QTextEdit *view_;
  QPushButton *action_;
};

} // namespace flopcast
