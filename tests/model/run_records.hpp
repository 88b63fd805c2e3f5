// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "model/validation/run_table.hpp"

#include <string>
#include <string_view>

namespace flopcast::tests {

/// GPT-3 175B on 1,024 A100 as Narayanan et al. 2021 ran it, with every setting stated.
inline RunRecord stated_run() {
  RunRecord run;
  run.id = "gpt3";
  run.framework = "Megatron-LM";
  run.model = "GPT-3 175B";
  run.gpu = "A100-80GB-SXM";
  run.split_group = "g";
  run.n_gpus = 1024;
  run.layers = 96;
  run.hidden = 12288;
  run.heads = 96;
  run.kv_heads = 96;
  run.ffn = 49152;
  run.vocab = 51200;
  run.seq_len = 2048;
  run.tp = 8;
  run.pp = 8;
  run.dp = 16;
  run.micro_batch = 1;
  run.global_batch_seqs = 1536;
  run.zero_or_fsdp = "none (plain DP)";
  run.sequence_parallel = "no";
  run.recompute = "full (uniform)";
  run.precision = "fp16";
  run.attention = "non-flash (fused softmax)";
  run.step_time_s = 10;
  run.core = true;
  return run;
}

/// The same where the source says no more than it must.
inline RunRecord sparse_run(std::string_view framework) {
  RunRecord run = stated_run();
  run.framework = framework;
  run.kv_heads.reset();
  run.dp.reset();
  for (std::string RunRecord::*text :
       {&RunRecord::zero_or_fsdp, &RunRecord::sequence_parallel, &RunRecord::recompute,
        &RunRecord::precision, &RunRecord::attention})
    (run.*text).clear();
  return run;
}

} // namespace flopcast::tests
