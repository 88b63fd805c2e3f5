// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace flopcast {

struct PlotPoint {
  double x = 0;
  double y = 0;
};

/// Measured against predicted, both in the same unit, on logarithmic axes.
struct AgreementPlot {
  std::string title;
  std::string x_title; ///< with its unit
  std::string y_title;
  std::vector<PlotPoint> points; ///< both coordinates above zero
};

/// A stand-alone SVG of about 10 kB: points binned into cells whose darkness tells how many they
/// hold, the diagonal of agreement and a band of ten percent around it. No points: axes alone.
[[nodiscard]] std::string agreement_svg(const AgreementPlot &plot);

} // namespace flopcast
