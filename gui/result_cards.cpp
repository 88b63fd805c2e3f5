// SPDX-License-Identifier: Apache-2.0
#include "gui/result_cards.hpp"

#include "gui/core_texts.hpp"
#include "gui/theme.hpp"
#include "model/planning/explain.hpp"
#include "reports/explanation_report.hpp"

#include <QCoreApplication>
#include <QHBoxLayout>
#include <QHelpEvent>
#include <QLabel>
#include <QProgressBar>
#include <QToolTip>
#include <QVBoxLayout>

#include <algorithm>
#include <utility>

namespace flopcast {
namespace {

constexpr int tooltip_depth = 3; // as `flopcast explain`
constexpr std::string_view memory_key = "memory.per_gpu.total_bytes";

/// The value of the quantity, or nothing where the plan does not get so far.
std::optional<AnyQuantity> value_of(const EstimatedPlan &plan, std::string_view key) {
  const NamedQuantity *quantity = find_quantity(key);
  return quantity == nullptr ? std::nullopt : quantity->value(plan.answer());
}

} // namespace

Origin weakest_origin(const Explanation &explanation) {
  if (explanation.inputs.empty())
    return explanation.origin == Origin::computed ? Origin::given : explanation.origin;
  Origin weakest = Origin::given;
  for (const Explanation &input : explanation.inputs)
    weakest = std::max(weakest, weakest_origin(input));
  return weakest;
}

ResultCard::ResultCard(std::string key, const QString &title, QWidget *parent)
    : QFrame(parent), key_(std::move(key)), title_(new QLabel(title, this)),
      value_(new QLabel(this)), badge_(new QLabel(this)) {
  setFrameShape(QFrame::StyledPanel);
  setAutoFillBackground(true);
  setBackgroundRole(QPalette::Base);
  setObjectName(QString::fromStdString(key_));
  setFocusPolicy(Qt::TabFocus);
  QFont large = value_->font();
  large.setPointSizeF(1.45 * large.pointSizeF());
  large.setBold(true);
  value_->setFont(large);
  QFont small = badge_->font();
  small.setPointSizeF(0.85 * small.pointSizeF());
  badge_->setFont(small);
  badge_->setForegroundRole(QPalette::PlaceholderText);
  title_->setForegroundRole(QPalette::PlaceholderText);
  auto *layout = new QVBoxLayout(this);
  // All cards share the height of the dock, within reason.
  setSizePolicy(QSizePolicy::Preferred, QSizePolicy::Expanding);
  setMaximumHeight(96);
  layout->setContentsMargins(10, 6, 10, 7);
  layout->setSpacing(1);
  auto *head = new QHBoxLayout;
  head->addWidget(title_, 1);
  head->addWidget(badge_);
  layout->addLayout(head);
  layout->addWidget(value_);
  if (key_ == memory_key) {
    bar_ = new QProgressBar(this);
    bar_->setFixedHeight(fontMetrics().height());
    bar_->setRange(0, 1000);
    bar_->setAccessibleName(tr("Share of the GPU's memory"));
    layout->addWidget(bar_);
  }
}

QString ResultCard::value() const { return value_->text(); }

void ResultCard::show_plan(const EstimatedPlan *plan) {
  plan_ = plan;
  const NamedQuantity *quantity = find_quantity(key_);
  const auto value = plan == nullptr ? std::nullopt : value_of(*plan, key_);
  value_->setText(value ? QString::fromStdString(quantity_text(*quantity, *value))
                        : QStringLiteral("–"));
  badge_->clear();
  if (value)
    badge_->setText(core_text(to_text(weakest_origin(explain(plan->answer(), *quantity)))));
  setAccessibleName(QStringLiteral("%1: %2").arg(title_->text(), value_->text()));
  if (bar_ != nullptr) {
    bar_->setVisible(value.has_value());
    if (value)
      show_share_of_capacity(*plan, value->value);
  }
}

void ResultCard::show_share_of_capacity(const EstimatedPlan &plan, double used) {
  const auto capacity = value_of(plan, "memory.per_gpu.capacity_bytes");
  const double share = capacity && capacity->value > 0 ? used / capacity->value : 0;
  constexpr double whole = 1000;
  bar_->setValue(static_cast<int>(std::min(share, 1.0) * whole));
  bar_->setFormat(QStringLiteral("%1 %").arg(100 * share, 0, 'f', 0));
  title_->setText(share > 1 ? tr("memory: too much") : tr("memory per GPU"));
  QPalette colors = palette();
  if (share > 1)
    colors.setColor(QPalette::Highlight, mark_color(Tone::error, palette()));
  bar_->setPalette(colors);
}

bool ResultCard::event(QEvent *event) {
  if (event->type() != QEvent::ToolTip)
    return QFrame::event(event);
  const auto *help = static_cast<QHelpEvent *>(event);
  const NamedQuantity *quantity = find_quantity(key_);
  if (plan_ == nullptr || quantity == nullptr) {
    QToolTip::hideText();
    return true;
  }
  const QString chain = QString::fromStdString(
      explanation_text(explain_with_range(plan_->answer(), *quantity), tooltip_depth, TextStyle{}));
  QToolTip::showText(help->globalPos(),
                     QStringLiteral("<p style=\"white-space: pre-wrap\">%1</p>")
                         .arg(chain.trimmed().toHtmlEscaped()),
                     this);
  return true;
}

ResultCards::ResultCards(QWidget *parent) : QScrollArea(parent) {
  setWidgetResizable(true);
  setFrameShape(QFrame::NoFrame);
  setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  auto *inside = new QWidget(this);
  auto *column = new QVBoxLayout(inside);
  column->setContentsMargins(8, 8, 8, 8);
  column->setSpacing(7);
  for (const auto &[key, title] :
       {std::pair<std::string, QString>{"flops.model_total", tr("model FLOPs")},
        {std::string(memory_key), tr("memory per GPU")},
        {"time.step_s", tr("step")},
        {"throughput.mfu", QStringLiteral("MFU")},
        {"time.total_s", tr("wall clock")},
        {"time.gpu_hours", tr("GPU time held")},
        {"cost.total_usd", tr("total cost")},
        {"energy.total_joule", tr("energy")},
        {"carbon.total_kg", tr("CO2 equivalent")},
        {"loss", tr("expected loss")}}) {
    if (find_quantity(key) == nullptr)
      continue; // a library without laws in its estimate
    cards_.push_back(new ResultCard(key, title, inside));
    column->addWidget(cards_.back());
  }
  setWidget(inside);
}

void ResultCards::show_plan(const EstimatedPlanPointer &plan) {
  plan_ = plan; // the cards refer to it
  for (ResultCard *card : cards_)
    card->show_plan(plan_.get());
}

void ResultCards::set_stale(bool stale) { widget()->setEnabled(!stale); }

} // namespace flopcast
