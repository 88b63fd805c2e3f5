// SPDX-License-Identifier: Apache-2.0
// What one rank computes and moves, on machines where only one of the two takes time.
#include "model/execution/work.hpp"
#include "tests/model/examples.hpp"

#include <gtest/gtest.h>

namespace flopcast {
namespace {

using namespace tests;
using units::second;

ModelWork tiny_work(const Cluster &cluster, const Training &training = plain_training(),
                    const Parallelism &parallelism = {}) {
  const OperatorGraph graph = decoder_graph(tiny(), {.sequence_length = 4,
                                                     .vocabulary = 8,
                                                     .flash_attention = training.flash_attention,
                                                     .dropout = training.dropout});
  return model_work(graph, tiny(), parallelism, training, cluster);
}

double forward_seconds(const ModelWork &work) {
  return (work.embedding.forward + work.layers.forward + work.head.forward).in(second);
}

double backward_seconds(const ModelWork &work) {
  return (work.embedding.backward + work.layers.backward + work.head.backward).in(second);
}

TEST(ModelWork, ThatComputesTakesAsLongAsItsFlops) {
  const ModelWork work = tiny_work(compute_machine());
  // At 1 FLOP/s; counted in ForwardFlops.OfTheTinyDecoderCountByHand: the layer has 1792 FLOPs,
  // the logits 256.
  EXPECT_EQ(work.layers.forward.in(second), 384 + 128 + 1024 + 256);
  EXPECT_EQ(work.head.forward.in(second), 256);
  // Backward makes two products of each: the gradients of its two inputs.
  EXPECT_EQ(backward_seconds(work), 2 * forward_seconds(work));
}

TEST(ModelWork, LogitsStayIn16BitsWhereProductsAreNarrower) {
  for (const NumberFormat format : {NumberFormat::fp8, NumberFormat::fp4}) {
    Training training = plain_training();
    training.precision = format;
    std::size_t narrow = 0;
    std::size_t wide = 0;
    const OperatorGraph graph = decoder_graph(tiny(), {.sequence_length = 4, .vocabulary = 8});
    for (const OperatorCall &call : rank_calls(graph, tiny(), {}, training)) {
      if (call.kind != OperatorClass::gemm)
        continue;
      // Forward 4 tokens by 8 entries of the table, backward one of the two is the depth.
      const bool of_logits = call.shape.columns == 8 || call.shape.depth == 8;
      EXPECT_EQ(call.format, of_logits ? NumberFormat::bf16 : format) << call.shape.columns;
      ++(of_logits ? wide : narrow);
    }
    EXPECT_EQ(wide, 3U);
    EXPECT_EQ(narrow, 4U * 3U); // queries, keys and values; output; in and out of the MLP
  }
}

TEST(ModelWork, EagerOperatorsMoveWhatTheirKernelsDo) {
  Decoder llama = tiny();
  llama.activation = Activation::swiglu;
  llama.normalization = Normalization::rmsnorm;
  llama.position = Position::rotary;
  const OperatorGraph graph = decoder_graph(llama, {.sequence_length = 4, .vocabulary = 8});
  Training training = plain_training();
  const ModelWork fused = model_work(graph, llama, {}, training, memory_machine());
  training.operators = OperatorFusion::eager;
  const ModelWork eager = model_work(graph, llama, {}, training, memory_machine());
  // 4 tokens of width 4, 16 in the MLP, 8 for queries and keys, 2 bytes an element. One kernel
  // each: norms 2, activation 3, rotary embedding also reads the values; backward twice that.
  const double norms = 2 * 4 * 4;
  const double activation = 4 * 16;
  const double rotary = 4 * 8;
  const double fused_rotary = 4 * (8 + 4) + rotary;
  EXPECT_EQ((eager.layers.forward_work.bytes - fused.layers.forward_work.bytes).in(units::byte),
            2 * ((18 - 2) * norms + (5 - 3) * activation + 10 * rotary - fused_rotary));
  EXPECT_EQ((eager.layers.backward_work.bytes - fused.layers.backward_work.bytes).in(units::byte),
            2 * ((38 - 4) * norms + (9 - 6) * activation + 10 * rotary - 2 * fused_rotary));
  EXPECT_EQ(eager.layers.forward_calls - fused.layers.forward_calls, 2 * 7 + 1 + 5);
  EXPECT_EQ(eager.layers.backward_calls - fused.layers.backward_calls, 2 * 12 + 2 + 5);
  EXPECT_EQ((eager.layers.saved - fused.layers.saved).in(units::byte), 6 * norms + 2 * activation);
}

TEST(ModelWork, EagerKernelsAreCountedWholeAndNotScaled) {
  Decoder llama = tiny();
  llama.normalization = Normalization::rmsnorm;
  const OperatorGraph graph = decoder_graph(llama, {.sequence_length = 4, .vocabulary = 8});
  Training training = plain_training();
  const auto of_streams = [&](OperatorFusion fusion) {
    training.operators = fusion;
    training.software.streams = 1;
    const Seconds once = model_work(graph, llama, {}, training, memory_machine()).layers.forward;
    training.software.streams = 2;
    return (model_work(graph, llama, {}, training, memory_machine()).layers.forward - once)
        .in(second);
  };
  // The two norms, 2 · 4 · 4 elements read and written, are no longer among what streams scale.
  EXPECT_EQ(of_streams(OperatorFusion::fused) - of_streams(OperatorFusion::eager),
            2 * 2 * (2 * 4 * 4));
}

TEST(ModelWork, GradientsInFlightAreThoseOfTheLargestMatrixAndOfItsInputAndOutput) {
  Training training = plain_training();
  EXPECT_EQ(tiny_work(compute_machine(), training).gradients_in_flight.in(units::byte), 0);
  training.software.weight_gradient_bytes = 6;
  // The MLP's 64 weights at 6 bytes; 4 rows of 16 and of 4 elements at 2 bytes.
  EXPECT_EQ(tiny_work(compute_machine(), training).gradients_in_flight.in(units::byte),
            6 * 64 + 2 * 4 * (16 + 4));
}

TEST(ModelWork, SharedInputsAreThoseOfTheProductsThatSplitTheirColumns) {
  const ModelWork work = tiny_work(compute_machine());
  // Queries, keys and values 384 and the MLP's first product 512; every product has one gradient of
  // its weights, of the forward one's size.
  EXPECT_EQ(work.layers.shared_input_weight_gradient.in(second), 384 + 512);
  EXPECT_EQ(work.layers.weight_gradient.in(second), 384 + 128 + 1024);
}

TEST(ModelWork, AlternateRecomputationDoesEverySecondProductAgain) {
  Training training = plain_training();
  training.flash_attention = true;
  training.recompute = Recompute::alternate;
  const ModelWork work = tiny_work(compute_machine(), training);
  // Keys are a third of 384, the output projection 128; queries, values, the attention and the
  // first of the MLP's products stay, its second of 512 is the sixth.
  EXPECT_EQ(work.layers.redone.in(second), 128 + 128 + 512);
}

TEST(ModelWork, AlternateRecomputationKeepsNoProductsInFp4) {
  Training training = plain_training();
  training.flash_attention = true;
  training.recompute = Recompute::alternate;
  training.precision = NumberFormat::fp4;
  // All four products: 384, 128 and twice 512.
  EXPECT_EQ(tiny_work(compute_machine(), training).layers.redone.in(second), 384 + 128 + 2 * 512);
}

TEST(ModelWork, OfContiguousPartsTheLastRankSeesMostKeysOfAMaskedSequence) {
  Training training = plain_training();
  training.flash_attention = true;
  const auto attention = [&](const Parallelism &parallelism) {
    return tiny_work(compute_machine(), training, parallelism).layers.attention_core.in(second);
  };
  // Half of the 256 over two or four ranks; the last one's queries see 2 - 1/2 and 2 - 1/4 times
  // the mean.
  EXPECT_EQ(attention({.context_parallel = 2}), 128.0 / 2);
  Parallelism contiguous{.context_parallel = 2, .context_split = ContextSplit::contiguous};
  EXPECT_EQ(attention(contiguous), 1.5 * 128 / 2);
  contiguous.context_parallel = 4;
  EXPECT_EQ(attention(contiguous), 1.75 * 128 / 4);
  // Ulysses: each rank has whole sequences of its heads.
  contiguous.context_exchange = ContextExchange::all_to_all;
  EXPECT_EQ(attention(contiguous), 128.0 / 4);
}

TEST(ModelWork, FlashAttentionSkipsMaskedScoresAndRecomputesThemBackward) {
  Training training = plain_training();
  training.flash_attention = true;
  const ModelWork work = tiny_work(compute_machine(), training);
  // Half of the 256 forward; five products for two backward.
  EXPECT_EQ(work.layers.attention_core.in(second), 128);
  EXPECT_EQ(work.layers.forward.in(second), 384 + 128 + 1024 + 128);
  EXPECT_EQ(work.layers.backward.in(second), 2 * (384 + 128 + 1024) + 2.5 * 128);
}

TEST(ModelWork, ThatMovesBytesTakesAsLongAsItsTraffic) {
  const ModelWork work = tiny_work(memory_machine());
  // At 1 byte/s, two bytes an element; the residual stream has 4·4 = 16 elements.
  // The embedding reads the rows that it looks up and writes them: 2·(16 + 16) = 64.
  EXPECT_EQ(work.embedding.forward.in(second), 64);
  // Two norms 2·(16 + 16) each = 128. Products m·k + k·n + m·n: QKV 2·(16 + 48 + 48) = 224,
  // projection 2·(16 + 16 + 16) = 96, MLP 2·(16 + 64 + 64) twice = 576. Scores of two heads read
  // 48 and write 32: 160; softmax 2·(32 + 32) = 128; values read 32 and write 16: 96. Two sums of
  // two streams 2·(32 + 16) = 96 each = 192; the activation 2·(64 + 64) = 256.
  EXPECT_EQ(work.layers.forward.in(second), 128 + 224 + 96 + 576 + 160 + 128 + 96 + 192 + 256);
  // Final norm 64; logits 2·(16 + 32 + 32) = 160; the loss reads 32 elements of two bytes and
  // writes them in four: 192.
  EXPECT_EQ(work.head.forward.in(second), 64 + 160 + 192);
  // Backward reads or writes everything twice over.
  EXPECT_EQ(backward_seconds(work), 2 * forward_seconds(work));
}

TEST(ModelWork, ALossOfSeveralPassesMovesTheLogitsInFp32AsOften) {
  Training training = plain_training();
  training.software.loss_forward = 1.5;
  training.software.loss_backward = 5;
  const ModelWork work = tiny_work(memory_machine(), training);
  // Final norm 64, logits 160; 4 tokens of 8 logits at 4 bytes are 128 a pass.
  EXPECT_EQ(work.head.forward.in(second), 64 + 160 + 1.5 * 128);
  EXPECT_EQ(work.head.backward.in(second), 2 * (64 + 160) + 5 * 128);
  // Each pass is launched by itself: norm, logits and two; norm, both products and five.
  EXPECT_EQ(work.head.forward_calls, 1 + 1 + 2);
  EXPECT_EQ(work.head.backward_calls, 1 + 2 + 5);
}

TEST(ModelWork, ThatWaitsTakesALaunchAKernel) {
  Cluster cluster = compute_machine();
  for (auto &peak : cluster.device.peak)
    peak = *peak * beyond_measure;
  cluster.calibration.launch = 1.0 * second;
  const ModelWork work = tiny_work(cluster);
  // Embedding; norm, QKV, scores, softmax, values, projection, sum, norm, MLP in, activation, MLP
  // out, sum; norm, logits, loss.
  EXPECT_EQ(work.embedding.forward.in(second), 1);
  EXPECT_EQ(work.layers.forward.in(second), 12);
  EXPECT_EQ(work.head.forward.in(second), 3);
  // The seven products take two kernels backward, the other nine one.
  EXPECT_EQ(backward_seconds(work), 7 * 2 + 9);
}

TEST(ModelWork, TakesTheSlowerOfComputingAndMoving) {
  const double computing = forward_seconds(tiny_work(compute_machine()));
  const double moving = forward_seconds(tiny_work(memory_machine()));
  const double both = forward_seconds(tiny_work(unit_machine()));
  EXPECT_GE(both, std::max(computing, moving));
  EXPECT_LE(both, computing + moving);
}

TEST(ModelWork, FollowsTheEfficiencyOfEachClass) {
  Cluster cluster = compute_machine();
  cluster.calibration.gemm_efficiency = 0.5;
  cluster.calibration.batched_gemm_efficiency = 0.25;
  const ModelWork work = tiny_work(cluster);
  EXPECT_EQ(work.layers.attention_core.in(second), 256 / 0.25);
  EXPECT_EQ(work.layers.forward.in(second), (384 + 128 + 1024) / 0.5 + 256 / 0.25);
}

TEST(ModelWork, RepeatsTheLayersAndNotTheEnds) {
  Decoder deep = tiny();
  deep.layers = 5;
  const ModelWork one = tiny_work(unit_machine());
  const ModelWork five = model_work(graph_of(deep, 4), deep, {}, plain_training(), unit_machine());
  EXPECT_EQ(five.layers.forward, 5.0 * one.layers.forward);
  EXPECT_EQ(five.layers.saved, 5.0 * one.layers.saved);
  EXPECT_EQ(five.layers.parameters, 5 * one.layers.parameters);
  EXPECT_EQ(five.head.forward, one.head.forward);
  EXPECT_EQ(five.embedding.parameters, one.embedding.parameters);
  EXPECT_EQ(five.layer_count, 5);
}

// The shapes of a rank's products show in their traffic: at 1 byte/s a product of m × k by k × n
// takes 2·(m·k + k·n + m·n) seconds. The unsharded one here is 10 × 8 by 8 × 40.

Operator product(bool row_parallel) {
  return {.role = OperatorRole::mlp_up,
          .kind = OperatorClass::gemm,
          .parameters = 8 * 40,
          .split = Split::tensor,
          .batch = 1,
          .rows = 10,
          .columns = 40,
          .depth = 8,
          .splits_depth = row_parallel,
          .output_elements = 10 * 40};
}

double traffic(const Operator &op, const Parallelism &parallelism, const Decoder &decoder,
               std::int64_t micro_batch = 1) {
  OperatorGraph graph;
  boost::add_vertex(op, graph);
  Training training = plain_training();
  training.micro_batch = micro_batch;
  return model_work(graph, decoder, parallelism, training, memory_machine())
             .layers.forward.in(second) /
         2;
}

TEST(RankShape, OfAColumnParallelProductHasFewerColumns) {
  EXPECT_EQ(traffic(product(false), {}, gpt2()), 10 * 8 + 8 * 40 + 10 * 40);
  // n/t = 10.
  EXPECT_EQ(traffic(product(false), {.tensor_parallel = 4}, gpt2()), 10 * 8 + 8 * 10 + 10 * 10);
}

TEST(RankShape, OfARowParallelProductIsLessDeep) {
  // k/t = 2; the whole output is written, to be summed over the ranks.
  EXPECT_EQ(traffic(product(true), {.tensor_parallel = 4}, gpt2()), 10 * 2 + 2 * 40 + 10 * 40);
}

TEST(RankShape, HasTheRowsOfAllSequencesOfAMicroBatch) {
  EXPECT_EQ(traffic(product(false), {}, gpt2(), 3), 30 * 8 + 8 * 40 + 30 * 40);
}

TEST(RankShape, HasItsShareOfASequenceUnderContextParallelism) {
  EXPECT_EQ(traffic(product(false), {.context_parallel = 5}, gpt2()), 2 * 8 + 8 * 40 + 2 * 40);
}

TEST(RankShape, StaysWholeUnderSequenceParallelism) {
  // The norms' split input is gathered before the product.
  EXPECT_EQ(traffic(product(false), {.tensor_parallel = 4, .sequence_parallel = true}, gpt2()),
            traffic(product(false), {.tensor_parallel = 4}, gpt2()));
}

TEST(RankShape, OfFewerKeyValueHeadsThanRanksStillHasOneOfEach) {
  Decoder decoder = gpt2();
  decoder.heads = 8;
  decoder.kv_heads = 2;
  decoder.head_dim = 4;
  Operator qkv = product(false);
  qkv.role = OperatorRole::qkv_projection;
  qkv.columns = (8 + 2 * 2) * 4;
  // With two ranks 4 + 2·1 heads; with four and eight ranks 2 + 2 and 1 + 2, not a share of one.
  const auto columns = [&](std::int64_t t) {
    return (traffic(qkv, {.tensor_parallel = t}, decoder) - 10 * 8) / (8 + 10);
  };
  EXPECT_EQ(columns(1), 12 * 4);
  EXPECT_EQ(columns(2), 6 * 4);
  EXPECT_EQ(columns(4), 4 * 4);
  EXPECT_EQ(columns(8), 3 * 4);
}

TEST(RankShape, OfTheLogitsHasItsShareOfThePaddedVocabulary) {
  Operator logits = product(false);
  logits.role = OperatorRole::logits;
  logits.columns = 50257;
  // 50264 / 8 = 6283 columns.
  EXPECT_EQ(traffic(logits, {.tensor_parallel = 8}, gpt2()), 10 * 8 + (8 + 10) * 6283);
}

// Parameters of a rank.

ModelWork gpt2_rank(const Parallelism &parallelism, const Decoder &decoder = gpt2()) {
  return model_work(graph_of(decoder, 1024), decoder, parallelism, plain_training(),
                    unit_machine());
}

TEST(RankParameters, OfOneRankAreTheModels) {
  const ModelWork work = gpt2_rank({});
  EXPECT_EQ(work.embedding.parameters + work.layers.parameters + work.head.parameters, 124'439'808);
  EXPECT_EQ(work.tied_output_parameters, 50257.0 * 768);
}

TEST(RankParameters, ShareMatricesAndKeepNormsAndPositions) {
  const ModelWork work = gpt2_rank({.tensor_parallel = 4});
  // A layer's 12·h² + 9·h weights of products over four ranks; two norms of 2·h on each.
  EXPECT_EQ(work.layers.matrix_parameters, 12 * (12.0 * 768 * 768 + 9 * 768) / 4);
  EXPECT_EQ(work.layers.parameters, work.layers.matrix_parameters + 12 * 4 * 768);
  // The table padded to 50,260 rows; all 1,024 positions.
  EXPECT_NEAR(work.embedding.parameters, 50260.0 / 4 * 768 + 1024 * 768, 1e-6); // of a weight
  EXPECT_EQ(work.head.parameters, 2 * 768);
}

TEST(RankParameters, ArePaddedAsTheModelAsks) {
  Decoder decoder = gpt2();
  decoder.vocabulary_multiple = 128;
  const ModelWork work = gpt2_rank({.tensor_parallel = 8}, decoder);
  EXPECT_NEAR(work.tied_output_parameters, 51200.0 / 8 * 768, 1e-6);
}

TEST(RankParameters, OfAnUntiedOutputAreNoCopy) {
  Decoder decoder = gpt2();
  decoder.tied_embeddings = false;
  const ModelWork work = gpt2_rank({}, decoder);
  EXPECT_EQ(work.tied_output_parameters, 0);
  EXPECT_EQ(work.head.parameters, 50257.0 * 768 + 2 * 768);
}

} // namespace
} // namespace flopcast
