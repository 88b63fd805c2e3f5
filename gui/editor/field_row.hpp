// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "gui/editor/plan_field.hpp"

#include <QWidget>

class QCheckBox;
class QComboBox;
class QGridLayout;
class QLabel;
class QSlider;
class QMenu;
class QToolButton;

namespace flopcast {

class ValueSpinBox;

/// One key of the plan: its name, where its value comes from, and what changes it.
class FieldRow : public QWidget {
  Q_OBJECT

public:
  FieldRow(PlanField field, const PresetCatalog &catalog, QWidget *parent);

  [[nodiscard]] const PlanField &field() const { return field_; }

  /// Shows the plan's value; emits nothing.
  void show_value(const EstimatedPlan &plan, const std::string &changes);
  void take_focus();

protected:
  bool event(QEvent *event) override;

signals:
  /// `value` as it is written into the plan. Steps of one drag have the same number.
  void edited(const std::string &value, int drag);
  void reset_wanted();

private:
  void add_number(QGridLayout &layout);
  void add_choice(QGridLayout &layout, const PresetCatalog &catalog);
  void add_flag(QGridLayout &layout);
  void add_several(QGridLayout &layout);
  void add_list(QGridLayout &layout, const PresetCatalog &catalog);
  void show_number(double value);
  void show_text(const QString &text);
  [[nodiscard]] QString tip() const;
  [[nodiscard]] double at_slider(int position) const;
  [[nodiscard]] int slider_position(double value) const;
  void slide(int position);

  PlanField field_;
  QLabel *name_;
  QLabel *badge_;
  QToolButton *reset_;
  QSlider *slider_ = nullptr;
  ValueSpinBox *spin_ = nullptr;
  QComboBox *combo_ = nullptr;
  QCheckBox *check_ = nullptr;
  QToolButton *several_ = nullptr;
  QMenu *menu_ = nullptr; ///< of several_
  FieldStatus status_;
  bool showing_ = false; ///< the plan moves the widgets: nobody edits
  int drag_ = 0;
};

} // namespace flopcast
