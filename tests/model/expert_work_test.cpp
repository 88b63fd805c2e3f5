// SPDX-License-Identifier: Apache-2.0
// What a rank holds, computes and sends of layers with experts.
#include "model/execution/work.hpp"
#include "tests/model/examples.hpp"

#include <gmock/gmock.h>

namespace flopcast {
namespace {

using namespace tests;
using units::byte;
using units::second;

/// Two layers, h = 8, two heads of 4; the second has eight gated experts of width 6, two for a
/// token, and shared ones of width 4. 16 tokens.
Decoder small() {
  Decoder decoder = tiny();
  decoder.layers = 2;
  decoder.hidden = 8;
  decoder.head_dim = 4;
  decoder.context_length = 16;
  decoder.experts = MixtureOfExperts{.count = 8,
                                     .per_token = 2,
                                     .hidden = 6,
                                     .shared_hidden = 4,
                                     .dense_first = 1,
                                     .activation = Activation::swiglu};
  return decoder;
}

ModelWork work_of(const Decoder &decoder, const Parallelism &parallelism,
                  const Cluster &cluster = unit_machine(), std::int64_t micro_batch = 1) {
  Training training = plain_training();
  training.micro_batch = micro_batch;
  return model_work(graph_of(decoder, 16), decoder, parallelism, training, cluster);
}

constexpr double expert_weights = 8.0 * 3 * 8 * 6; // eight of three matrices
constexpr double layer_norms = 2 * 8;
constexpr double attention_weights = 4 * 8 * 8;
constexpr double router_weights = 8 * 8;
constexpr double shared_weights = 3 * 8 * 4;
constexpr double mlp_weights = 2 * 8 * 16;

TEST(ExpertRank, AloneHoldsAllOfThem) {
  const ModelWork work = work_of(small(), {});
  EXPECT_EQ(work.layers.expert_parameters, expert_weights);
  EXPECT_EQ(work.layers.expert_matrix_parameters, expert_weights);
  EXPECT_EQ(work.layers.parameters, 2 * (layer_norms + attention_weights) + mlp_weights +
                                        router_weights + shared_weights + expert_weights);
  EXPECT_EQ(work.layers.matrix_parameters, work.layers.parameters - 2 * layer_norms);
}

TEST(ExpertRank, HoldsItsShareOfExpertsAndOfTheirWidth) {
  Parallelism parallelism{.tensor_parallel = 2,
                          .sequence_parallel = true,
                          .expert_parallel = 4,
                          .expert_tensor_parallel = 1,
                          .data_parallel = 4};
  EXPECT_EQ(work_of(small(), parallelism).layers.expert_parameters, expert_weights / 4);
  parallelism.expert_tensor_parallel.reset(); // as tensor_parallel
  EXPECT_EQ(work_of(small(), parallelism).layers.expert_parameters, expert_weights / 8);
  // The router is whole on every rank, shared experts are split as the MLP is.
  EXPECT_EQ(work_of(small(), parallelism).layers.parameters,
            2 * layer_norms + router_weights +
                (2 * attention_weights + mlp_weights + shared_weights) / 2 + expert_weights / 8);
}

TEST(ExpertRank, OfLatentAttentionHoldsTheLatentProductsWhole) {
  Decoder decoder = tiny();
  decoder.position = Position::rotary;
  decoder.latent_attention = LatentAttention{.q_lora_rank = 3,
                                             .kv_lora_rank = 5,
                                             .qk_nope_head_dim = 2,
                                             .qk_rope_head_dim = 1,
                                             .v_head_dim = 3};
  const auto weights = [&](std::int64_t t) {
    return model_work(graph_of(decoder, 4), decoder,
                      {.tensor_parallel = t, .sequence_parallel = t > 1}, plain_training(),
                      unit_machine())
        .layers.matrix_parameters;
  };
  // 4·3 and 4·(5 + 1) whole; 3·6, 5·10, 6·4 and the MLP's 128 are shared.
  EXPECT_EQ(weights(1), 12 + 24 + 18 + 50 + 24 + 128);
  EXPECT_EQ(weights(2), 12 + 24 + (18 + 50 + 24 + 128) / 2);
}

TEST(ExpertRank, PartsOfLayersWithExpertsAreParts) {
  const ModelWork work = work_of(small(), {});
  Decoder dense = small();
  dense.experts.reset();
  dense.layers = 1;
  const ModelWork first = work_of(dense, {});
  EXPECT_EQ(work.layer_count, 2);
  EXPECT_EQ(work.expert_layer_count, 1);
  EXPECT_EQ(work.expert_layers.parameters + first.layers.parameters, work.layers.parameters);
  EXPECT_EQ((work.expert_layers.forward + first.layers.forward).in(second),
            work.layers.forward.in(second));
  EXPECT_EQ((work.expert_layers.saved + first.layers.saved).in(byte), work.layers.saved.in(byte));
}

TEST(ExpertExchange, SendsATokenOnceToEachPlaceWhereRowsAreDeduplicated) {
  Cluster cluster = unit_machine();
  cluster.node.scale_up_domain = 2;
  Parallelism parallelism{.expert_parallel = 4, .data_parallel = 4};
  const auto sent = [&] {
    return work_of(small(), parallelism, cluster).expert_exchange.dispatched.in(byte);
  };
  const double rows = sent(); // two of each token
  parallelism.expert_dispatch = ExpertDispatch::deduplicated;
  // Two domains: both rows go to the same one half of the time, 2 · (1 - 1/4) = 1.5.
  EXPECT_DOUBLE_EQ(sent() / rows, 1.5 / 2);
  // One domain of four ranks: 4 · (1 - (3/4)²) = 1.75.
  cluster.node.scale_up_domain = 4;
  EXPECT_DOUBLE_EQ(sent() / rows, 1.75 / 2);
}

TEST(ExpertExchange, ReachesTheGroupsThatATokenIsLimitedTo) {
  Cluster cluster = unit_machine();
  Decoder limited = small(); // 8 experts, of which two
  limited.experts->groups = 4;
  limited.experts->groups_per_token = 2;
  const auto rows = [&](std::int64_t ranks) {
    cluster.node.scale_up_domain = ranks;
    Parallelism parallelism{.expert_parallel = ranks, .data_parallel = ranks};
    const auto sent = [&] {
      return model_work(graph_of(limited, 16), limited, parallelism, plain_training(), cluster)
          .expert_exchange.dispatched.in(byte);
    };
    const double all = sent();
    parallelism.expert_dispatch = ExpertDispatch::deduplicated;
    return 2 * sent() / all;
  };
  // Each rank has a group: half of them are chosen, and both experts lie in one or in both of them.
  EXPECT_NEAR(rows(4), 4 * 0.5 * (1 - 0.25), 1e-12);
  // Each rank has half a group.
  EXPECT_NEAR(rows(8), 8 * 0.5 * (1 - 0.75 * 0.75), 1e-12);
  // Two groups on each of two: both chosen groups on one in a sixth of the draws, else one on each,
  // where both experts lie in the same in half of them.
  EXPECT_NEAR(rows(2), 2 * (1.0 / 6 + 4.0 / 6 * (1 - 0.25)), 1e-12);
}

TEST(ExpertRows, AreMovedAsTheirWayToExpertsAsks) {
  Parallelism parallelism{.expert_parallel = 4, .data_parallel = 4};
  const auto moved = [&](CallPart part) {
    double bytes = 0;
    for (const CountedCall &counted :
         counted_calls(graph_of(small(), 16), small(), parallelism, plain_training()))
      if (counted.role == OperatorRole::expert_dispatch && counted.part == part)
        bytes += counted.call.bytes.in(byte);
    return bytes;
  };
  // 16 tokens of 8 elements in two bytes, and as many probabilities; two rows of each token.
  constexpr double stream = 16 * 8 * 2;
  constexpr double read = 2 * stream;
  constexpr double rows = 2 * stream;
  // Copied by expert and rank, and sorted by expert where they arrive: read and written.
  EXPECT_EQ(moved(CallPart::forward), read + rows + 2 * rows);
  // Their gradients come back as they went.
  EXPECT_EQ(moved(CallPart::backward), moved(CallPart::forward));
  // 1.75 of each token's rows come, see above, and rows by expert are made of them.
  parallelism.expert_dispatch = ExpertDispatch::deduplicated;
  EXPECT_EQ(moved(CallPart::forward), read + rows * 1.75 / 2 + rows);
  EXPECT_EQ(moved(CallPart::backward), moved(CallPart::forward));
  // With one expert a token all its rows come once: sent from the stream, read, written.
  Decoder one = small();
  one.experts->per_token = 1;
  double bytes = 0;
  for (const CountedCall &counted :
       counted_calls(graph_of(one, 16), one, parallelism, plain_training()))
    if (counted.role == OperatorRole::expert_dispatch && counted.part == CallPart::forward)
      bytes += counted.call.bytes.in(byte);
  EXPECT_EQ(bytes, read + stream + stream);
  // Without other ranks they are copied once.
  parallelism = {};
  EXPECT_EQ(moved(CallPart::forward), read + rows);
}

TEST(ExpertBias, IsAddedByKernelsOfItsOwn) {
  Decoder plain = small();
  plain.bias = BiasTerms::none;
  Decoder biased = small();
  biased.bias = BiasTerms::all;
  biased.experts->activation = Activation::clamped_swiglu;
  Training training = plain_training();
  const auto elementwise = [&](const Decoder &decoder, Pass pass) {
    double bytes = 0;
    for (const OperatorCall &call : rank_calls(graph_of(decoder, 16), decoder, {}, training))
      // Of 32 rows: width 6, gate and up together 12, and 8 of the stream.
      if (call.kind == OperatorClass::elementwise && call.pass == pass && call.shape.rows == 32)
        bytes += call.bytes.in(byte);
    return bytes;
  };
  const auto more = [&](Pass pass) { return elementwise(biased, pass) - elementwise(plain, pass); };
  // Fused: the first bias is added in the activation's kernel, the second is 14 times 8.
  training.software.fused_clamping = 1;
  EXPECT_EQ(more(Pass::forward), 2 * 32 * (14 * 8));
  EXPECT_EQ(more(Pass::backward), 2 * 32 * (1 * 12 + 20 * 8));
  training.software.fused_clamping = 0;
  // One kernel reads 12 and writes 6, backward twice that.
  EXPECT_EQ(more(Pass::forward), 2 * 32 * (17 * 6 - 18 + 4 * 12 + 14 * 8));
  EXPECT_EQ(more(Pass::backward), 2 * 32 * (36 * 6 - 2 * 18 + 3 * 12 + 20 * 8));
}

/// The products of experts that a rank does forward: first in, then out.
std::vector<OperatorCall> grouped_calls(const Parallelism &parallelism,
                                        std::int64_t micro_batch = 1) {
  Training training = plain_training();
  training.micro_batch = micro_batch;
  std::vector<OperatorCall> calls =
      rank_calls(graph_of(small(), 16), small(), parallelism, training);
  std::erase_if(calls, [](const OperatorCall &call) {
    return call.kind != OperatorClass::grouped_gemm || call.pass != Pass::forward;
  });
  return calls;
}

TEST(GroupedShape, IsTheMeanOfAnExpert) {
  const std::vector<OperatorCall> calls = grouped_calls({}, 3);
  ASSERT_EQ(calls.size(), 2U);
  // 3 · 16 tokens · 2 rows / 8 experts = 12; gate and up beside each other.
  EXPECT_EQ(calls[0].shape, (MatrixShape{.batch = 8, .rows = 12, .columns = 12, .depth = 8}));
  EXPECT_EQ(calls[1].shape, (MatrixShape{.batch = 8, .rows = 12, .columns = 8, .depth = 6}));
  // Inputs, weights and outputs of all experts in two bytes.
  EXPECT_EQ(calls[0].bytes.in(byte), 8 * 2 * (12 * 8 + 8 * 12 + 12 * 12));
}

TEST(GroupedShape, HasFewerExpertsWithMoreRowsUnderExpertParallelism) {
  // Four ranks with 16 tokens each: 128 rows on 8 experts, two of them here.
  const std::vector<OperatorCall> calls = grouped_calls({.expert_parallel = 4, .data_parallel = 4});
  EXPECT_EQ(calls[0].shape, (MatrixShape{.batch = 2, .rows = 16, .columns = 12, .depth = 8}));
}

TEST(GroupedShape, HasNarrowerExpertsWhereTheirWidthIsShared) {
  const std::vector<OperatorCall> calls =
      grouped_calls({.tensor_parallel = 2, .sequence_parallel = true});
  EXPECT_EQ(calls[0].shape, (MatrixShape{.batch = 8, .rows = 4, .columns = 6, .depth = 8}));
  EXPECT_EQ(calls[1].shape, (MatrixShape{.batch = 8, .rows = 4, .columns = 8, .depth = 3}));
}

TEST(GroupedShape, HasTheRowsOfItsPartOfTheSequenceWhereExpertsAreWhole) {
  // Each of the two tensor-parallel ranks brings 8 tokens; the two hold four experts each.
  const std::vector<OperatorCall> calls = grouped_calls({.tensor_parallel = 2,
                                                         .sequence_parallel = true,
                                                         .expert_parallel = 2,
                                                         .expert_tensor_parallel = 1});
  EXPECT_EQ(calls[0].shape, (MatrixShape{.batch = 4, .rows = 4, .columns = 12, .depth = 8}));
}

TEST(GroupedShape, OfTheBusiestRankHasMoreRows) {
  const std::vector<OperatorCall> calls = grouped_calls({.expert_imbalance = 1.5});
  EXPECT_EQ(calls[0].shape.rows, 6); // 4 · 1.5
  EXPECT_TRUE(calls[0].uneven);
  EXPECT_FALSE(grouped_calls({})[0].uneven);
}

TEST(ExpertLoad, IsCappedByTheCapacityOrPaddedToIt) {
  EXPECT_EQ((Parallelism{.expert_imbalance = 1.5}.expert_load()), 1.5);
  EXPECT_EQ((Parallelism{.expert_imbalance = 1.5, .expert_capacity = 1.25}.expert_load()), 1.25);
  EXPECT_EQ((Parallelism{.expert_imbalance = 1.5, .expert_capacity = 2}.expert_load()), 1.5);
  EXPECT_EQ((Parallelism{.expert_capacity = 2, .expert_padding = true}.expert_load()), 2);
}

TEST(GroupedShape, HasNoMoreRowsThanTheCapacity) {
  const std::vector<OperatorCall> capped =
      grouped_calls({.expert_imbalance = 1.5, .expert_capacity = 1.25});
  EXPECT_EQ(capped[0].shape.rows, 5); // 4 · 1.25; what is above is dropped
  const std::vector<OperatorCall> padded =
      grouped_calls({.expert_capacity = 2, .expert_padding = true});
  EXPECT_EQ(padded[0].shape.rows, 8);
  EXPECT_FALSE(padded[0].uneven); // every expert has as many
}

double expert_flops(const Parallelism &parallelism) {
  double sum = 0;
  for (const OperatorCall &call : grouped_calls(parallelism))
    sum += call.flops.in(units::flop);
  return sum;
}

TEST(ExpertWork, OfARankIsItsTokensWhereverTheExpertsAre) {
  const double whole = 2 * 32 * (8 * 12 + 6 * 8); // 32 rows
  EXPECT_EQ(expert_flops({}), whole);
  EXPECT_EQ(expert_flops({.expert_parallel = 8, .data_parallel = 8}), whole);
  for (const std::int64_t width_sharers : {1, 2})
    EXPECT_EQ(expert_flops({.tensor_parallel = 2,
                            .sequence_parallel = true,
                            .expert_parallel = 2,
                            .expert_tensor_parallel = width_sharers,
                            .data_parallel = 4}),
              whole / 2);
  EXPECT_EQ(expert_flops({.context_parallel = 4}), whole / 4);
}

TEST(ExpertWork, BackwardIsTwiceForward) {
  const ModelWork work = work_of(small(), {}, compute_machine());
  EXPECT_EQ(work.layers.backward.in(second), 2 * work.layers.forward.in(second));
}

TEST(ExpertActivations, AreSplitAsTheRowsAre) {
  const auto saved = [](const Parallelism &parallelism) {
    return work_of(small(), parallelism).expert_layers.saved.in(byte);
  };
  // Kept of 32 rows: inputs of 8 and inner tensors of 12 and 6, in two bytes.
  const double rows = 2 * 32 * (8 + 12 + 6);
  const Parallelism whole{.tensor_parallel = 2,
                          .sequence_parallel = true,
                          .expert_parallel = 2,
                          .expert_tensor_parallel = 1};
  Parallelism shared = whole;
  shared.expert_parallel = 1;
  shared.expert_tensor_parallel = 2;
  // Ranks that share the width gather each other's rows: all inputs, half of the inner tensors.
  EXPECT_EQ(saved(shared) - saved(whole), 2 * 32 * 8 / 2);
  EXPECT_EQ(saved({.expert_imbalance = 2}) - saved({}), rows);
}

TEST(ExpertExchange, SendsARowForEachExpertOfEachToken) {
  // Three sequences of 16 tokens · 2 experts · 8 wide · 2 bytes.
  const ExpertExchange exchange =
      work_of(small(), {.expert_parallel = 4, .data_parallel = 4}, unit_machine(), 3)
          .expert_exchange;
  EXPECT_EQ(exchange.dispatched.in(byte), 3 * 16 * 2 * 8 * 2);
  EXPECT_EQ(exchange.gathered.in(byte), 0);
}

TEST(ExpertExchange, SendsThePartOfTheSequenceThatARankHas) {
  const ExpertExchange exchange = work_of(small(), {.tensor_parallel = 2,
                                                    .sequence_parallel = true,
                                                    .context_parallel = 2,
                                                    .expert_parallel = 2,
                                                    .expert_tensor_parallel = 2})
                                      .expert_exchange;
  EXPECT_EQ(exchange.dispatched.in(byte), 16 * 2 * 8 * 2 / 4);
  // Both that share an expert's width hold the rows of both.
  EXPECT_EQ(exchange.gathered.in(byte), 2 * exchange.dispatched.in(byte));
}

TEST(ExpertExchange, IsNothingOnOneRankOrWithoutExperts) {
  EXPECT_EQ(work_of(small(), {}).expert_exchange.dispatched, Bytes{});
  EXPECT_EQ(work_of(small(), {.data_parallel = 4}).expert_exchange.dispatched, Bytes{});
  EXPECT_EQ(
      work_of(gpt2(), {.tensor_parallel = 2, .sequence_parallel = true}).expert_exchange.gathered,
      Bytes{});
}

TEST(ExpertExchange, WithoutSequenceParallelismSumsTheExpertsParts) {
  // Attention, the MLP or the shared experts once each; the routed experts' parts once more.
  EXPECT_EQ(work_of(small(), {.tensor_parallel = 2, .sequence_parallel = true}).layers.all_reduces,
            4);
  const ModelWork replicated = work_of(small(), {.tensor_parallel = 2});
  EXPECT_EQ(replicated.layers.all_reduces, 5);
  EXPECT_EQ(replicated.expert_exchange.gathered, Bytes{});
}

TEST(ExpertTraffic, SortsTheRowsAgainWhereTheyComeFromOtherRanks) {
  const auto traffic = [](std::int64_t expert_parallel) {
    double bytes = 0;
    for (const OperatorCall &call :
         rank_calls(graph_of(small(), 16), small(),
                    {.expert_parallel = expert_parallel, .data_parallel = 2}, plain_training()))
      if (call.kind == OperatorClass::elementwise && call.pass == Pass::forward)
        bytes += call.bytes.in(byte);
    return bytes;
  };
  // 32 rows of 8 in two bytes, read and written, on the way there and on the way back.
  EXPECT_EQ(traffic(2) - traffic(1), 2 * 2 * 32 * 8 * 2);
}

TEST(PredictionWork, IsApartFromLayersAndHead) {
  Decoder further = small();
  further.prediction_layers = 1;
  const ModelWork with = work_of(further, {.tensor_parallel = 2, .sequence_parallel = true});
  const ModelWork without = work_of(small(), {.tensor_parallel = 2, .sequence_parallel = true});
  EXPECT_EQ(with.layers.parameters, without.layers.parameters);
  EXPECT_EQ(with.head.forward, without.head.forward);
  EXPECT_EQ(with.tied_output_parameters, without.tied_output_parameters);
  EXPECT_EQ(with.prediction_count, 1);
  EXPECT_EQ(with.expert_prediction_count, 1);
  // The last layer has experts, and so has the one that predicts further.
  EXPECT_EQ(with.prediction.expert_parameters, expert_weights / 2);
  EXPECT_EQ(with.prediction.parameters,
            layer_norms + 3 * 8 + router_weights +
                (attention_weights + shared_weights + 2 * 8 * 8 + expert_weights) / 2);
  EXPECT_EQ(with.prediction_table_parameters, 8.0 * 8 / 2);
  EXPECT_EQ(without.prediction.parameters, 0);
}

TEST(ExpertGroups, DivideTheRanksOfAStage) {
  const Parallelism parallelism{.tensor_parallel = 2,
                                .pipeline_parallel = 3,
                                .context_parallel = 2,
                                .expert_parallel = 8,
                                .expert_tensor_parallel = 1,
                                .data_parallel = 16};
  // 2·2·16 = 64 ranks: eight hold the same experts.
  EXPECT_EQ(parallelism.expert_group().size, 8);
  EXPECT_EQ(parallelism.expert_group().stride, 1);
  EXPECT_EQ(parallelism.expert_gradient_group().size, 8);
  EXPECT_EQ(parallelism.expert_gradient_group().stride, 8);
  Parallelism shared = parallelism;
  shared.expert_tensor_parallel.reset();
  EXPECT_EQ(shared.expert_tensor_group().size, 2);
  EXPECT_EQ(shared.expert_group().stride, 2);
  EXPECT_EQ(shared.expert_gradient_group().size, 4);
  EXPECT_EQ(shared.expert_gradient_group().stride, 16);
}

TEST(ExpertGroups, OfADenseLayoutAreThoseOfItsGradients) {
  const Parallelism parallelism{.tensor_parallel = 4, .context_parallel = 2, .data_parallel = 8};
  EXPECT_EQ(parallelism.expert_gradient_group().size, parallelism.gradient_group().size);
  EXPECT_EQ(parallelism.expert_gradient_group().stride, parallelism.gradient_group().stride);
}

} // namespace
} // namespace flopcast
