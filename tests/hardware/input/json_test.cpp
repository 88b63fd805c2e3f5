// SPDX-License-Identifier: Apache-2.0
#include "hardware/input/value.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <string>

namespace flopcast {
namespace {

using testing::HasSubstr;

const InputValue &at(const InputValue &table, const std::string &key) {
  return std::get<InputTable>(table.data).at(key);
}

std::string refusal(const std::string &text) {
  try {
    (void)parse_json(text, "config.json");
  } catch (const InputError &error) {
    return error.what();
  }
  return "";
}

TEST(Json, KeepsTypesAndPlaces) {
  const InputValue root = parse_json("{\n  \"layers\": 61,\n  \"theta\": 1e6,\n"
                                     "  \"tied\": true, \"inner\": {\"layers\": 3},\n"
                                     "  \"names\": [\"layers\", \"b\"]\n}\n",
                                     "config.json");
  EXPECT_EQ(std::get<std::int64_t>(at(root, "layers").data), 61);
  EXPECT_EQ(std::get<double>(at(root, "theta").data), 1e6);
  EXPECT_EQ(std::get<bool>(at(root, "tied").data), true);
  EXPECT_EQ(std::get<std::int64_t>(at(at(root, "inner"), "layers").data), 3);
  const auto &names = std::get<InputArray>(at(root, "names").data);
  ASSERT_EQ(names.size(), 2U);
  EXPECT_EQ(std::get<std::string>(names[1].data), "b");
  const Place &tied = at(root, "tied").place;
  EXPECT_EQ(tied.line, 4);
  EXPECT_EQ(tied.column, 3);
  const Place &inner = at(at(root, "inner"), "layers").place;
  EXPECT_EQ(inner.line, 4) << "the inner key, not the one of line 2";
  EXPECT_EQ(inner.column, 27);
}

TEST(Json, LeavesNullsOut) {
  const InputValue root = parse_json(R"({"window": null, "list": [null, 2]})", "config.json");
  EXPECT_FALSE(std::get<InputTable>(root.data).contains("window"));
  EXPECT_EQ(std::get<InputArray>(at(root, "list").data).size(), 1U);
}

TEST(Json, HoldsIntegersThatAreTooLargeAsNumbers) {
  const InputValue root = parse_json(R"({"n": 18446744073709551615})", "config.json");
  EXPECT_EQ(std::get<double>(at(root, "n").data), 18446744073709551615.0);
}

TEST(Json, NamesThePlaceOfAnError) {
  EXPECT_THAT(refusal("{\n  \"a\": 1,\n  \"b\": oops\n}"), HasSubstr("config.json:3:8"));
  EXPECT_THAT(refusal("[1, 2]"), HasSubstr("config.json:1:1: expected a JSON object"));
  EXPECT_THAT(refusal(""), HasSubstr("config.json:1:1"));
  EXPECT_THAT(refusal("{\"a\": 1e999}"), HasSubstr("no double"));
}

TEST(Json, RefusesWhatNestsTooDeep) {
  std::string deep = "{\"a\":";
  deep += std::string(100'000, '[') + std::string(100'000, ']') + "}";
  EXPECT_THAT(refusal(deep), HasSubstr("more than 64 levels deep"));
}

} // namespace
} // namespace flopcast
