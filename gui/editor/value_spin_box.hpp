// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "gui/editor/plan_field.hpp"

#include <QDoubleSpinBox>

namespace flopcast {

/// A number with its unit: no zeros at the end; steps double where the field asks for it.
class ValueSpinBox : public QDoubleSpinBox {
  Q_OBJECT

public:
  ValueSpinBox(const PlanField &field, QWidget *parent);

  /// No text: the plan has no such value.
  void show_absent();
  void stepBy(int steps) override;
  [[nodiscard]] QString textFromValue(double value) const override;

protected:
  /// Scrolling the editor must not change what the pointer happens to pass over.
  void wheelEvent(QWheelEvent *event) override;

private:
  bool doubles_;
};

} // namespace flopcast
