// SPDX-License-Identifier: Apache-2.0
// Reads a shipped plan through the installed library and prints its parameters.
#include "hardware/presets/catalog.hpp"
#include "model/planning/estimate.hpp"
#include "model/planning/plan_reader.hpp"

#include <cstdio>

int main() {
  const flopcast::PresetCatalog catalog({PRESETS});
  const auto run = flopcast::read_plan(catalog.load("plans", "gpt3-175b-a100"), catalog);
  const auto answer = flopcast::estimate(run.plan, run.cluster);
  std::printf("%.0f\n", answer.parameters.total);
  return answer.feasible() ? 0 : 1;
}
