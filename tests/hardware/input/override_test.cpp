// SPDX-License-Identifier: Apache-2.0
#include "hardware/input/value.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <string>

namespace flopcast {
namespace {

using testing::HasSubstr;
using testing::StartsWith;
using testing::ThrowsMessage;

InputValue plan() {
  return parse_toml("name = \"plan\"\n"
                    "[parallelism]\n"
                    "tensor_parallel = 4\n",
                    "plan.toml");
}

/// The value at a key of the root after `--set`.
InputValue set(std::string_view assignment, std::string_view key = "x") {
  InputValue root = plan();
  apply_override(root, assignment);
  return std::get<InputTable>(root.data).find(key)->second;
}

TEST(Override, ReadsTheTypesOfToml) {
  EXPECT_EQ(std::get<std::int64_t>(set("x=8").data), 8);
  EXPECT_EQ(std::get<double>(set("x=0.5").data), 0.5);
  EXPECT_EQ(std::get<double>(set("x=300e9").data), 300e9);
  EXPECT_EQ(std::get<bool>(set("x=true").data), true);
  EXPECT_EQ(std::get<Date>(set("x=2026-11-23").data), (Date{2026, 11, 23}));
  EXPECT_EQ(std::get<std::string>(set("x=\"8\"").data), "8");
  EXPECT_EQ(std::get<InputArray>(set("x=[1, 2]").data).size(), 2U);
  EXPECT_EQ(std::get<InputTable>(set("x={a = 1}").data).size(), 1U);
}

TEST(Override, TakesWhatIsNoTomlAsText) {
  EXPECT_EQ(std::get<std::string>(set("x=h100").data), "h100");
  EXPECT_EQ(std::get<std::string>(set("x=2.10 USD/(GPU*h)").data), "2.10 USD/(GPU*h)");
  EXPECT_EQ(std::get<std::string>(set("x=a=b").data), "a=b");
  EXPECT_EQ(std::get<std::string>(set("x=").data), "");
}

TEST(Override, ASecondLineIsTextAndSetsNoOtherKey) {
  for (const std::string value : {"1\nname = 2", "1\n[name]", "1\r\nname = 2", "[]\n[[value]]\na=1",
                                  "{}\n[value.a]", "1\nvalue.b = 2"}) {
    InputValue root = plan();
    apply_override(root, "x=" + value);
    const auto &table = std::get<InputTable>(root.data);
    EXPECT_EQ(std::get<std::string>(table.find("x")->second.data), value);
    EXPECT_EQ(std::get<std::string>(table.find("name")->second.data), "plan") << value;
    EXPECT_EQ(table.size(), 3U) << value;
  }
}

TEST(Override, ReplacesANestedValueAndLeavesTheRest) {
  InputValue root = plan();
  apply_override(root, "parallelism.tensor_parallel=8");
  apply_override(root, "parallelism.pipeline_parallel=2");
  const auto &table = std::get<InputTable>(root.data);
  const auto &parallelism = std::get<InputTable>(table.find("parallelism")->second.data);
  EXPECT_EQ(std::get<std::int64_t>(parallelism.find("tensor_parallel")->second.data), 8);
  EXPECT_EQ(std::get<std::int64_t>(parallelism.find("pipeline_parallel")->second.data), 2);
  EXPECT_EQ(table.size(), 2U);
}

TEST(Override, CreatesTheTablesOnItsPath) {
  const InputValue a = set("a.b.c=1", "a");
  const auto &b = std::get<InputTable>(a.data).find("b")->second;
  EXPECT_EQ(std::get<std::int64_t>(std::get<InputTable>(b.data).find("c")->second.data), 1);
}

TEST(Override, LaterOneWins) {
  InputValue root = plan();
  apply_override(root, "x=1");
  apply_override(root, "x=2");
  const auto &table = std::get<InputTable>(root.data);
  EXPECT_EQ(std::get<std::int64_t>(table.find("x")->second.data), 2);
}

TEST(Override, PlaceNamesTheOption) {
  const Place place = set("x=8").place;
  EXPECT_EQ(to_text(Diagnostic{place, "wrong"}), "--set x=8: wrong");
}

TEST(Override, WithoutAKeyOrAnEqualsSignIsRefused) {
  InputValue root = plan();
  EXPECT_THAT(
      [&] { apply_override(root, "x"); },
      ThrowsMessage<InputError>(testing::AllOf(StartsWith("--set x: "), HasSubstr("key=value"))));
  EXPECT_THROW(apply_override(root, "=8"), InputError);
  EXPECT_THROW(apply_override(root, ""), InputError);
}

TEST(Override, ThroughWhatIsNoTableIsRefused) {
  InputValue root = plan();
  EXPECT_THAT([&] { apply_override(root, "name.first=8"); },
              ThrowsMessage<InputError>(HasSubstr("\"name.first\" is no path of keys")));
  apply_override(root, "x=5");
  EXPECT_THROW(apply_override(root, "x.y=8"), InputError);
}

TEST(Override, EmptyPartOfAPathIsRefused) {
  for (const char *assignment : {".x=1", "x.=1", "x..y=1", ".=1"}) {
    InputValue root = plan();
    EXPECT_THROW(apply_override(root, assignment), InputError) << assignment;
  }
}

TEST(Override, RefusedOneLeavesThePlanAsItWas) {
  InputValue root = plan();
  EXPECT_THROW(apply_override(root, "fresh..y=1"), InputError);
  EXPECT_FALSE(std::get<InputTable>(root.data).contains("fresh"));
}

TEST(Override, HostileDepthEndsInAnError) {
  InputValue root = plan();
  std::string path = "a";
  for (int level = 0; level < 20'000; ++level)
    path += ".a";
  EXPECT_THROW(apply_override(root, path + "=1"), InputError);
  EXPECT_THROW(apply_override(root, "x={" + path + "=1}"), InputError);
}

} // namespace
} // namespace flopcast
