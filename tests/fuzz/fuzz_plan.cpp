// SPDX-License-Identifier: Apache-2.0
// Any text is either a plan with an answer or an InputError whose every diagnostic has a place.
// Run: build/fuzz/bin/flopcast_fuzz_plan CORPUS presets/plans -dict=tests/fuzz/plan.dict
#include "model/planning/estimate.hpp"
#include "model/planning/layout_search.hpp"
#include "model/planning/plan_reader.hpp"
#include "tests/support/paths.hpp"

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

namespace {

void require(bool condition, const char *what) {
  if (condition)
    return;
  std::fprintf(stderr, "broken promise: %s\n", what);
  std::abort();
}

void check(const flopcast::PlannedRun &run) {
  using namespace flopcast;
  const Estimate answer = estimate(run.plan, run.cluster);
  require(std::isfinite(answer.parameters.total) && answer.parameters.total > 0, "parameters");
  require(std::isfinite(answer.work.model_total.in(units::flop)), "FLOPs are finite");
  if (answer.step) {
    require(std::isfinite(answer.step->memory().total().in(units::byte)), "memory is finite");
    require(answer.step->time.total() > Seconds{}, "a step takes time");
  }
  if (!answer.feasible())
    for (const Reason &reason : answer.reasons)
      require(!reason.text.empty() && !reason.remedy.empty(), "a reason has a remedy");
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
  using namespace flopcast;
  static const PresetCatalog catalog = tests::shipped_presets();
  try {
    const std::string text(reinterpret_cast<const char *>(data), size);
    check(read_plan(parse_toml(text, "plan"), catalog));
  } catch (const InputError &error) {
    require(!error.diagnostics().empty(), "an error says something");
    for (const Diagnostic &diagnostic : error.diagnostics())
      require(!diagnostic.message.empty() && !diagnostic.place.file.empty(),
              "an error has a place");
  }
  return 0;
}
