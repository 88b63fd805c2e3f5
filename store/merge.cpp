// SPDX-License-Identifier: Apache-2.0
#include "store/merge.hpp"

#include "store/calibrations.hpp"
#include "store/measured_runs.hpp"
#include "store/measurements.hpp"

#include <fmt/format.h>

#include <map>
#include <utility>

namespace flopcast {
namespace {

void merge_operators(const Database &into, const Database &from, const std::string &session,
                     MergeSummary &summary) {
  std::map<std::string, MeasuredOperator> ours;
  for (MeasuredOperator &measured : measured_operators(into, session))
    ours.emplace(operator_key(measured.call, measured.cache), measured);
  for (const MeasuredOperator &theirs : measured_operators(from, session)) {
    const auto known = ours.find(operator_key(theirs.call, theirs.cache));
    if (known == ours.end())
      summary.operators += add_measured_operator(into, session, theirs) ? 1 : 0;
    else if (known->second != theirs)
      summary.conflicts.push_back(
          fmt::format("session {}: operator {} ({}) was measured in both, with different results",
                      session, known->first, to_text(theirs.call.kind)));
  }
}

void merge_sessions(const Database &into, const Database &from, MergeSummary &summary) {
  std::map<std::string, MeasurementSession> ours;
  for (MeasurementSession &session : measurement_sessions(into))
    ours.emplace(session.id, session);
  for (const MeasurementSession &theirs : measurement_sessions(from)) {
    if (const auto known = ours.find(theirs.id); known == ours.end()) {
      add_session(into, theirs);
      ++summary.sessions;
    } else {
      known->second.finished = theirs.finished; // no conflict: one of them went on
      if (known->second != theirs) {
        summary.conflicts.push_back(
            fmt::format("session {}: is described differently in both; its operators were left out",
                        theirs.id));
        continue;
      }
    }
    merge_operators(into, from, theirs.id, summary);
    if (theirs.finished)
      finish_session(into, theirs.id);
  }
}

void merge_runs(const Database &into, const Database &from, MergeSummary &summary) {
  for (const MeasuredRun &theirs : measured_runs(from, {})) {
    const auto ours = find_measured_run(into, theirs.id);
    if (ours && *ours != theirs)
      summary.conflicts.push_back(fmt::format("run {}: differs between both", theirs.id));
    else if (add_measured_run(into, theirs))
      ++summary.runs;
  }
}

} // namespace

MergeSummary merge(const Database &into, const Database &from) {
  MergeSummary summary;
  Transaction together(into);
  merge_sessions(into, from, summary);
  for (const CalibrationRecord &calibration : calibrations(from))
    summary.calibrations += add_calibration(into, calibration) ? 1 : 0;
  merge_runs(into, from, summary);
  together.commit();
  return summary;
}

} // namespace flopcast
