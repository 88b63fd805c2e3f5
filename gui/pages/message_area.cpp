// SPDX-License-Identifier: Apache-2.0
#include "gui/pages/message_area.hpp"

#include <QAbstractTextDocumentLayout>
#include <QAccessible>
#include <QEvent>
#include <QHBoxLayout>
#include <QPainter>
#include <QPushButton>
#include <QTextEdit>

#include <cmath>

namespace flopcast {
namespace {

constexpr int stripe = 4;
constexpr int tallest = 170; // of 800: the numbers stay in sight below a long list of errors

} // namespace

MessageArea::MessageArea(QWidget *parent)
    : QWidget(parent), view_(new QTextEdit(this)), action_(new QPushButton(this)) {
  view_->setReadOnly(true);
  view_->setFrameShape(QFrame::NoFrame);
  view_->setTabChangesFocus(true);
  view_->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  view_->setAccessibleName(tr("Message"));
  view_->viewport()->setAutoFillBackground(false);
  view_->document()->setDocumentMargin(0);
  auto *layout = new QHBoxLayout(this);
  layout->setContentsMargins(stripe + 10, 8, 10, 8);
  layout->addWidget(view_, 1);
  layout->addWidget(action_, 0, Qt::AlignTop);
  action_->setObjectName(QStringLiteral("accept"));
  action_->hide();
  connect(action_, &QPushButton::clicked, this, &MessageArea::accepted);
  connect(view_->document()->documentLayout(), &QAbstractTextDocumentLayout::documentSizeChanged,
          this, &MessageArea::fit_height);
  hide();
}

void MessageArea::show_message(Tone tone, const QString &heading, const QString &text) {
  tone_ = tone;
  heading_ = heading;
  message_ = text;
  offer({});
  write();
  show();
  update();
  if (tone != Tone::hint) {
    QAccessibleEvent event(view_, QAccessible::Alert);
    QAccessible::updateAccessibility(&event);
  }
}

void MessageArea::offer(const QString &action) {
  action_->setText(action);
  action_->setVisible(!action.isEmpty());
}

void MessageArea::clear() {
  heading_.clear();
  message_.clear();
  offer({});
  view_->clear();
  hide();
}

QString MessageArea::text() const { return view_->toPlainText(); }

void MessageArea::write() {
  view_->clear();
  QTextCursor cursor(view_->document());
  QTextCharFormat heading;
  heading.setFontWeight(QFont::Bold);
  heading.setForeground(mark_color(tone_, palette()));
  cursor.insertText(heading_, heading);
  QTextBlockFormat block;
  for (const QString &line : message_.split(u'\n', Qt::SkipEmptyParts)) {
    block.setTopMargin(3);
    cursor.insertBlock(block, QTextCharFormat());
    cursor.insertText(line, QTextCharFormat());
  }
  view_->moveCursor(QTextCursor::Start);
  fit_height();
}

void MessageArea::fit_height() {
  const int height = static_cast<int>(std::ceil(view_->document()->size().height()));
  view_->setFixedHeight(std::min(height, tallest));
  view_->setVerticalScrollBarPolicy(height > tallest ? Qt::ScrollBarAsNeeded
                                                     : Qt::ScrollBarAlwaysOff);
}

void MessageArea::paintEvent(QPaintEvent * /*event*/) {
  QPainter painter(this);
  painter.fillRect(rect(), palette().color(QPalette::Base));
  painter.fillRect(QRect(0, 0, stripe, height()), mark_color(tone_, palette()));
}

void MessageArea::changeEvent(QEvent *event) {
  QWidget::changeEvent(event);
  if (event->type() == QEvent::PaletteChange && !heading_.isEmpty())
    write();
}

} // namespace flopcast
