// SPDX-License-Identifier: Apache-2.0
#include "gui/charts/kernel_charts.hpp"

#include "gui/core_texts.hpp"
#include "hardware/calibrated_range.hpp"
#include "hardware/time_spread.hpp"
#include "hardware/units/text.hpp"
#include "model/planning/operator_times.hpp"

#include <QCoreApplication>

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <iterator>
#include <map>
#include <string_view>
#include <utility>

namespace flopcast {
namespace {

struct Kernels {
  Q_DECLARE_TR_FUNCTIONS(Kernels)
};

using units::microsecond;

constexpr double percent = 100;

QString text_of(std::string_view text) {
  return QString::fromUtf8(text.data(), static_cast<qsizetype>(text.size()));
}

QString pass_text(Pass pass) {
  return pass == Pass::forward ? Kernels::tr("forward") : Kernels::tr("backward");
}

QString whole_text(double value) { return text_of(grouped_integer(value)); }

/// What is drawn, of how much.
QString titled(const QString &title, const KernelView &view) {
  const auto count = [](std::size_t number) { return whole_text(static_cast<double>(number)); };
  const QString shown =
      view.drawn.size() == view.chosen.size()
          ? count(view.chosen.size())
          : Kernels::tr("%1 of %2").arg(count(view.drawn.size()), count(view.chosen.size()));
  return view.choice.held_back ? Kernels::tr("%1: %2 held back").arg(title, shown)
                               : Kernels::tr("%1: %2 kernels").arg(title, shown);
}

/// Kernels that are drawn alike.
struct Group {
  QString name;
  std::size_t color = 0; ///< the same in both plots, whatever is chosen
  std::vector<std::uint32_t> kernels;
};

/// Each group by time, as plots need their points.
template <class Key>
std::map<Key, std::vector<std::uint32_t>> drawn_by(const KernelStudy &study, const KernelView &view,
                                                   Key (*key)(const Agreement &)) {
  std::map<Key, std::vector<std::uint32_t>> groups;
  for (const std::uint32_t i : view.drawn)
    groups[key(study.kernels[i])].push_back(i);
  for (auto &[name, indices] : groups)
    std::ranges::stable_sort(indices, std::less(),
                             [&](std::uint32_t i) { return study.kernels[i].measured; });
  return groups;
}

QString kind_text(OperatorClass kind) {
  std::string name(to_text(kind));
  std::ranges::replace(name, '_', ' ');
  return core_text(name);
}

/// The drawn kernels by class; where there are many, passes and formats together.
std::vector<Group> groups_of(const KernelStudy &study, const KernelView &view) {
  constexpr std::size_t most_groups = 6; // more leave no room beside the legend
  std::vector<Group> groups;
  auto classes = drawn_by(study, view, class_of);
  if (classes.size() <= most_groups) {
    for (auto &[kernels, indices] : classes) {
      const auto at =
          std::ranges::find(study.classes, kernels, &CountedClass::kernels) - study.classes.begin();
      groups.push_back({class_text(kernels), static_cast<std::size_t>(at), std::move(indices)});
    }
    return groups;
  }
  auto kinds = drawn_by<OperatorClass>(study, view,
                                       [](const Agreement &kernel) { return kernel.call.kind; });
  for (auto &[kind, indices] : kinds)
    groups.push_back({kind_text(kind), groups.size(), std::move(indices)});
  return groups;
}

template <class Value>
std::vector<PlotSeries> points_of(const KernelStudy &study, const KernelView &view, Value value) {
  std::vector<PlotSeries> all;
  for (const Group &group : groups_of(study, view)) {
    PlotSeries series{group.name, {}, {}, PlotSeries::Form::points};
    series.color = group.color;
    for (const std::uint32_t i : group.kernels) {
      series.x.push_back(study.kernels[i].measured.in(microsecond));
      series.y.push_back(value(study.kernels[i]));
    }
    all.push_back(std::move(series));
  }
  return all;
}

/// Times up to which duration_class() counts a kernel to a class; the last has no end.
constexpr std::array duration_ends{50.0, 500.0, 5000.0}; // us

bool knows_spread(const Calibration &calibration, OperatorClass kind) {
  return std::ranges::any_of(calibration.errors, [&](const ClassErrors &one) {
    return one.kind == kind && std::ranges::any_of(one.spread, [](const ErrorSpread &spread) {
             return spread.samples > 0;
           });
  });
}

/// Between which errors the calibration expects eight of ten kernels of the class, over time.
std::optional<PlotSeries> expected_errors(const KernelStudy &study, const KernelClass &kernels,
                                          double from, double to) {
  const Calibration &calibration = study.calibration;
  const auto one = std::ranges::find_if(study.kernels, [&](const Agreement &kernel) {
    return class_of(kernel) == kernels &&
           coverage_of(calibration, kernel.call).coverage == Coverage::inside;
  });
  if (one == study.kernels.end() || !knows_spread(calibration, kernels.kind))
    return std::nullopt;
  PlotSeries band{Kernels::tr("expected, P10 to P90"), {}, {}, PlotSeries::Form::band};
  double begin = from;
  for (std::size_t duration = 0; duration < duration_count && begin < to; ++duration) {
    const bool last = duration + 1 == duration_count;
    const double end = last ? to : std::min(to, duration_ends[duration]);
    if (end <= begin)
      continue;
    const TimeSpread spread = operator_time_spread(calibration, one->call, end * microsecond);
    // A step is a hair narrower than its class, for one value at each time.
    constexpr double hair = 1e-6;
    for (const double time : {begin * (1 + hair), end}) {
      band.x.push_back(time);
      // The spread is of log(measured / predicted).
      band.y.push_back(percent * std::expm1(-spread.p90));
      band.high.push_back(percent * std::expm1(-spread.p10));
    }
    begin = end;
  }
  return band;
}

QString side_text(OperatorClass kind, RangeSide side) {
  const bool attention = kind == OperatorClass::fused_attention;
  switch (side) {
  case RangeSide::groups:
    return attention ? Kernels::tr("heads x sequences") : Kernels::tr("experts");
  case RangeSide::rows:
    return attention ? Kernels::tr("queries") : Kernels::tr("rows");
  case RangeSide::columns:
    return attention ? Kernels::tr("keys") : Kernels::tr("columns");
  case RangeSide::depth:
    return attention ? Kernels::tr("width of a head") : Kernels::tr("depth");
  case RangeSide::bytes:
    break;
  }
  return Kernels::tr("traffic");
}

QString factor_text(const SideOutside &outside) {
  const double factor = outside.factor();
  return factor > 1 ? Kernels::tr("%1 times the most").arg(factor, 0, 'g', 3)
                    : Kernels::tr("%1 of the least").arg(factor, 0, 'g', 3);
}

void add_link_rows(std::vector<QStringList> &rows, const std::optional<LinkModel> &links,
                   const QString &where) {
  if (!links)
    return;
  for (const auto &[name, collective] : collective_names()) {
    const CollectiveModel &model = links->of(collective);
    if (model.samples == 0)
      continue;
    const QString kind =
        core_text(std::string(name)).replace(u'_', u'-') + QStringLiteral(", ") + where;
    const QString samples = whole_text(static_cast<double>(model.samples));
    rows.push_back({kind, Kernels::tr("data"), text_of(human_text(model.measured_from)),
                    text_of(human_text(model.measured_to)), samples});
    rows.push_back({kind, Kernels::tr("ranks"), QStringLiteral("2"),
                    whole_text(static_cast<double>(model.most_ranks)), samples});
  }
}

} // namespace

QString class_text(const KernelClass &kernels) {
  return QStringLiteral("%1, %2, %3")
      .arg(kind_text(kernels.kind), pass_text(kernels.pass), text_of(to_text(kernels.format)));
}

QString coverage_text(const Calibration &calibration, const OperatorCall &call) {
  const CallCoverage found = coverage_of(calibration, call);
  switch (found.coverage) {
  case Coverage::inside:
    return Kernels::tr("inside");
  case Coverage::stand_in:
    return Kernels::tr("not measured: timed as another class");
  case Coverage::unmeasured:
    return Kernels::tr("not measured: a stated share of the datasheet");
  case Coverage::outside:
    break;
  }
  QStringList sides;
  for (const SideOutside &outside : found.outside)
    sides.append(
        QStringLiteral("%1 %2").arg(side_text(call.kind, outside.side), factor_text(outside)));
  return Kernels::tr("outside: %1").arg(sides.join(QStringLiteral(", ")));
}

PlotData agreement_chart(const KernelStudy &study, const KernelView &view) {
  PlotData plot;
  plot.id = QStringLiteral("kernels");
  plot.title = titled(Kernels::tr("Predicted"), view);
  plot.x = {Kernels::tr("measured time (us)"), {}, true};
  plot.y = {Kernels::tr("predicted time (us)"), {}, true};
  plot.empty_text = Kernels::tr("No kernel of this choice was measured");
  double low = INFINITY;
  double high = 0;
  for (const std::uint32_t i : view.drawn)
    for (const Seconds time : {study.kernels[i].measured, study.kernels[i].predicted}) {
      low = std::min(low, time.in(microsecond));
      high = std::max(high, time.in(microsecond));
    }
  plot.series = points_of(study, view,
                          [](const Agreement &kernel) { return kernel.predicted.in(microsecond); });
  // Drawn last, over the points.
  if (high > 0)
    plot.series.push_back(
        {.name = Kernels::tr("as measured"), .x = {low, high}, .y = {low, high}, .guide = true});
  return plot;
}

PlotData residual_chart(const KernelStudy &study, const KernelView &view) {
  PlotData plot;
  plot.id = QStringLiteral("kernel-errors");
  plot.title = titled(Kernels::tr("Errors"), view);
  plot.x = {Kernels::tr("measured time (us)"), {}, true};
  plot.y = {Kernels::tr("error (%)"), {}, false, false};
  plot.empty_text = Kernels::tr("No kernel of this choice was measured");
  plot.series =
      points_of(study, view, [](const Agreement &kernel) { return percent * kernel.error(); });
  double from = INFINITY;
  double to = 0;
  for (const PlotSeries &series : plot.series) {
    from = std::min(from, series.x.front());
    to = std::max(to, series.x.back());
  }
  // Bands of several classes would cover each other.
  if (plot.series.size() == 1 && to > from)
    if (const KernelClass kernels = class_of(study.kernels[view.drawn.front()]);
        plot.series.front().name == class_text(kernels))
      if (auto band = expected_errors(study, kernels, from, to)) {
        band->color = *plot.series.front().color + 1; // seen among the points that it lies over
        plot.series.push_back(std::move(*band));
      }
  if (to > 0)
    plot.series.push_back(
        {.name = Kernels::tr("as measured"), .x = {from, to}, .y = {0, 0}, .guide = true});
  return plot;
}

Report error_report(const KernelStudy &study) {
  Report report = validation_report(study.calibration, study.device, study.validation);
  std::size_t section = 0;
  std::optional<KernelClass> last;
  for (const ValidationRow &row : study.validation.kernels) {
    const KernelClass kernels{row.kind, row.pass, row.format};
    if (last && *last != kernels)
      ++section;
    last = kernels;
    report.sections[section].title = class_text(kernels).toStdString();
  }
  return report;
}

std::vector<QStringList> range_table(const Calibration &calibration) {
  std::vector<QStringList> rows{{Kernels::tr("operators and collectives"), Kernels::tr("size"),
                                 Kernels::tr("lowest"), Kernels::tr("highest"),
                                 Kernels::tr("samples")}};
  for (const MeasuredRange &range : measured_ranges(calibration))
    for (const SideRange &side : range.sides) {
      const bool bytes = side.side == RangeSide::bytes;
      const auto text = [&](double value) {
        return bytes ? text_of(human_text(value * units::byte)) : whole_text(value);
      };
      rows.push_back({class_text({range.kind, range.pass, range.format}),
                      side_text(range.kind, side.side), text(side.from), text(side.to),
                      range.samples > 0 ? whole_text(static_cast<double>(range.samples))
                                        : QStringLiteral("–")});
    }
  add_link_rows(rows, calibration.scale_up_links, Kernels::tr("inside a domain"));
  add_link_rows(rows, calibration.scale_out_links, Kernels::tr("between domains"));
  return rows;
}

PlanOperators plan_operators(const EstimatedPlan &plan) {
  if (!plan.estimate.step)
    return {};
  const Cluster &cluster = plan.run.cluster;
  struct Timed {
    OperatorCall call;
    double count = 0;
    double seconds = 0; ///< of all of them
  };
  std::vector<Timed> calls;
  double all = 0;
  double inside = 0;
  for (const OperatorTime &one : operator_times(plan.run.plan, cluster)) {
    const double seconds = one.of_all().in(units::second);
    auto same = std::ranges::find(calls, one.call, &Timed::call);
    if (same == calls.end())
      same = calls.insert(same, {one.call, 0, 0});
    same->count += one.calls;
    same->seconds += seconds;
    all += seconds;
    if (one.coverage == Coverage::inside)
      inside += seconds;
  }
  std::ranges::stable_sort(calls, std::greater(), &Timed::seconds);
  PlanOperators answer;
  answer.inside = all > 0 ? inside / all : 0;
  answer.rows.push_back({Kernels::tr("operator"), Kernels::tr("shape"),
                         Kernels::tr("share of time"), Kernels::tr("time of one"),
                         Kernels::tr("measured range")});
  for (const Timed &one : calls)
    answer.rows.push_back({class_text({one.call.kind, one.call.pass, one.call.format}),
                           text_of(shape_text(one.call)),
                           QStringLiteral("%1 %").arg(percent * one.seconds / all, 0, 'f', 1),
                           text_of(human_text(one.seconds / one.count * units::second)),
                           coverage_text(cluster.calibration, one.call)});
  return answer;
}

} // namespace flopcast
