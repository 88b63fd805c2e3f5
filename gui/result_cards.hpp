// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "gui/plan_session.hpp"

#include <QFrame>
#include <QScrollArea>

#include <string>
#include <vector>

class QLabel;
class QProgressBar;

namespace flopcast {

/// What the number rests on: the weakest of what went in, strongest first in Origin's order.
[[nodiscard]] Origin weakest_origin(const struct Explanation &explanation);

/// One headline number: its value, what it rests on, and its chain as a tooltip.
class ResultCard : public QFrame {
  Q_OBJECT

public:
  ResultCard(std::string key, const QString &title, QWidget *parent);

  void show_plan(const EstimatedPlan *plan);
  [[nodiscard]] const std::string &key() const { return key_; }
  [[nodiscard]] QString value() const;

protected:
  bool event(QEvent *event) override;

private:
  void show_share_of_capacity(const EstimatedPlan &plan, double used);

  std::string key_;
  QLabel *title_;
  QLabel *value_;
  QLabel *badge_;
  QProgressBar *bar_ = nullptr;
  const EstimatedPlan *plan_ = nullptr; ///< for the tooltip, made when it is asked for
};

/// The headline numbers below each other.
class ResultCards : public QScrollArea {
  Q_OBJECT

public:
  explicit ResultCards(QWidget *parent);

  /// Null empties the cards.
  void show_plan(const EstimatedPlanPointer &plan);
  /// Whether newer numbers are on their way.
  void set_stale(bool stale);
  [[nodiscard]] const std::vector<ResultCard *> &cards() const { return cards_; }

private:
  std::vector<ResultCard *> cards_;
  EstimatedPlanPointer plan_;
};

} // namespace flopcast
