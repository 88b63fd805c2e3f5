// SPDX-License-Identifier: Apache-2.0
#include "gui/editor/value_spin_box.hpp"

#include <QLineEdit>
#include <QWheelEvent>

#include <cmath>

namespace flopcast {
namespace {

constexpr int shown_decimals = 4;

} // namespace

ValueSpinBox::ValueSpinBox(const PlanField &field, QWidget *parent)
    : QDoubleSpinBox(parent), doubles_(field.doubles) {
  setDecimals(field.kind == FieldKind::integer ? 0 : shown_decimals);
  setRange(field.lowest, field.highest);
  setSuffix(field.suffix);
  setGroupSeparatorShown(true);
  setKeyboardTracking(false); // half a number is none
  setCorrectionMode(QAbstractSpinBox::CorrectToNearestValue);
  if (field.logarithmic)
    setStepType(QAbstractSpinBox::AdaptiveDecimalStepType);
  else
    setSingleStep((field.highest - field.lowest) / 100);
  setFocusPolicy(Qt::StrongFocus);
  setAlignment(Qt::AlignRight);
  lineEdit()->setAccessibleName(field.label);
}

void ValueSpinBox::show_absent() {
  lineEdit()->clear();
  lineEdit()->setPlaceholderText(QStringLiteral("–"));
}

void ValueSpinBox::stepBy(int steps) {
  if (doubles_)
    setValue(steps > 0 ? value() * 2 : std::floor(value() / 2));
  else
    QDoubleSpinBox::stepBy(steps);
}

QString ValueSpinBox::textFromValue(double value) const {
  QString text = QDoubleSpinBox::textFromValue(value);
  const QString point = locale().decimalPoint();
  if (text.contains(point)) {
    while (text.endsWith(u'0'))
      text.chop(1);
    if (text.endsWith(point))
      text.chop(static_cast<int>(point.size()));
  }
  return text;
}

void ValueSpinBox::wheelEvent(QWheelEvent *event) {
  if (hasFocus())
    QDoubleSpinBox::wheelEvent(event);
  else
    event->ignore();
}

} // namespace flopcast
