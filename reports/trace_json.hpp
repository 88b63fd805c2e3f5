// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "model/execution/schedule/pipeline.hpp"

#include <iosfwd>
#include <string>

namespace flopcast {

/// Simulates the step and writes it as a trace that Perfetto and chrome://tracing show: a process
/// for each stage, a thread for each lane, complete events (`X`) in microseconds, flows (`s`, `f`)
/// from a message to the task that needs it, a counter (`C`) of saved activations in bytes. Written
/// as it is simulated: memory does not grow with the trace.
/// Format: Trace Event Format, JSON object form.
ScheduleOutcome write_trace_json(const PipelineWork &work, const std::string &name,
                                 std::ostream &out);

} // namespace flopcast
