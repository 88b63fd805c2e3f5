// SPDX-License-Identifier: Apache-2.0
#include "gui/editor/field_row.hpp"

#include "gui/editor/value_spin_box.hpp"

#include <QAbstractItemView>
#include <QCheckBox>
#include <QComboBox>
#include <QCompleter>
#include <QGridLayout>
#include <QHelpEvent>
#include <QLabel>
#include <QLineEdit>
#include <QMenu>
#include <QScopedValueRollback>
#include <QSlider>
#include <QToolButton>
#include <QToolTip>
#include <QWheelEvent>

#include <algorithm>
#include <cmath>
#include <utility>

namespace flopcast {
namespace {

constexpr int slider_steps = 400; // finer than a slider of the dock has pixels
constexpr int digits = 3;         // of a value that a slider picks

/// Scrolling the editor must not change what the pointer happens to pass over.
class UnwheeledSlider : public QSlider {
public:
  using QSlider::QSlider;

protected:
  void wheelEvent(QWheelEvent *event) override { event->ignore(); }
};

class UnwheeledCombo : public QComboBox {
public:
  using QComboBox::QComboBox;

protected:
  void wheelEvent(QWheelEvent *event) override { event->ignore(); }
};

double rounded(double value) {
  if (value == 0)
    return 0;
  const double scale = std::pow(10.0, digits - 1 - std::floor(std::log10(std::abs(value))));
  // Multiplied and divided by powers of ten of at least one: 0.62 stays 0.62.
  return scale >= 1 ? std::round(value * scale) / scale
                    : std::round(value / (1 / scale)) * std::round(1 / scale);
}

} // namespace

FieldRow::FieldRow(PlanField field, const PresetCatalog &catalog, QWidget *parent)
    : QWidget(parent), field_(std::move(field)), name_(new QLabel(field_.label, this)),
      badge_(new QLabel(this)), reset_(new QToolButton(this)) {
  auto *layout = new QGridLayout(this);
  layout->setContentsMargins(0, 2, 0, 3);
  layout->setHorizontalSpacing(6);
  layout->setVerticalSpacing(2);
  auto *head = new QHBoxLayout;
  head->setSpacing(4);
  head->addWidget(name_, 1);
  QFont small = badge_->font();
  small.setPointSizeF(0.85 * small.pointSizeF());
  badge_->setFont(small);
  badge_->setForegroundRole(QPalette::PlaceholderText);
  head->addWidget(badge_);
  reset_->setText(QStringLiteral("↺"));
  reset_->setAutoRaise(true);
  reset_->setToolTip(tr("Back to what the plan says"));
  reset_->setAccessibleName(tr("Reset %1").arg(field_.label));
  reset_->setFixedSize(18, 18);
  QSizePolicy keeps = reset_->sizePolicy();
  keeps.setRetainSizeWhenHidden(true);
  reset_->setSizePolicy(keeps);
  head->addWidget(reset_);
  layout->addLayout(head, 0, 0, 1, 2);
  if (field_.number != nullptr)
    add_number(*layout);
  else
    add_choice(*layout, catalog);
  connect(reset_, &QToolButton::clicked, this, &FieldRow::reset_wanted);
  setObjectName(QString::fromStdString(field_.key));
}

void FieldRow::add_number(QGridLayout &layout) {
  slider_ = new UnwheeledSlider(Qt::Horizontal, this);
  slider_->setRange(0, field_.doubles ? static_cast<int>(std::log2(field_.highest)) : slider_steps);
  slider_->setPageStep(std::max(1, slider_->maximum() / 10));
  slider_->setAccessibleName(field_.label);
  slider_->setMinimumWidth(60);
  spin_ = new ValueSpinBox(field_, this);
  spin_->setAccessibleName(field_.label);
  spin_->setFixedWidth(field_.suffix.size() > 6 ? 150 : 118);
  name_->setBuddy(spin_);
  layout.addWidget(slider_, 1, 0);
  layout.addWidget(spin_, 1, 1);
  connect(slider_, &QSlider::sliderPressed, this, [this] { ++drag_; });
  connect(slider_, &QSlider::valueChanged, this, &FieldRow::slide);
  connect(spin_, &QDoubleSpinBox::valueChanged, this, [this](double value) {
    if (showing_)
      return;
    const QScopedValueRollback guard(showing_, true);
    slider_->setValue(slider_position(value));
    emit edited(written_number(field_, value), ++drag_);
  });
}

void FieldRow::add_choice(QGridLayout &layout, const PresetCatalog &catalog) {
  if (field_.kind == FieldKind::flag)
    add_flag(layout);
  else if (field_.kind == FieldKind::several)
    add_several(layout);
  else
    add_list(layout, catalog);
}

void FieldRow::add_flag(QGridLayout &layout) {
  check_ = new QCheckBox(tr("on"), this);
  check_->setAccessibleName(field_.label);
  layout.addWidget(check_, 1, 0, 1, 2);
  connect(check_, &QCheckBox::toggled, this, [this](bool on) {
    if (!showing_)
      emit edited(on ? "true" : "false", ++drag_);
  });
}

void FieldRow::add_several(QGridLayout &layout) {
  several_ = new QToolButton(this);
  several_->setAccessibleName(field_.label);
  several_->setObjectName(QStringLiteral("several"));
  several_->setPopupMode(QToolButton::InstantPopup);
  several_->setToolButtonStyle(Qt::ToolButtonTextOnly);
  several_->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Fixed);
  menu_ = new QMenu(several_);
  for (const std::string &choice : field_.choices) {
    QAction *action = menu_->addAction(QString::fromStdString(choice));
    action->setCheckable(true);
  }
  several_->setMenu(menu_);
  name_->setBuddy(several_);
  layout.addWidget(several_, 1, 0, 1, 2);
  connect(menu_, &QMenu::triggered, this, [this] {
    std::string list;
    for (const QAction *action : menu_->actions())
      if (action->isChecked())
        list += (list.empty() ? "\"" : ", \"") + action->text().toStdString() + '"';
    emit edited('[' + list + ']', ++drag_);
  });
}

void FieldRow::add_list(QGridLayout &layout, const PresetCatalog &catalog) {
  combo_ = new UnwheeledCombo(this);
  combo_->setAccessibleName(field_.label);
  combo_->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
  combo_->setMinimumContentsLength(10);
  name_->setBuddy(combo_);
  const bool presets = field_.kind == FieldKind::preset;
  std::vector<std::string> choices = field_.choices;
  if (presets) {
    // The kind of presets stands first, choices beside them follow.
    const std::vector<std::string> ids = catalog.ids(choices.front());
    choices.erase(choices.begin());
    choices.insert(choices.end(), ids.begin(), ids.end());
  }
  if (!field_.none.empty())
    choices.insert(choices.begin(), field_.none);
  for (const std::string &choice : choices)
    combo_->addItem(QString::fromStdString(choice));
  if (presets) {
    combo_->setEditable(true);
    combo_->lineEdit()->setAccessibleName(field_.label);
    combo_->setInsertPolicy(QComboBox::NoInsert);
    combo_->completer()->setFilterMode(Qt::MatchContains);
    combo_->completer()->setCompletionMode(QCompleter::PopupCompletion);
    combo_->setMaxVisibleItems(20);
  }
  layout.addWidget(combo_, 1, 0, 1, 2);
  connect(combo_, &QComboBox::textActivated, this, [this](const QString &text) {
    if (!showing_)
      emit edited(text.toStdString(), ++drag_);
  });
}

double FieldRow::at_slider(int position) const {
  if (field_.doubles)
    return std::min(std::exp2(position), field_.highest);
  const double share = static_cast<double>(position) / slider_steps;
  const double value = field_.logarithmic
                           ? field_.lowest * std::pow(field_.highest / field_.lowest, share)
                           : field_.lowest + share * (field_.highest - field_.lowest);
  return field_.kind == FieldKind::integer
             ? std::max(field_.lowest, std::round(rounded(value)))
             : std::clamp(rounded(value), field_.lowest, field_.highest);
}

int FieldRow::slider_position(double value) const {
  const double bounded = std::clamp(value, field_.lowest, field_.highest);
  if (field_.doubles)
    return static_cast<int>(std::lround(std::log2(bounded)));
  const double share =
      field_.logarithmic
          ? std::log(bounded / field_.lowest) / std::log(field_.highest / field_.lowest)
          : (bounded - field_.lowest) / (field_.highest - field_.lowest);
  return static_cast<int>(std::lround(share * slider_steps));
}

void FieldRow::slide(int position) {
  if (showing_)
    return;
  const double value = at_slider(position);
  const QScopedValueRollback guard(showing_, true);
  spin_->setValue(value);
  emit edited(written_number(field_, value), drag_);
}

void FieldRow::show_number(double value) {
  // The thumb stays under the mouse: a value between two of its places would make it jump.
  if (!slider_->isSliderDown())
    slider_->setValue(slider_position(value));
  if (!spin_->hasFocus() || spin_->value() != value)
    spin_->setValue(value);
}

void FieldRow::show_text(const QString &text) {
  if (check_ != nullptr) {
    check_->setChecked(text == QStringLiteral("true"));
  } else if (several_ != nullptr) {
    const QStringList chosen = text.split(QStringLiteral(", "));
    for (QAction *action : menu_->actions())
      action->setChecked(chosen.contains(action->text()));
    several_->setText(text.isEmpty() ? QStringLiteral("–") : text);
  } else if (combo_->isEditable()) {
    if (combo_->currentText() != text)
      combo_->setEditText(text);
  } else {
    combo_->setCurrentText(text);
  }
}

void FieldRow::show_value(const EstimatedPlan &plan, const std::string &changes) {
  const QScopedValueRollback guard(showing_, true);
  if (field_.number != nullptr) {
    const auto value = field_.number(plan.run);
    slider_->setEnabled(value.has_value());
    if (value)
      show_number(*value);
    else if (!spin_->hasFocus())
      spin_->show_absent();
  } else {
    show_text(QString::fromStdString(field_.text(plan.run)));
  }
  status_ = field_status(field_, plan, changes);
  badge_->setText(status_.source == FieldSource::changed   ? tr("changed")
                  : status_.source == FieldSource::in_plan ? tr("plan")
                  : status_.source == FieldSource::preset  ? tr("preset")
                                                           : tr("default"));
  reset_->setVisible(status_.source == FieldSource::changed);
}

QString FieldRow::tip() const {
  return QStringLiteral("<p><b>%1</b> <code>%2</code></p><p>%3</p><p>%4</p>")
      .arg(field_.label.toHtmlEscaped(), QString::fromStdString(field_.key),
           field_.help.toHtmlEscaped(), status_.detail.toHtmlEscaped());
}

bool FieldRow::event(QEvent *event) {
  // Made when it is asked for: a plan changes more often than somebody looks.
  if (event->type() != QEvent::ToolTip)
    return QWidget::event(event);
  QToolTip::showText(dynamic_cast<QHelpEvent *>(event)->globalPos(), tip(), this);
  return true;
}

void FieldRow::take_focus() {
  if (spin_ != nullptr) {
    spin_->setFocus(Qt::ShortcutFocusReason);
    spin_->selectAll();
  } else if (combo_ != nullptr) {
    combo_->setFocus(Qt::ShortcutFocusReason);
  } else if (several_ != nullptr) {
    several_->setFocus(Qt::ShortcutFocusReason);
  } else {
    check_->setFocus(Qt::ShortcutFocusReason);
  }
}

} // namespace flopcast
