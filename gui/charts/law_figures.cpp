// SPDX-License-Identifier: Apache-2.0
#include "gui/charts/law_figures.hpp"

#include <QCoreApplication>

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

namespace flopcast {
namespace {

struct Laws {
  Q_DECLARE_TR_FUNCTIONS(Laws)
};

/// A text of a chart in the language of the window, as far as it is translated.
QString chart_text(const std::string &text) {
  // Named here for lupdate, which finds no texts that come from another folder.
  [[maybe_unused]] static constexpr std::array known{
      QT_TRANSLATE_NOOP("Laws", "Loss by model size at each budget"),
      QT_TRANSLATE_NOOP("Laws", "Best loss for a budget"),
      QT_TRANSLATE_NOOP("Laws", "The law against the runs"),
      QT_TRANSLATE_NOOP("Laws", "What the law leaves over"),
      QT_TRANSLATE_NOOP("Laws", "parameters"),
      QT_TRANSLATE_NOOP("Laws", "compute (FLOP)"),
      QT_TRANSLATE_NOOP("Laws", "scale of the run"),
      QT_TRANSLATE_NOOP("Laws", "loss (nats/token)"),
      QT_TRANSLATE_NOOP("Laws", "loss of the law (nats/token)"),
      QT_TRANSLATE_NOOP("Laws", "loss of the run (nats/token)"),
      QT_TRANSLATE_NOOP("Laws", "law over run, less 1 (%)"),
      QT_TRANSLATE_NOOP("Laws", "best of each budget"),
      QT_TRANSLATE_NOOP("Laws", "best for the budget"),
      QT_TRANSLATE_NOOP("Laws", "80 % of the law"),
      QT_TRANSLATE_NOOP("Laws", "95 % of the law"),
      QT_TRANSLATE_NOOP("Laws", "95 % of runs"),
      QT_TRANSLATE_NOOP("Laws", "this plan"),
      QT_TRANSLATE_NOOP("Laws", "equal"),
      QT_TRANSLATE_NOOP("Laws", "runs"),
      QT_TRANSLATE_NOOP("Laws", "law"),
  };
  return text.empty() ? QString() : QCoreApplication::translate("Laws", text.c_str());
}

PlotSeries::Form form_of(ChartMark mark) {
  switch (mark) {
  case ChartMark::points:
    return PlotSeries::Form::points;
  case ChartMark::line:
    return PlotSeries::Form::line;
  case ChartMark::band:
    return PlotSeries::Form::band;
  }
  return PlotSeries::Form::line;
}

/// Four digits and a power of a thousand, as plans write large numbers: "174.6e9".
QString number(double value) {
  constexpr double thousand = 1000;
  int power = 0;
  while (std::abs(value) >= thousand) {
    value /= thousand;
    power += 3;
  }
  const QString digits = QString::number(value, 'g', 4);
  return power < 6 ? QString::number(value * std::pow(10.0, power), 'g', 6)
                   : digits + QStringLiteral("e%1").arg(power);
}
QString loss_text(double value) { return QString::number(value, 'f', 4); }

using Texts = QString (*)(double);

QStringList interval_row(const QString &label, const std::optional<LawInterval> &interval,
                         double value, Texts text) {
  return {label, interval ? text(interval->low) : QString(), text(value),
          interval ? text(interval->high) : QString()};
}

void append_best(std::vector<QStringList> &rows, const LawStudy &study) {
  const AllocationAnswer &answer = *study.best;
  const BudgetSplit &best = answer.best;
  rows.push_back(interval_row(Laws::tr("best for this compute: parameters"), answer.params,
                              best.params, number));
  rows.push_back(interval_row(Laws::tr("best for this compute: tokens"), answer.tokens,
                              best.tokens.in(units::token), number));
  rows.push_back(interval_row(Laws::tr("best for this compute: tokens per parameter"),
                              answer.tokens_per_parameter,
                              best.tokens.in(units::token) / best.params, number));
  rows.push_back(
      interval_row(Laws::tr("best for this compute: loss"), answer.loss, best.loss, loss_text));
  if (study.here)
    rows.push_back({Laws::tr("loss given away by this size"),
                    {},
                    loss_text(study.here->loss - best.loss),
                    {}});
  if (answer.flatness.double_params)
    rows.push_back({Laws::tr("loss lost by twice the best size"),
                    {},
                    loss_text(*answer.flatness.double_params),
                    {}});
}

} // namespace

PlotData law_plot(const LawChart &chart) {
  PlotData plot;
  plot.id = QString::fromStdString(chart.id);
  plot.title = chart_text(chart.title);
  plot.x.title = chart_text(chart.x_title);
  plot.x.logarithmic = chart.x_logarithmic;
  plot.y.title = chart_text(chart.y_title);
  plot.y.from_zero = false;
  plot.empty_text = Laws::tr("This law does not divide a budget between size and data");
  for (const ChartSeries &from : chart.series) {
    PlotSeries series;
    series.name = chart_text(from.name);
    series.form = form_of(from.mark);
    series.color = from.colour;
    for (const ChartPoint &point : from.points) {
      series.x.push_back(point.x);
      series.y.push_back(point.y);
      if (from.mark == ChartMark::band)
        series.high.push_back(point.high);
    }
    plot.series.push_back(std::move(series));
  }
  return plot;
}

PlotData fit_plot(const std::vector<LawChart> &charts, std::string_view id) {
  for (const LawChart &chart : charts)
    if (chart.id == id) {
      PlotData plot = law_plot(chart);
      plot.id.prepend(QStringLiteral("runs-"));
      return plot;
    }
  PlotData none;
  none.empty_text = Laws::tr("These runs do not allow this plot");
  return none;
}

std::vector<QStringList> law_table(const LawStudy &study) {
  std::vector<QStringList> rows{
      {Laws::tr("what"), Laws::tr("P10"), Laws::tr("value"), Laws::tr("P90")}};
  const double tokens = study.tokens.in(units::token);
  if (study.here)
    rows.push_back(interval_row(Laws::tr("loss of this plan (nats/token)"), study.here->interval,
                                study.here->loss, loss_text));
  rows.push_back({Laws::tr("parameters, as the law counts them"), {}, number(study.params), {}});
  rows.push_back({Laws::tr("training tokens"), {}, number(tokens), {}});
  rows.push_back({Laws::tr("tokens per parameter"), {}, number(tokens / study.params), {}});
  rows.push_back({Laws::tr("compute, 6ND (FLOP)"), {}, number(study.compute.in(units::flop)), {}});
  if (study.best)
    append_best(rows, study);
  if (study.stated) {
    rows.push_back(
        {Laws::tr("stated by the paper: parameters"), {}, number(study.stated->params), {}});
    rows.push_back({Laws::tr("stated by the paper: tokens"),
                    {},
                    number(study.stated->tokens.in(units::token)),
                    {}});
  }
  return rows;
}

std::vector<QStringList> fit_table(const LawAnalysis &analysis) {
  std::vector<QStringList> rows{{Laws::tr("parameter"), Laws::tr("value"),
                                 Laws::tr("standard error"), Laws::tr("95 % from"),
                                 Laws::tr("95 % to"), Laws::tr("remark")}};
  const auto text = [](double value) { return QString::number(value, 'g', 5); };
  const LawFit &fit = analysis.fit;
  for (std::size_t i = 0; i < fit.form().parameters.size(); ++i) {
    QStringList row{QString::fromStdString(fit.form().parameters[i].name), text(fit.parameters[i])};
    if (fit.is_fitted(i)) {
      const Interval interval = analysis.interval(i, 0.95);
      row += {text(analysis.standard_error(i)), text(interval.low), text(interval.high)};
      const auto verdict = std::ranges::find(analysis.verdicts, i, &Identifiability::parameter);
      row += verdict == analysis.verdicts.end() || verdict->identified
                 ? QString()
                 : Laws::tr("not identified: %1").arg(QString::fromStdString(verdict->reason));
    } else {
      row += {QString(), QString(), QString(), Laws::tr("held")};
    }
    rows.push_back(row);
  }
  return rows;
}

} // namespace flopcast
