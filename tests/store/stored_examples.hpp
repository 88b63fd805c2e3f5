// SPDX-License-Identifier: Apache-2.0
// Records with nothing left at its default, for the tests that store them.
#pragma once

#include "store/measured_runs.hpp"
#include "store/measurements.hpp"

namespace flopcast::tests {

inline const std::chrono::sys_seconds first_start{std::chrono::seconds(1'790'000'000)};

inline MeasurementSession example_session() {
  return {.id = "",
          .device = "h200-sxm",
          .description = {{"driver", "580.95.05"}, {"power limit", "700 W"}},
          .back_end = "cuda",
          .software = "CUDA 13.0",
          .plan = "quick",
          .started = first_start};
}

/// A bf16 product of 512 × 256 × 128: 2 × 512 × 256 × 128 = 33,554,432 FLOP, and
/// 2 × (512 × 128 + 128 × 256 + 512 × 256) = 458,752 B.
inline MeasuredOperator example_product() {
  using namespace units;
  MeasuredOperator measured;
  measured.call = {.kind = OperatorClass::gemm,
                   .pass = Pass::backward,
                   .format = NumberFormat::bf16,
                   .flops = 33'554'432.0 * flop,
                   .bytes = 458'752.0 * byte,
                   .kernels = 2,
                   .shape = {.batch = 1, .rows = 512, .columns = 256, .depth = 128},
                   .causal = true};
  measured.cache = CacheState::warm;
  measured.median = 0.1 * millisecond; // no binary fraction: must come back to the bit
  measured.relative_error = 0.01;
  measured.runs = 40;
  measured.outliers = 2;
  measured.host = 3.0 * microsecond;
  measured.clock_hertz = 1.98e9;
  measured.power_watts = 650.5;
  measured.throttled = true;
  measured.throttle_reasons = "power, thermal";
  measured.unfused = true;
  return measured;
}

/// The same with other rows.
inline MeasuredOperator example_product(std::int64_t rows) {
  MeasuredOperator measured = example_product();
  measured.call.shape.rows = rows;
  return measured;
}

inline MeasuredRun example_run() {
  using namespace units;
  return {.id = "acme-1",
          .source = "Acme's report",
          .date = Date{2026, 1, 2},
          .split_group = "acme|7b",
          .framework = "Megatron-LM",
          .model = "llama2-7b",
          .gpu = "H100-80GB-SXM",
          .gpus = 64,
          .step_time = 3.7 * second,
          .token_rate = 8302.5 * token / second / gpu,
          .peak_memory = 60.7 * gigabyte,
          .mfu = 0.41,
          .parameters = 6'738'415'616.0,
          .tokens = 2.1e12 * token,
          .compute = 8.49e22 * flop,
          .loss = 1.75,
          .settings = {{"tp", "8"}, {"recompute", "full, \"selective\" later"}}};
}

} // namespace flopcast::tests
