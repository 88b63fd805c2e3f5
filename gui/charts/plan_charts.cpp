// SPDX-License-Identifier: Apache-2.0
#include "gui/charts/plan_charts.hpp"

#include "gui/core_texts.hpp"
#include "hardware/units/text.hpp"

#include <QCoreApplication>

#include <algorithm>
#include <cmath>
#include <string_view>
#include <utility>

namespace flopcast {
namespace {

struct Charts {
  Q_DECLARE_TR_FUNCTIONS(Charts)
};

constexpr std::string_view step_prefix = "time.breakdown.";
constexpr std::string_view memory_prefix = "memory.per_gpu.";
constexpr double gigabyte = 1e9;
constexpr double percent = 100;

struct Part {
  QString label;
  double value = 0; ///< base units
};

/// The quantities under a prefix, without those that are nothing beside the largest.
std::vector<Part> parts_of(const Answer &answer, std::string_view prefix) {
  std::vector<Part> parts;
  for (const NamedQuantity &quantity : named_quantities()) {
    if (!quantity.key.starts_with(prefix) || quantity.key.ends_with(".total_bytes") ||
        quantity.key.ends_with(".capacity_bytes"))
      continue;
    if (const auto value = quantity.value(answer); value && value->value > 0)
      parts.push_back({core_text(quantity.label), value->value});
  }
  if (parts.empty())
    return parts;
  // What a smooth maximum leaves of its smaller side.
  constexpr double nothing = 1e-6;
  const double least = nothing * std::ranges::max(parts, {}, &Part::value).value;
  std::erase_if(parts, [least](const Part &part) { return part.value < least; });
  return parts;
}

double value_of(const EstimatedPlan &plan, std::string_view key) {
  const NamedQuantity *quantity = find_quantity(key);
  const auto value = quantity == nullptr ? std::nullopt : quantity->value(plan.answer());
  return value ? value->value : plot_gap;
}

QString text_of(const EstimatedPlan &plan, std::string_view key) {
  const NamedQuantity *quantity = find_quantity(key);
  const auto value = quantity == nullptr ? std::nullopt : quantity->value(plan.answer());
  return value ? QString::fromStdString(quantity_text(*quantity, *value)) : QStringLiteral("–");
}

PlotData bars_of(const std::vector<Part> &parts, double unit) {
  PlotData plot;
  plot.horizontal = true;
  PlotSeries series;
  series.form = PlotSeries::Form::bars;
  for (const Part &part : parts) {
    series.x.push_back(static_cast<double>(series.x.size()));
    series.y.push_back(part.value / unit);
    plot.x.categories.append(part.label);
  }
  plot.series.push_back(std::move(series));
  return plot;
}

/// Dollars in the unit that keeps the largest bar short.
struct MoneyUnit {
  double dollars = 1;
  QString name;
};

MoneyUnit money_unit(const std::vector<Part> &parts) {
  double largest = 0;
  for (const Part &part : parts)
    largest = std::max(largest, part.value);
  if (largest >= 1e7)
    return {1e6, Charts::tr("million USD")};
  return largest >= 1e4 ? MoneyUnit{1e3, Charts::tr("thousand USD")}
                        : MoneyUnit{1, QStringLiteral("USD")};
}

/// Bars that stand on each other: one for every column of parts.
void stack(PlotData &plot, const std::vector<std::vector<Part>> &columns, double unit) {
  plot.stacked = true;
  for (std::size_t column = 0; column < columns.size(); ++column)
    for (const Part &part : columns[column]) {
      auto found = std::ranges::find(plot.series, part.label, &PlotSeries::name);
      if (found == plot.series.end()) {
        plot.series.push_back({part.label, {}, {}, PlotSeries::Form::bars});
        found = std::prev(plot.series.end());
      }
      found->x.push_back(static_cast<double>(column));
      found->y.push_back(part.value / unit);
    }
}

/// What a price kind means to people.
QString price_kind(const std::string &name) {
  for (const auto &[id, text] :
       {std::pair{"on_demand", Charts::tr("on demand")},
        std::pair{"reserved_1y", Charts::tr("reserved, 1 year")},
        std::pair{"reserved_3y", Charts::tr("reserved, 3 years")},
        std::pair{"spot", Charts::tr("spot")}, std::pair{"purchase", Charts::tr("own hardware")},
        std::pair{"market_min", Charts::tr("market, lowest")},
        std::pair{"market_p25", Charts::tr("market, P25")},
        std::pair{"market_median", Charts::tr("market, median")},
        std::pair{"market_p75", Charts::tr("market, P75")},
        std::pair{"market_max", Charts::tr("market, highest")}})
    if (name == id)
      return text;
  return QString::fromStdString(name);
}

const EstimatedPlan *plan_of(const PlanOutcome &outcome) {
  const auto *plan = std::get_if<EstimatedPlanPointer>(&outcome);
  return plan == nullptr ? nullptr : plan->get();
}

} // namespace

PlotData step_chart(const EstimatedPlan &plan) {
  PlotData plot = bars_of(parts_of(plan.answer(), step_prefix), 1);
  plot.id = QStringLiteral("step");
  plot.title = Charts::tr("Where a step's time goes: %1").arg(text_of(plan, "time.step_s"));
  plot.x.title = Charts::tr("part");
  plot.y.title = Charts::tr("time of a step (s)");
  plot.empty_text = Charts::tr("This layout has no step");
  return plot;
}

PlotData memory_chart(const EstimatedPlan &plan) {
  PlotData plot;
  plot.id = QStringLiteral("memory");
  plot.title = Charts::tr("Memory of a GPU at the peak of a step");
  plot.x.title = Charts::tr("pipeline stage");
  plot.y.title = Charts::tr("memory (GB)");
  plot.empty_text = Charts::tr("This layout has no step");
  if (!plan.estimate.step)
    return plot;
  // The quantities show the stage that needs most: of a copy that has but one kind of stage, that.
  std::vector<std::vector<Part>> columns;
  Estimate one = plan.estimate;
  one.step->stages.clear();
  one.step->last_stage = one.step->first_stage;
  columns.push_back(parts_of({plan.run, one}, memory_prefix));
  const bool staged = plan.run.plan.parallelism.pipeline_parallel > 1;
  plot.x.categories.append(staged ? Charts::tr("first") : Charts::tr("every GPU"));
  // Where stages are listed each has a column; else the inner ones need less than the ends.
  const auto &stages = plan.estimate.step->stages;
  for (std::size_t stage = 1; stage + 1 < stages.size(); ++stage) {
    one.step->first_stage = one.step->last_stage = stages[stage];
    columns.push_back(parts_of({plan.run, one}, memory_prefix));
    plot.x.categories.append(QString::number(stage + 1));
  }
  if (staged) {
    one.step->first_stage = one.step->last_stage = plan.estimate.step->last_stage;
    columns.push_back(parts_of({plan.run, one}, memory_prefix));
    plot.x.categories.append(Charts::tr("last"));
  }
  stack(plot, columns, gigabyte);
  plot.y_marks.push_back({Charts::tr("capacity %1").arg(text_of(plan, "capacity_bytes")),
                          value_of(plan, "capacity_bytes") / gigabyte});
  return plot;
}

PlotData cost_chart(const EstimatedPlan &plan) {
  std::vector<Part> parts;
  if (plan.estimate.run)
    for (const CostLine &line : plan.estimate.run->costs)
      parts.push_back({core_text(line.name), line.amount.in(units::usd)});
  const MoneyUnit unit = money_unit(parts);
  PlotData plot = bars_of(parts, unit.dollars);
  plot.id = QStringLiteral("cost");
  plot.title = Charts::tr("Lines of the budget: %1").arg(text_of(plan, "cost.total_usd"));
  plot.x.title = Charts::tr("line");
  plot.y.title = Charts::tr("cost (%1)").arg(unit.name);
  plot.empty_text = Charts::tr("A plan that cannot run has no cost");
  return plot;
}

PlotData scaling_chart(const std::vector<ScalingPoint> &points, std::string_view key,
                       std::int64_t own_gpus) {
  const NamedQuantity *quantity = find_quantity(key);
  PlotData plot;
  plot.id =
      QStringLiteral("scaling-") + QString::fromUtf8(key.data(), static_cast<int>(key.size()));
  plot.x = {Charts::tr("GPUs"), {}, true};
  plot.empty_text = Charts::tr("The plan cannot run on any of these counts");
  double unit = 1;
  if (key == "time.step_s") {
    plot.title = Charts::tr("Step time");
    plot.y = {Charts::tr("step time (s)"), {}, true};
  } else if (key == "time.total_s") {
    unit = 86400;
    plot.title = Charts::tr("Wall clock");
    plot.y = {Charts::tr("wall clock (d)"), {}, true};
  } else if (key == "throughput.mfu") {
    unit = 1 / percent;
    plot.title = Charts::tr("MFU");
    plot.y = {Charts::tr("MFU, attention full (%)"), {}, false};
  } else if (key == "cost.total_usd") {
    unit = 1e6;
    plot.title = Charts::tr("Cost");
    plot.y = {Charts::tr("cost (million USD)"), {}, false};
  } else {
    plot.title = quantity == nullptr ? QString() : core_text(quantity->label);
    plot.y.title = plot.title;
  }
  PlotSeries series;
  for (const ScalingPoint &point : points) {
    const EstimatedPlan *plan = plan_of(point.outcome);
    series.x.push_back(static_cast<double>(point.gpus));
    series.y.push_back(plan != nullptr && plan->estimate.feasible() ? value_of(*plan, key) / unit
                                                                    : plot_gap);
  }
  plot.series.push_back(std::move(series));
  plot.x_marks.push_back({Charts::tr("this plan"), static_cast<double>(own_gpus)});
  return plot;
}

std::vector<QStringList> scaling_table(const std::vector<ScalingPoint> &points) {
  std::vector<QStringList> rows{{Charts::tr("GPUs"), Charts::tr("step time"), Charts::tr("MFU"),
                                 Charts::tr("wall clock"), Charts::tr("cost"),
                                 Charts::tr("layout, or why it cannot run")}};
  for (const ScalingPoint &point : points) {
    QStringList row{QString::number(point.gpus)};
    if (const EstimatedPlan *plan = plan_of(point.outcome)) {
      for (const std::string_view key :
           {"time.step_s", "throughput.mfu", "time.total_s", "cost.total_usd"})
        row.append(plan->estimate.feasible() ? text_of(*plan, key) : QStringLiteral("–"));
      row.append(QString::fromStdString(
          plan->estimate.feasible()
              ? describe_layout(plan->run.plan.parallelism, plan->run.plan.training)
              : plan->estimate.reasons.front().text));
    } else {
      row += {QStringLiteral("–"), QStringLiteral("–"), QStringLiteral("–"), QStringLiteral("–"),
              QString::fromUtf8(std::get<InputError>(point.outcome).what())};
    }
    rows.push_back(row);
  }
  return rows;
}

PlotData price_chart(const std::vector<Variant> &variants) {
  std::vector<Part> parts;
  for (const Variant &variant : variants)
    if (const EstimatedPlan *plan = plan_of(variant.outcome); plan->estimate.run)
      parts.push_back({price_kind(variant.name), value_of(*plan, "cost.total_usd")});
  const MoneyUnit unit = money_unit(parts);
  PlotData plot = bars_of(parts, unit.dollars);
  plot.id = QStringLiteral("prices");
  plot.title = Charts::tr("The same run at listed prices");
  plot.x.title = Charts::tr("way to pay");
  plot.y.title = Charts::tr("total cost (%1)").arg(unit.name);
  plot.empty_text = Charts::tr("Nobody lists a price for this GPU");
  return plot;
}

std::vector<QStringList> price_table(const std::vector<Variant> &variants) {
  std::vector<QStringList> rows{{Charts::tr("way to pay"), Charts::tr("price of GPU time"),
                                 Charts::tr("total cost"), Charts::tr("source")}};
  for (const Variant &variant : variants) {
    const EstimatedPlan *plan = plan_of(variant.outcome);
    rows.push_back({price_kind(variant.name), text_of(*plan, "cost.gpu_hour_usd"),
                    text_of(*plan, "cost.total_usd"),
                    QString::fromStdString(plan->run.plan.price.description)});
  }
  return rows;
}

PlotData calibration_chart(const Calibration &calibration) {
  PlotData plot;
  plot.id = QStringLiteral("calibration");
  plot.title = Charts::tr("Errors on samples held back from the fit");
  plot.x.title = Charts::tr("operators and collectives");
  plot.y.title = Charts::tr("absolute error (%)");
  plot.horizontal = true;
  plot.empty_text = Charts::tr("Nothing was measured: stated efficiencies, no errors");
  PlotSeries median{Charts::tr("median"), {}, {}, PlotSeries::Form::bars};
  PlotSeries high{Charts::tr("P90"), {}, {}, PlotSeries::Form::bars};
  const auto add = [&](const QString &name, const ErrorSummary &errors) {
    if (errors.samples == 0)
      return;
    const auto at = static_cast<double>(plot.x.categories.size());
    plot.x.categories.append(name);
    median.x.push_back(at);
    median.y.push_back(percent * errors.median);
    high.x.push_back(at);
    high.y.push_back(percent * errors.p90);
  };
  const auto text = [](std::string_view name) {
    std::string spaced(name);
    std::ranges::replace(spaced, '_', ' ');
    return core_text(spaced);
  };
  for (const ClassErrors &errors : calibration.errors)
    add(QStringLiteral("%1, %2, %3")
            .arg(text(to_text(errors.kind)),
                 errors.pass == Pass::forward ? Charts::tr("forward") : Charts::tr("backward"),
                 text(to_text(errors.format))),
        errors.held_back);
  for (const LinkErrors &errors : calibration.link_errors)
    add(text(to_text(errors.collective)) + QStringLiteral(", ") +
            (errors.level == LinkLevel::scale_up ? Charts::tr("inside a domain")
                                                 : Charts::tr("between domains")),
        errors.held_back);
  plot.series = {std::move(median), std::move(high)};
  return plot;
}

PlotData comparison_chart(std::span<const Scenario> scenarios) {
  PlotData plot;
  plot.id = QStringLiteral("comparison");
  plot.title = Charts::tr("Where the scenarios' step time goes");
  plot.x.title = Charts::tr("scenario");
  plot.y.title = Charts::tr("time of a step (s)");
  plot.empty_text = Charts::tr("Pin a scenario to compare it with others");
  std::vector<std::vector<Part>> columns;
  for (const Scenario &scenario : scenarios) {
    plot.x.categories.append(scenario.name);
    columns.push_back(parts_of(scenario.plan->answer(), step_prefix));
  }
  stack(plot, columns, 1);
  return plot;
}

} // namespace flopcast
