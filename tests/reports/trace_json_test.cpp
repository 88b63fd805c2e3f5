// SPDX-License-Identifier: Apache-2.0
#include "reports/trace_json.hpp"

#include "tests/model/pipelines.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <map>
#include <set>
#include <sstream>
#include <tuple>

namespace flopcast {
namespace {

using namespace tests;
using units::second;
using Json = nlohmann::json;

/// Two stages, two micro-batches: forward 1 s, both gradients 2 s, messages 0.5 s.
PipelineWork two_stages() {
  PipelineWork work = even_pipeline(PipelineSchedule::one_f_one_b, 2, 2);
  work.messages = {{.forward = 0.5 * second, .backward = 0.5 * second}};
  return work;
}

Json trace_of(const PipelineWork &work, const std::string &name = "a plan") {
  std::ostringstream out;
  write_trace_json(work, name, out);
  return Json::parse(out.str());
}

std::vector<Json> events(const Json &trace, const std::string &phase) {
  std::vector<Json> found;
  for (const Json &event : trace["traceEvents"])
    if (event["ph"] == phase)
      found.push_back(event);
  return found;
}

TEST(TraceJson, TasksStandInMicroseconds) {
  const Json trace = trace_of(two_stages());
  // Stage 1 gets the first message after 1 s + 0.5 s and works for 1 s.
  bool found = false;
  for (const Json &event : events(trace, "X"))
    if (event["pid"] == 1 && event["name"] == "forward 0") {
      found = true;
      EXPECT_DOUBLE_EQ(event["ts"].get<double>(), 1.5e6);
      EXPECT_DOUBLE_EQ(event["dur"].get<double>(), 1e6);
      EXPECT_EQ(event["args"]["micro_batch"], 0);
      EXPECT_EQ(event["args"]["chunk"], 1);
    }
  EXPECT_TRUE(found);
  EXPECT_DOUBLE_EQ(trace["otherData"]["step_s"].get<double>(), 10); // derived in schedule_test.cpp
}

TEST(TraceJson, EventsOfALaneDoNotOverlap) {
  PipelineWork work = even_pipeline(PipelineSchedule::dual_pipe, 4, 8, {1. / 3, 1. / 7, 0.1});
  work.messages = {{.forward = 1. / 11 * second, .backward = 1. / 13 * second}};
  std::map<std::tuple<int, int>, std::vector<std::pair<std::int64_t, std::int64_t>>> lanes;
  for (const Json &event : events(trace_of(work), "X"))
    lanes[{event["pid"].get<int>(), event["tid"].get<int>()}].emplace_back(
        std::llround(event["ts"].get<double>() * 1e3),
        std::llround(event["dur"].get<double>() * 1e3));
  EXPECT_EQ(lanes.size(), 4 * 4U); // computation, a pair's other half, messages each way
  for (auto &[lane, spans] : lanes)
    for (std::size_t i = 1; i < spans.size(); ++i)
      EXPECT_LE(spans[i - 1].first + spans[i - 1].second, spans[i].first);
}

TEST(TraceJson, EveryFlowStartsAndEndsOnceInsideAnEvent) {
  const Json trace = trace_of(two_stages());
  std::set<std::tuple<int, int, double>> starts;
  for (const Json &event : events(trace, "X"))
    starts.emplace(event["pid"], event["tid"], event["ts"]);
  std::map<std::uint64_t, int> ends;
  for (const char *phase : {"s", "f"})
    for (const Json &flow : events(trace, phase)) {
      ++ends[flow["id"]];
      EXPECT_TRUE(starts.contains({flow["pid"], flow["tid"], flow["ts"]}));
    }
  EXPECT_EQ(ends.size(), 4U); // two micro-batches, there and back
  for (const auto &[id, count] : ends)
    EXPECT_EQ(count, 2);
}

TEST(TraceJson, MemoryIsACounterOfEachStage) {
  std::map<int, double> most;
  for (const Json &event : events(trace_of(two_stages()), "C"))
    most[event["pid"]] = std::max(most[event["pid"]], event["args"]["bytes"].get<double>());
  EXPECT_EQ(most, (std::map<int, double>{{0, 2}, {1, 1}})); // 1F1B: p - i micro-batches of 1 byte
}

TEST(TraceJson, StagesAndLanesHaveNames) {
  std::set<std::string> names;
  for (const Json &event : events(trace_of(two_stages()), "M"))
    if (event["args"].contains("name"))
      names.insert(event["args"]["name"]);
  EXPECT_EQ(names, (std::set<std::string>{"stage 0", "stage 1", "compute", "forward messages",
                                          "backward messages"}));
}

TEST(TraceJson, NamesOfPlansAreQuoted) {
  EXPECT_EQ(trace_of(two_stages(), "a \"plan\"\n")["otherData"]["plan"], "a \"plan\"\n");
}

} // namespace
} // namespace flopcast
