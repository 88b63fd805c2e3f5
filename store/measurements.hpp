// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hardware/measured_operator.hpp"
#include "store/database.hpp"
#include "store/text_fields.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace flopcast {

/// Measurements of a device that belong together: one run of the profiler, and the runs that
/// resumed it.
struct MeasurementSession {
  std::string id; ///< drawn by start_session()
  std::string device;
  TextFields description; ///< of device and machine, such as "driver" → "580.95.05"
  std::string back_end;
  std::string software;
  std::string plan; ///< which shapes were to be measured
  std::chrono::sys_seconds started;
  bool finished = false; ///< all of the plan was measured

  bool operator==(const MeasurementSession &) const = default;
};

/// Stores a session without measurements, unfinished, under an id of its own, and returns it so.
[[nodiscard]] MeasurementSession start_session(const Database &database,
                                               MeasurementSession session);

/// Stores a session as it is. False, and nothing is written, where there is one of that id.
bool add_session(const Database &database, const MeasurementSession &session);

/// The newest unfinished session with the device, back end, software and plan of `like`: the one to
/// resume. Software counts: times of two libraries or drivers do not belong together.
[[nodiscard]] std::optional<MeasurementSession>
find_unfinished_session(const Database &database, const MeasurementSession &like);

/// All sessions, the oldest first.
[[nodiscard]] std::vector<MeasurementSession> measurement_sessions(const Database &database);

void finish_session(const Database &database, std::string_view session);

/// The key of an operator within a session: content_key() of
///   batch, bytes, cache, causal, columns, depth, expert_width, flops, format, kernels, kind, pass,
///   rows, tokens, uneven, and variant unless it is the usual one
/// where flops and bytes are by key_number(), causal and uneven "true" or "false", and classes,
/// formats, passes and caches are spelled like their enumerators.
[[nodiscard]] std::string operator_key(const OperatorCall &call, CacheState cache);

[[nodiscard]] bool already_measured(const Database &database, std::string_view session,
                                    const OperatorCall &call, CacheState cache);

/// False, and nothing is written, where the session has that operator already.
bool add_measured_operator(const Database &database, std::string_view session,
                           const MeasuredOperator &measured);

/// What the session measured, in that order.
[[nodiscard]] std::vector<MeasuredOperator> measured_operators(const Database &database,
                                                               std::string_view session);

} // namespace flopcast
