// SPDX-License-Identifier: Apache-2.0
#include "gui/pages/heading.hpp"

#include <QLabel>

namespace flopcast {

QLabel *heading(const QString &text, QWidget *pane, QWidget *parent) {
  auto *label = new QLabel(text, parent);
  QFont font = label->font();
  font.setBold(true);
  label->setFont(font);
  if (pane != nullptr)
    label->setBuddy(pane);
  return label;
}

} // namespace flopcast
