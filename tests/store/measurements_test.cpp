// SPDX-License-Identifier: Apache-2.0
#include "store/measurements.hpp"

#include "store/sha256.hpp"
#include "tests/store/stored_examples.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

namespace flopcast {
namespace {

using namespace units;
using testing::ElementsAre;
using tests::example_product;
using tests::example_session;

Database in_memory() { return Database(":memory:"); }

TEST(OperatorKey, IsTheHashOfItsDocumentedText) {
  // The text by the definition in measurements.hpp, the hash of it by sha256sum.
  EXPECT_EQ(
      sha256(
          "batch=1\nbytes=4.58752e+05\ncache=warm\ncausal=true\ncolumns=256\ndepth=128\n"
          "expert_width=0\nflops=3.3554432e+07\nformat=bf16\nkernels=2\nkind=gemm\npass=backward\n"
          "rows=512\ntokens=0\nuneven=false\n"),
      "7225fb7b08db8a62efe8e22650bf521b21c08ad85d66911b929d85298417d6c3");
  EXPECT_EQ(operator_key(example_product().call, CacheState::warm),
            "7225fb7b08db8a62efe8e22650bf521b21c08ad85d66911b929d85298417d6c3");
}

TEST(OperatorKey, TellsCallsApartByEveryMember) {
  const OperatorCall call = example_product().call;
  std::set<std::string> keys{operator_key(call, CacheState::warm),
                             operator_key(call, CacheState::cold)};
  const auto add = [&](auto change) {
    OperatorCall changed = call;
    change(changed);
    keys.insert(operator_key(changed, CacheState::warm));
  };
  add([](OperatorCall &c) { c.kind = OperatorClass::batched_gemm; });
  add([](OperatorCall &c) { c.pass = Pass::forward; });
  add([](OperatorCall &c) { c.format = NumberFormat::fp16; });
  add([](OperatorCall &c) { c.flops += 1.0 * flop; });
  add([](OperatorCall &c) { c.bytes += 1.0 * byte; });
  add([](OperatorCall &c) { c.kernels = 3; });
  add([](OperatorCall &c) { c.shape.batch = 2; });
  add([](OperatorCall &c) { c.shape.rows = 513; });
  add([](OperatorCall &c) { c.shape.columns = 257; });
  add([](OperatorCall &c) { c.shape.depth = 129; });
  add([](OperatorCall &c) { c.causal = false; });
  add([](OperatorCall &c) { c.expert_width = 1408; });
  add([](OperatorCall &c) { c.tokens = 4096; });
  add([](OperatorCall &c) { c.uneven = true; });
  EXPECT_EQ(keys.size(), 16U); // both caches, and fourteen members
}

TEST(MeasurementSession, ComesBackAsItWasStarted) {
  const Database store = in_memory();
  const MeasurementSession started = start_session(store, example_session());
  MeasurementSession expected = example_session();
  expected.id = started.id;
  EXPECT_THAT(measurement_sessions(store), ElementsAre(expected));
}

TEST(MeasurementSession, HasAnIdOfItsOwn) {
  const Database store = in_memory();
  EXPECT_NE(start_session(store, example_session()).id, start_session(store, example_session()).id);
}

TEST(MeasurementSession, IsResumedUntilItIsFinished) {
  const Database store = in_memory();
  const auto like = example_session();
  EXPECT_EQ(find_unfinished_session(store, like), std::nullopt);
  const MeasurementSession session = start_session(store, example_session());
  EXPECT_EQ(find_unfinished_session(store, like), session);
  finish_session(store, session.id);
  EXPECT_EQ(find_unfinished_session(store, like), std::nullopt);
  EXPECT_TRUE(measurement_sessions(store).front().finished);
}

TEST(MeasurementSession, OfAnotherKindIsNotResumed) {
  const Database store = in_memory();
  static_cast<void>(start_session(store, example_session()));
  const auto found = [&](auto change) {
    MeasurementSession session = example_session();
    change(session);
    return find_unfinished_session(store, session).has_value();
  };
  EXPECT_TRUE(found([](MeasurementSession &s) { s.description.clear(); }));
  EXPECT_FALSE(found([](MeasurementSession &s) { s.device = "h100-sxm"; }));
  EXPECT_FALSE(found([](MeasurementSession &s) { s.back_end = "cpu"; }));
  EXPECT_FALSE(found([](MeasurementSession &s) { s.software = "CUDA 12.9"; }));
  EXPECT_FALSE(found([](MeasurementSession &s) { s.plan = "full"; }));
}

TEST(MeasurementSession, IsResumedFromItsNewest) {
  const Database store = in_memory();
  MeasurementSession newer = example_session();
  newer.started += std::chrono::seconds(1);
  newer = start_session(store, newer);
  const MeasurementSession older = start_session(store, example_session());
  EXPECT_EQ(find_unfinished_session(store, newer), newer);
  EXPECT_THAT(measurement_sessions(store), ElementsAre(older, newer));
}

TEST(MeasuredOperator, KeepsWhichOperatorOfItsClassItIs) {
  const Database store = in_memory();
  const std::string session = start_session(store, example_session()).id;
  MeasuredOperator copy = example_product();
  copy.call.kind = OperatorClass::elementwise;
  copy.call.variant = OperatorVariant::copy;
  MeasuredOperator sum = copy;
  sum.call.variant = OperatorVariant::usual;
  EXPECT_TRUE(add_measured_operator(store, session, copy));
  EXPECT_TRUE(add_measured_operator(store, session, sum)); // another key
  EXPECT_THAT(measured_operators(store, session), ElementsAre(copy, sum));
}

TEST(MeasuredOperator, ComesBackToTheBit) {
  const Database store = in_memory();
  const std::string session = start_session(store, example_session()).id;
  MeasuredOperator plain; // no clock, no power, zeros
  EXPECT_TRUE(add_measured_operator(store, session, example_product()));
  EXPECT_TRUE(add_measured_operator(store, session, plain));
  EXPECT_THAT(measured_operators(store, session), ElementsAre(example_product(), plain));
}

TEST(MeasuredOperator, OfEveryClassAndFormatComesBack) {
  const Database store = in_memory();
  const std::string session = start_session(store, example_session()).id;
  std::vector<MeasuredOperator> added;
  for (const auto &[kind_name, kind] : operator_class_names())
    for (const auto &[format_name, format] : number_format_names()) {
      added.push_back(example_product());
      added.back().call.kind = kind;
      added.back().call.format = format;
      EXPECT_TRUE(add_measured_operator(store, session, added.back()));
    }
  EXPECT_EQ(measured_operators(store, session), added);
}

TEST(MeasuredOperator, IsKeptOnceInASession) {
  const Database store = in_memory();
  const std::string session = start_session(store, example_session()).id;
  const std::string other = start_session(store, example_session()).id;
  const MeasuredOperator first = example_product();
  MeasuredOperator again = first;
  again.median *= 2;
  EXPECT_FALSE(already_measured(store, session, first.call, first.cache));
  EXPECT_TRUE(add_measured_operator(store, session, first));
  EXPECT_TRUE(already_measured(store, session, first.call, first.cache));
  EXPECT_FALSE(already_measured(store, session, first.call, CacheState::cold));
  EXPECT_FALSE(already_measured(store, other, first.call, first.cache));
  EXPECT_FALSE(add_measured_operator(store, session, again));
  EXPECT_THAT(measured_operators(store, session), ElementsAre(first));
  EXPECT_TRUE(add_measured_operator(store, other, again));
}

TEST(MeasuredOperator, NeedsItsSession) {
  const Database store = in_memory();
  EXPECT_THROW(add_measured_operator(store, "none", example_product()), StoreError);
}

} // namespace
} // namespace flopcast
