// SPDX-License-Identifier: Apache-2.0
#include "gui/command_palette.hpp"

#include <QApplication>
#include <QKeyEvent>
#include <QLineEdit>
#include <QListWidget>
#include <QVBoxLayout>

#include <algorithm>
#include <utility>

namespace flopcast {

CommandPalette::CommandPalette(std::vector<PaletteCommand> commands, QWidget *parent)
    : QDialog(parent, Qt::Popup), commands_(std::move(commands)), words_(new QLineEdit(this)),
      list_(new QListWidget(this)) {
  setAttribute(Qt::WA_DeleteOnClose);
  setObjectName(QStringLiteral("palette"));
  words_->setPlaceholderText(tr("Type what you want to do"));
  words_->setAccessibleName(tr("Command"));
  list_->setAccessibleName(tr("Commands"));
  list_->setFocusPolicy(Qt::NoFocus);
  auto *layout = new QVBoxLayout(this);
  layout->setContentsMargins(6, 6, 6, 6);
  layout->addWidget(words_);
  layout->addWidget(list_);
  resize(520, 380);
  if (parent != nullptr)
    move(parent->mapToGlobal(QPoint((parent->width() - width()) / 2, parent->height() / 8)));
  words_->installEventFilter(this);
  connect(words_, &QLineEdit::textChanged, this, &CommandPalette::list);
  connect(words_, &QLineEdit::returnPressed, this, &CommandPalette::run_marked);
  connect(list_, &QListWidget::itemClicked, this, &CommandPalette::run_marked);
  list({});
  words_->setFocus();
}

void CommandPalette::list(const QString &words) {
  list_->clear();
  const QStringList parts = words.split(u' ', Qt::SkipEmptyParts);
  for (std::size_t i = 0; i < commands_.size(); ++i) {
    const PaletteCommand &command = commands_[i];
    if (!std::ranges::all_of(parts, [&](const QString &part) {
          return command.text.contains(part, Qt::CaseInsensitive) ||
                 command.words.contains(part, Qt::CaseInsensitive);
        }))
      continue;
    auto *item = new QListWidgetItem(command.keys.isEmpty()
                                         ? command.text
                                         : command.text + QStringLiteral("    ") + command.keys,
                                     list_);
    item->setData(Qt::UserRole, static_cast<int>(i));
  }
  list_->setCurrentRow(0);
}

void CommandPalette::run_marked() {
  const QListWidgetItem *item = list_->currentItem();
  if (item == nullptr)
    return;
  // A copy: closing deletes the palette.
  const auto run = commands_[item->data(Qt::UserRole).value<std::size_t>()].run;
  close();
  run();
}

bool CommandPalette::eventFilter(QObject *watched, QEvent *event) {
  if (watched == words_ && event->type() == QEvent::KeyPress) {
    const int key = static_cast<QKeyEvent *>(event)->key();
    if (key == Qt::Key_Down || key == Qt::Key_Up || key == Qt::Key_PageDown ||
        key == Qt::Key_PageUp) {
      QApplication::sendEvent(list_, event);
      return true;
    }
  }
  return QDialog::eventFilter(watched, event);
}

} // namespace flopcast
