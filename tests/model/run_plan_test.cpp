// SPDX-License-Identifier: Apache-2.0
#include "model/validation/run_plan.hpp"

#include "model/validation/run_settings.hpp"
#include "tests/model/examples.hpp"
#include "tests/model/run_records.hpp"
#include "tests/support/print_quantity.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace flopcast::tests {
namespace {

using namespace units;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

RunPlanner &planner() {
  static RunPlanner shared(presets());
  return shared;
}

RunPlan planned(const RunRecord &run) {
  RunPlanning planning = planner().plan_of(run);
  EXPECT_EQ(planning.skipped, "");
  EXPECT_TRUE(planning.run.has_value());
  return planning.run.value_or(RunPlan{});
}

std::string skipped(const RunRecord &run) { return planner().plan_of(run).skipped; }

TEST(RunPlan, TakesWhatTheRowStates) {
  const RunPlan run = planned(stated_run());
  EXPECT_EQ(run.plan.model.decoder.layers, 96);
  EXPECT_EQ(run.plan.model.decoder.activation, Activation::gelu);
  EXPECT_TRUE(run.plan.model.decoder.tied_embeddings);
  EXPECT_EQ(run.plan.parallelism.tensor_parallel, 8);
  EXPECT_EQ(run.plan.parallelism.pipeline_parallel, 8);
  EXPECT_EQ(run.plan.parallelism.data_parallel, 16);
  EXPECT_EQ(run.plan.parallelism.zero_stage, 0);
  EXPECT_FALSE(run.plan.parallelism.sequence_parallel);
  EXPECT_EQ(run.plan.training.precision, NumberFormat::fp16);
  EXPECT_EQ(run.plan.training.recompute, Recompute::full);
  EXPECT_FALSE(run.plan.training.flash_attention);
  EXPECT_EQ(run.plan.training.global_batch, 1536);
  EXPECT_EQ(run.cluster.gpus, 1024);
  EXPECT_EQ(run.cluster.device.id, "a100-sxm4-80gb");
  EXPECT_EQ(run.gpu_family, "A100");
  EXPECT_THAT(run.inferred, Not(Contains(HasSubstr("recompute"))));
}

TEST(RunPlan, DataParallelIsWhatTheOtherDegreesLeave) {
  RunRecord run = stated_run();
  run.dp.reset();
  EXPECT_EQ(planned(run).plan.parallelism.data_parallel, 16); // 1024 / (8 × 8)
  run.cp = 2;
  run.sequence_parallel = "yes";
  EXPECT_EQ(planned(run).plan.parallelism.data_parallel, 8);
}

TEST(RunPlan, TheBatchFollowsFromAnyTwoOfItsThreeNumbers) {
  RunRecord run = stated_run();
  run.micro_batch.reset();
  run.grad_accum = 24;
  EXPECT_EQ(planned(run).plan.training.micro_batch, 4); // 1536 / (16 × 24)
  run.micro_batch = 4;
  run.global_batch_seqs.reset();
  EXPECT_EQ(planned(run).plan.training.global_batch, 1536);
  run.grad_accum.reset();
  EXPECT_THAT(skipped(run), HasSubstr("two of micro_batch"));
}

TEST(RunPlan, WhatIsUnstatedFollowsTheFrameworkAndIsNamed) {
  // presets/frameworks/megatron-core.toml against megatron-lm.toml.
  const RunPlan core = planned(sparse_run("Megatron-Core r0.8"));
  EXPECT_EQ(core.rules->id, "megatron-core");
  EXPECT_EQ(core.plan.training.precision, NumberFormat::bf16);
  EXPECT_EQ(core.plan.training.recompute, Recompute::none);
  EXPECT_TRUE(core.plan.training.flash_attention);
  EXPECT_TRUE(core.plan.parallelism.sequence_parallel);
  EXPECT_EQ(core.plan.parallelism.zero_stage, 1);
  EXPECT_THAT(core.inferred, Contains("recompute: none (megatron-core)"));
  const RunPlan old = planned(sparse_run("Megatron-LM"));
  EXPECT_EQ(old.rules->id, "megatron-lm");
  EXPECT_EQ(old.plan.training.precision, NumberFormat::fp16);
  EXPECT_EQ(old.plan.training.recompute, Recompute::full);
  EXPECT_FALSE(old.plan.training.flash_attention);
  EXPECT_EQ(old.plan.parallelism.zero_stage, 0);
}

TEST(RunPlan, TheLongestNameOfAFrameworkCounts) {
  EXPECT_EQ(planned(sparse_run("NeMo 24.07 / Megatron-Core")).rules->id, "nemo");
  EXPECT_EQ(planned(sparse_run("Megatron-Bridge (Megatron-Core)")).rules->id, "megatron-bridge");
  EXPECT_EQ(planned(sparse_run("Megatron-LM 23e00ed0 (0.14 line)")).rules->id,
            "megatron-core-serial");
  EXPECT_EQ(planned(sparse_run("a stack of our own")).rules->id, "default");
}

TEST(RunPlan, AReleaseThatTheSourceNamesCounts) {
  RunRecord run = sparse_run("Megatron-Bridge (Megatron-Core)");
  run.fields["source_ref"] = "067f987df03b §26.08 NeMo Container";
  EXPECT_EQ(planned(run).rules->id, "megatron-bridge-2606");
  run.fields["source_ref"] = "067f987df03b §26.04 NeMo Container";
  EXPECT_EQ(planned(run).rules->id, "megatron-bridge");
}

TEST(RunPlan, TheLongestTextOfTheSourceCounts) {
  // "vtrain" of megatron-deepspeed-2023.toml, "single node" of vtrain-single-node.toml.
  RunRecord run = sparse_run("Megatron-DeepSpeed");
  run.recompute = "full (config use_checkpoint=true)";
  run.fields["source_ref"] = "vTrain ground truth (multi-node)";
  EXPECT_EQ(planned(run).rules->id, "megatron-deepspeed-2023");
  EXPECT_EQ(planned(run).plan.training.recompute, Recompute::full);
  run.fields["source_ref"] = "vTrain ground truth (single node)";
  EXPECT_EQ(planned(run).rules->id, "vtrain-single-node");
  EXPECT_EQ(planned(run).plan.training.recompute, Recompute::none);
  run.fields["source_ref"] = "a log of our own";
  EXPECT_EQ(planned(run).rules->id, "megatron-deepspeed");
}

TEST(RunPlan, AnEditionIsKnownByThePaper) {
  RunRecord run = sparse_run("Megatron-LM");
  run.source = "Korthikanti et al. 2022 (arXiv 2205.05198) Table 5";
  EXPECT_EQ(planned(run).rules->id, "megatron-lm-2022");
  EXPECT_EQ(planned(run).rules->software.base.hidden_gradient_sums, 1);
  run.source = "Megatron-LM SC21 (arXiv 2104.04473) Table 1";
  EXPECT_EQ(planned(run).rules->id, "megatron-lm");
  EXPECT_EQ(planned(run).rules->software.base.hidden_gradient_sums, 0);
}

TEST(RunPlan, ThePageThatTheSourceNamesCounts) {
  RunRecord run = sparse_run("torchtitan (PyTorch FSDP2)");
  run.fields["source_url_or_repo_path"] = "benchmarks/llama3_h100_202412_torchtitan.md";
  EXPECT_EQ(planned(run).rules->id, "torchtitan-2024");
  EXPECT_EQ(planned(run).plan.parallelism.context_split, ContextSplit::contiguous);
  run.fields["source_url_or_repo_path"] = "benchmarks/asyncTP_llama3_h100_2025-06_torchtitan.md";
  EXPECT_EQ(planned(run).rules->id, "torchtitan");
  EXPECT_EQ(planned(run).plan.parallelism.context_split, ContextSplit::balanced);
}

TEST(RunPlan, NotesSayHowOperatorsAndExchangesRan) {
  RunRecord run = sparse_run("torchtitan (PyTorch FSDP2)");
  EXPECT_EQ(planned(run).plan.training.operators, OperatorFusion::fused);
  run.fields["notes"] = "Table 1, FSDP";
  EXPECT_EQ(planned(run).plan.training.operators, OperatorFusion::eager);
  run.fields["notes"] = "Table 1, FSDP+compile";
  EXPECT_EQ(planned(run).plan.training.operators, OperatorFusion::fused);

  run.tp = 2;
  run.dp.reset();
  run.fields["notes"] = "vanilla TP; compile.";
  EXPECT_EQ(planned(run).plan.parallelism.tensor_overlap, TensorOverlap::framework);
  run.fields["notes"] = "async TP; compile.";
  EXPECT_EQ(planned(run).plan.parallelism.tensor_overlap, TensorOverlap::tiles);

  run = sparse_run("Megatron-Core main");
  EXPECT_EQ(planned(run).plan.parallelism.expert_dispatch, ExpertDispatch::all_to_all);
  run.fields["notes"] = "Dispatcher DeepEP; EDP 1 ETP 1.";
  EXPECT_EQ(planned(run).plan.parallelism.expert_dispatch, ExpertDispatch::deduplicated);
  run.fields["notes"] = "Dispatcher A2A; EDP 1 ETP 1.";
  EXPECT_EQ(planned(run).plan.parallelism.expert_dispatch, ExpertDispatch::all_to_all);
}

TEST(RunPlan, NotesSayThatMicroBatchesHideTheWayToExperts) {
  RunRecord run = sparse_run("Megatron-Core main");
  run.vpp = 2;
  EXPECT_EQ(planned(run).plan.parallelism.expert_overlap, ExpertOverlap::none);
  run.fields["notes"] = "Dispatcher DeepEP; EDP 1 ETP 1. +1f1b overlap";
  EXPECT_EQ(planned(run).plan.parallelism.expert_overlap, ExpertOverlap::micro_batches);
}

TEST(RunPlan, RecipesOfAFrameworkHaveGraphsAndADispatchOfTheirOwn) {
  RunRecord run = sparse_run("Megatron-Bridge (Megatron-Core)");
  run.gpu = "GB200";
  const RunPlan rack = planned(run);
  EXPECT_TRUE(rack.plan.training.cuda_graphs);
  EXPECT_THAT(rack.inferred, Contains("CUDA graphs: on (megatron-bridge)"));
  EXPECT_EQ(rack.plan.parallelism.expert_dispatch, ExpertDispatch::deduplicated);
  run.gpu = "B200";
  EXPECT_FALSE(planned(run).plan.training.cuda_graphs);
  run.framework = "Megatron-Core main";
  run.gpu = "GB200";
  EXPECT_FALSE(planned(run).plan.training.cuda_graphs);
}

TEST(RunPlan, WeightsAreGatheredInFp8WhereTheFrameworkDoesSo) {
  RunRecord run = sparse_run("torchtitan (PyTorch FSDP2)");
  run.gpu = "H100-80GB-SXM";
  run.precision = "Float8 tensorwise";
  EXPECT_EQ(planned(run).plan.training.weight_exchange_format, NumberFormat::fp8);
  run.precision = "Float8 rowwise";
  EXPECT_EQ(planned(run).plan.training.weight_exchange_format, std::nullopt);
  run.precision = "BF16";
  EXPECT_EQ(planned(run).plan.training.weight_exchange_format, std::nullopt);
}

TEST(RunPlan, AVocabularyThatNoRanksShareIsPaddedWhereTheFrameworkDoesSo) {
  RunRecord run = sparse_run("Megatron-DeepSpeed");
  run.vocab = 50257;
  run.tp = 1;
  EXPECT_EQ(planned(run).plan.model.decoder.vocabulary_multiple, 128);
  run.fields["source_ref"] = "vTrain ground truth (single node)";
  EXPECT_EQ(planned(run).plan.model.decoder.vocabulary_multiple, 1);
  run.tp = 2;
  EXPECT_EQ(planned(run).plan.model.decoder.vocabulary_multiple, 128);
}

TEST(RunPlan, SelectiveMeansWhatTheFrameworkMeansByIt) {
  RunRecord run = sparse_run("torchtitan (PyTorch FSDP2)");
  run.recompute = "selective";
  EXPECT_EQ(planned(run).plan.training.recompute, Recompute::alternate);
  run.framework = "Megatron-Core r0.8";
  EXPECT_EQ(planned(run).plan.training.recompute, Recompute::selective);
}

TEST(RunPlan, StagesInterleaveWhereTheFrameworkDoesAndTheyCan) {
  // nemo.toml: chunks of one layer. 96 / 8 = 12 chunks; 1536 / 16 = 96 micro-batches, 8 divides.
  RunRecord run = sparse_run("NeMo 23.04");
  EXPECT_EQ(planned(run).plan.parallelism.virtual_pipeline, 12);
  run.vpp = 2;
  EXPECT_EQ(planned(run).plan.parallelism.virtual_pipeline, 2);
  run.vpp.reset();
  run.global_batch_seqs = 16 * 9; // nine micro-batches
  EXPECT_EQ(planned(run).plan.parallelism.virtual_pipeline, 1);
  EXPECT_EQ(planned(sparse_run("Megatron-LM")).plan.parallelism.virtual_pipeline, 1);
}

TEST(RunPlan, FullyShardedStacksNeedNoTensorOrPipelineDegree) {
  RunRecord run = sparse_run("torchtitan (PyTorch FSDP2)");
  run.tp.reset();
  run.pp.reset();
  run.global_batch_seqs = 1024;
  const RunPlan fsdp = planned(run);
  EXPECT_EQ(fsdp.plan.parallelism.data_parallel, 1024);
  EXPECT_EQ(fsdp.plan.parallelism.zero_stage, 3);
  run.framework = "Megatron-LM";
  EXPECT_EQ(skipped(run), "not stated: tp, pp");
}

TEST(RunPlan, TheParameterCountTellsAGatedMlpFromAPlainOne) {
  // Llama 3.2 1B: 4 × hidden wide and gated all the same. 16 × (2048² × 2.5 + 3 × 2048 × 8192) +
  // 128256 × 2048 = 1.236e9 with one table; a plain MLP would make 0.97e9.
  RunRecord run = stated_run();
  run.layers = 16;
  run.hidden = 2048;
  run.heads = 32;
  run.kv_heads = 8;
  run.ffn = 8192;
  run.vocab = 128256;
  run.params = 1.2358e9;
  const Decoder with = planned(run).plan.model.decoder;
  EXPECT_EQ(with.activation, Activation::swiglu);
  EXPECT_TRUE(with.tied_embeddings);
  run.params.reset();
  EXPECT_EQ(planned(run).plan.model.decoder.activation, Activation::gelu);
}

TEST(RunPlan, LayersThatDoNotDivideAreMissingOnTheLastStage) {
  RunRecord run = stated_run();
  run.layers = 69; // of 72: 7 x 9 + 6
  const RunPlan uneven = planned(run);
  EXPECT_EQ(uneven.plan.model.decoder.layers, 69);
  EXPECT_EQ(uneven.plan.parallelism.first_stage_layers, std::nullopt);
  EXPECT_EQ(uneven.plan.parallelism.last_stage_layers, 6);
  EXPECT_THAT(uneven.inferred, Contains("stages: 9 layers, 6 on the last"));
  // Stages that are even, whose chunks are not.
  run.layers = 72;
  run.vpp = 2;
  EXPECT_EQ(planned(run).plan.parallelism.last_stage_layers, 9);
  // Of ten on eight the last cannot lack six.
  run.layers = 10;
  run.vpp.reset();
  EXPECT_THAT(planned(run).plan.parallelism.layers_by_stage, ElementsAre(1, 1, 1, 2, 2, 1, 1, 1));
}

TEST(RunPlan, EmbeddingAndLogitsCountAsLayersWhereThatMakesThemDivide) {
  RunRecord run = stated_run();
  run.layers = 70; // and two: 9 on each of 8 stages
  const RunPlan both = planned(run);
  EXPECT_EQ(both.plan.parallelism.first_stage_layers, 8);
  EXPECT_EQ(both.plan.parallelism.last_stage_layers, 8);
  run.layers = 71; // the logits alone
  const RunPlan logits = planned(run);
  EXPECT_EQ(logits.plan.parallelism.first_stage_layers, std::nullopt);
  EXPECT_EQ(logits.plan.parallelism.last_stage_layers, 8);
}

TEST(RunPlan, OfExpertsTakesThePresetOfTheirNumberAndWidth) {
  RunRecord run = sparse_run("Megatron-Core");
  run.model = "Mixtral";
  run.layers = 8; // of 32: a trimmed one
  run.hidden = 4096;
  run.heads = 32;
  run.ffn = 14336;
  run.vocab = 32000;
  run.moe_experts = 8;
  run.moe_topk = 2;
  run.n_gpus = 64;
  run.tp = 1;
  run.pp = 1;
  run.ep = 8;
  run.micro_batch = 1;
  run.global_batch_seqs = 512;
  const RunPlan mixtral = planned(run);
  ASSERT_TRUE(mixtral.plan.model.decoder.experts.has_value());
  EXPECT_EQ(mixtral.plan.model.decoder.experts->hidden, 14336);
  EXPECT_EQ(mixtral.plan.model.decoder.layers, 8);
  EXPECT_EQ(mixtral.plan.parallelism.expert_parallel, 8);
  EXPECT_EQ(mixtral.plan.parallelism.expert_tensor_parallel, 1);
}

TEST(RunPlan, OfExpertsThatNoPresetHasTakesTheColumns) {
  RunRecord run = sparse_run("Megatron-Core");
  run.moe_experts = 16;
  run.moe_topk = 2;
  EXPECT_EQ(planned(run).plan.model.decoder.experts->hidden, 49152);
  run.moe_topk = 16;
  EXPECT_THAT(skipped(run), HasSubstr("no model preset has 16 experts"));
}

TEST(RunPlan, WithoutAPipelineHasNoChunks) {
  RunRecord run = stated_run();
  run.pp = 1;
  run.vpp = 12;
  run.dp = 128;
  EXPECT_EQ(planned(run).plan.parallelism.virtual_pipeline, 1);
}

TEST(RunPlan, ReadsTheScheduleFromTheFramework) {
  RunRecord run = stated_run();
  EXPECT_EQ(planned(run).plan.parallelism.schedule, PipelineSchedule::one_f_one_b);
  run.framework = "Megatron-LM fork, schedule ZB-2p";
  EXPECT_EQ(planned(run).plan.parallelism.schedule, PipelineSchedule::zb_h2);
}

TEST(RunPlan, SaysWhyARunCannotBePredicted) {
  RunRecord run = stated_run();
  run.moe_experts = 8;
  EXPECT_EQ(skipped(run), "not stated: moe_topk");
  run = stated_run();
  run.gpu = "Cerebras";
  EXPECT_EQ(skipped(run), "no device preset for the GPU \"Cerebras\"");
  run = stated_run();
  run.n_gpus = 1000;
  EXPECT_EQ(skipped(run), "tp x pp x cp does not divide 1000 GPUs");
  run = stated_run();
  run.dp = 4;
  EXPECT_THAT(skipped(run), HasSubstr("dp = 4 is stated"));
  run = stated_run();
  run.recompute = "some";
  EXPECT_EQ(skipped(run), "recompute: \"some\" is not understood");
  run = stated_run();
  run.precision = "FP8"; // an A100 has no such units
  EXPECT_THAT(skipped(run), HasSubstr("no matrix units for fp8"));
}

TEST(RunPlan, AbsurdCountsAreReasonsAndDoNotOverflow) {
  constexpr std::int64_t most = 10'000'000; // that a run table takes
  RunRecord run = stated_run();
  run.tp = run.pp = run.cp = most;
  EXPECT_THAT(skipped(run), HasSubstr("does not divide"));
  run = stated_run();
  run.vpp = most;
  EXPECT_THAT(skipped(run), HasSubstr("less than half of pp x vpp"));
  run = stated_run();
  run.layers = most;
  EXPECT_THAT(skipped(run), HasSubstr("beyond all reason"));
  run = stated_run();
  run.micro_batch = run.grad_accum = most;
  run.global_batch_seqs.reset();
  EXPECT_THAT(skipped(run), HasSubstr("beyond all reason"));
}

TEST(RunMachine, ReadsTheNetworkFromItsText) {
  const auto node = [](double gigabits) { return gigabits / 8 * gigabyte / second; };
  EXPECT_EQ(stated_network("1600 Gbps/node RoCE").per_node, node(1600));
  EXPECT_EQ(stated_network("Jean Zay: 4x Omni-Path 100 Gbps per node").per_node, node(400));
  EXPECT_EQ(stated_network("4x100 Gb RoCE per node").per_node, node(400));
  EXPECT_EQ(stated_network("3.2 Tbps per node (header)").per_node, node(3200));
  EXPECT_EQ(stated_network("NVLink; RDMA 400 Gb/s per GPU").per_gpu, node(400));
  EXPECT_EQ(stated_network("inter-node 800 Gbps, intra-node 150 GB/s").per_node, node(800));
  EXPECT_FALSE(stated_network("DGX GB200 NVL72").per_node.has_value());
  EXPECT_FALSE(stated_network("").per_gpu.has_value());
}

TEST(RunMachine, AServerHasAsManyGpusAsTheRowSays) {
  RunRecord run = stated_run();
  run.gpus_per_node = 4;
  run.interconnect = "4x100 Gb RoCE per node";
  const Node four = planned(run).cluster.node;
  EXPECT_EQ(four.gpus_per_node, 4);
  EXPECT_EQ(four.scale_up_domain, 4);
  EXPECT_EQ(four.scale_out_bandwidth, 12.5 * gigabyte / second); // 400 Gb/s for 4 GPUs
  // A tray of four in a rack of 72 is no node of its own.
  run.gpu = "GB300";
  run.interconnect = "DGX GB300 NVL72";
  EXPECT_EQ(planned(run).cluster.node.scale_up_domain, 72);
}

TEST(RunSettings, ReadTheManySpellings) {
  EXPECT_EQ(zero_stage_of("FULL_SHARD").value, 3);
  EXPECT_EQ(zero_stage_of("DDP + distributed optimizer").value, 1);
  EXPECT_EQ(zero_stage_of("ZeRO-1 over 8 GPUs").value, 1);
  EXPECT_EQ(zero_stage_of("none (plain DP)").value, 0);
  EXPECT_EQ(zero_stage_of("SHARD_GRAD_OP").value, 2);
  EXPECT_TRUE(zero_stage_of("").unstated);
  EXPECT_EQ(precision_of("FP8 (per tensor)").value, NumberFormat::fp8);
  EXPECT_EQ(precision_of("FP8 (FP4 recipes appear in v5.1)").value, NumberFormat::fp4);
  EXPECT_EQ(precision_of("BF16+Float8 linear").value, NumberFormat::fp8);
  EXPECT_EQ(precision_of("NVFP4").value, NumberFormat::fp4);
  EXPECT_EQ(precision_of("bf16, fp32 grad reduce").value, NumberFormat::bf16);
  EXPECT_TRUE(precision_of("not stated (fp16 expected)").unstated);
  EXPECT_EQ(gradient_format_of("bf16 / MP mode PURE"), NumberFormat::bf16);
  EXPECT_EQ(recompute_of("none (full/block with 0 layers)").value, Recompute::none);
  EXPECT_EQ(recompute_of("selective (attention core)").value, Recompute::selective);
  // A simulator's configuration says nothing of the run.
  EXPECT_TRUE(recompute_of("full (config use_checkpoint=true)").unstated);
  EXPECT_EQ(recompute_of("selective (config default)").value, Recompute::selective);
  EXPECT_EQ(flash_of("fused softmax (non-flash)").value, false);
  EXPECT_EQ(flash_of("flash (TE), CP a2a").value, true);
  EXPECT_EQ(flag_of("yes (config; recalled)").value, true);
  EXPECT_EQ(flag_of("no").value, false);
}

} // namespace
} // namespace flopcast::tests
