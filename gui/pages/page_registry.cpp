// SPDX-License-Identifier: Apache-2.0
#include "gui/pages/page_registry.hpp"

#include "gui/pages/calibration_page.hpp"
#include "gui/pages/compare_page.hpp"
#include "gui/pages/cost_page.hpp"
#include "gui/pages/estimate_page.hpp"
#include "gui/pages/law_page.hpp"
#include "gui/pages/presets_page.hpp"
#include "gui/pages/scaling_page.hpp"
#include "gui/pages/step_page.hpp"
#include "gui/pages/timeline_page.hpp"

#include <QCoreApplication>

namespace flopcast {
namespace {

struct Pages {
  Q_DECLARE_TR_FUNCTIONS(Pages)
};

template <class P> PageEntry entry(const char *id, const QString &title) {
  return {
      QString::fromLatin1(id), title,
      [](const PageContext &context, QWidget *parent) -> Page * { return new P(context, parent); }};
}

} // namespace

std::vector<PageEntry> page_registry() {
  return {
      entry<EstimatePage>("numbers", Pages::tr("Numbers")),
      entry<StepPage>("step", Pages::tr("Step and memory")),
      entry<TimelinePage>("timeline", Pages::tr("Timeline")),
      entry<ScalingPage>("scaling", Pages::tr("Scaling")),
      entry<LawPage>("law", Pages::tr("Scaling laws")),
      entry<CostPage>("cost", Pages::tr("Cost")),
      entry<CalibrationPage>("calibration", Pages::tr("Calibration")),
      entry<ComparePage>("compare", Pages::tr("Compare")),
      entry<PresetsPage>("presets", Pages::tr("Presets")),
  };
}

} // namespace flopcast
