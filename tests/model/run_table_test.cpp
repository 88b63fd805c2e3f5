// SPDX-License-Identifier: Apache-2.0
#include "model/validation/run_table.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace flopcast {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using testing::ThrowsMessage;

RunTable read(const std::string &text) { return read_run_table(text, "runs.csv"); }

TEST(RunTable, TypesEveryColumnAndLeavesBlanksOut) {
  const RunTable table = read("id,framework,gpu,n_gpus,tp,grad_accum,params,step_time_s,core\n"
                              "a,Megatron-LM,H100, 64 ,8,24.0,25.6e6,1.5,1\n"
                              "b,,H100,,,,,,0\n");
  ASSERT_THAT(table.runs, SizeIs(2));
  const RunRecord &a = table.runs[0];
  EXPECT_EQ(a.framework, "Megatron-LM");
  EXPECT_EQ(a.n_gpus, 64);
  EXPECT_EQ(a.tp, 8);
  EXPECT_EQ(a.grad_accum, 24); // some sources print counts with a decimal
  EXPECT_EQ(a.params, 25.6e6);
  EXPECT_EQ(a.step_time_s, 1.5);
  EXPECT_TRUE(a.core);
  const RunRecord &b = table.runs[1];
  EXPECT_EQ(b.n_gpus, std::nullopt);
  EXPECT_EQ(b.step_time_s, std::nullopt);
  EXPECT_EQ(b.framework, "");
  EXPECT_FALSE(b.core);
}

TEST(RunTable, ColumnsStandInAnyOrder) {
  const RunTable table = read("step_time_s,n_gpus,gpu,framework,id\n2,8,A100,x,a\n");
  EXPECT_EQ(table.runs.at(0).step_time_s, 2);
  EXPECT_EQ(table.runs.at(0).id, "a");
}

TEST(RunTable, NamesUnknownColumnsOnceAndKeepsThemToGroupBy) {
  const RunTable table = read("id,framework,gpu,n_gpus,site\na,x,A100,8,Oslo\nb,x,A100,8,Bergen\n");
  EXPECT_THAT(table.unknown_columns, ElementsAre("site"));
  EXPECT_EQ(table.runs.at(1).fields.at("site"), "Bergen");
}

TEST(RunTable, ByteOrderMarkAndLinesAtTheEndAreNoRuns) {
  const RunTable table = read("\xEF\xBB\xBFid,framework,gpu,n_gpus\r\na,x,A100,8\r\n\r\n\n");
  EXPECT_THAT(table.runs, SizeIs(1));
  EXPECT_EQ(table.runs.front().id, "a");
}

TEST(RunTable, ARunWithoutAGroupIsAGroupOfItsOwn) {
  const RunTable table = read("id,framework,gpu,n_gpus,split_group\na,x,A100,8,\nb,x,A100,8,g\n");
  EXPECT_EQ(table.runs.at(0).split_group, "a");
  EXPECT_EQ(table.runs.at(1).split_group, "g");
}

TEST(RunTable, WhatIsNoNumberIsAProblemOfItsRunWithItsPlace) {
  const RunTable table = read("id,framework,gpu,n_gpus,seq_len,vpp\n"
                              "a,x,A100,8,128/512,n/a\n"
                              "b,x,A100,-8,512,\n"
                              "c,x,A100,1.5,512,\n");
  ASSERT_THAT(table.runs[0].problems, SizeIs(1)); // n/a is a blank
  EXPECT_THAT(to_text(table.runs[0].problems[0]), HasSubstr("runs.csv:2:12: seq_len: \"128/512\""));
  ASSERT_THAT(table.runs[1].problems, SizeIs(1));
  EXPECT_THAT(to_text(table.runs[1].problems[0]), HasSubstr("runs.csv:3:10: n_gpus: \"-8\""));
  ASSERT_THAT(table.runs[2].problems, SizeIs(1));
  EXPECT_THAT(to_text(table.runs[2].problems[0]), HasSubstr("no whole number"));
}

TEST(RunTable, ATableOfSomethingElseIsRefused) {
  EXPECT_THAT([] { (void)read("name,price\nx,1\n"); },
              ThrowsMessage<InputError>(HasSubstr("runs.csv:1:1: no column \"id\"")));
  EXPECT_THAT([] { (void)read(""); }, ThrowsMessage<InputError>(HasSubstr("header")));
}

TEST(RunTable, ARowOfAnotherLengthOrWithoutAnIdIsRefused) {
  EXPECT_THAT([] { (void)read("id,framework,gpu,n_gpus\na,x,A100\n"); },
              ThrowsMessage<InputError>(HasSubstr("runs.csv:2:1: the row has 3 fields")));
  EXPECT_THAT([] { (void)read("id,framework,gpu,n_gpus\n,x,A100,8\n"); },
              ThrowsMessage<InputError>(HasSubstr("runs.csv:2:1: the run has no id")));
}

TEST(RunTable, AColumnThatIsThereTwiceIsRefused) {
  EXPECT_THAT([] { (void)read("id,framework,gpu,n_gpus,gpu\na,x,A100,8,H100\n"); },
              ThrowsMessage<InputError>(HasSubstr("runs.csv:1:25: the column \"gpu\"")));
}

} // namespace
} // namespace flopcast
