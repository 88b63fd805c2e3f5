// SPDX-License-Identifier: Apache-2.0
#include "hardware/input/csv.hpp"
#include "reports/explanation_report.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <limits>

namespace flopcast::tests {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::Not;

Explanation node(std::string key, double value, std::string text) {
  Explanation made;
  made.key = std::move(key);
  made.label = "label of " + made.key;
  made.value = {value, {}};
  made.text = std::move(text);
  return made;
}

/// a = b + c, b = d
Explanation chain() {
  Explanation a = node("a", 3, "3");
  Explanation b = node("b", 1, "1");
  Explanation d = node("d", 1, "1");
  d.origin = Origin::given;
  d.source = "plan: d";
  b.formula = "d";
  b.inputs.push_back(std::move(d));
  a.formula = "b + c";
  a.source = "docs/method.md";
  a.inputs.push_back(std::move(b));
  a.inputs.push_back(node("c", 2, "2"));
  return a;
}

constexpr TextStyle plain{.colour = false, .width = 100};

TEST(ExplanationText, IndentsByLevel) {
  EXPECT_EQ(explanation_text(chain(), 2, plain), "label of a = 3  [computed]\n"
                                                 "    = b + c\n"
                                                 "    from docs/method.md\n"
                                                 "  label of b = 1  [computed]\n"
                                                 "      = d\n"
                                                 "    label of d = 1  [given]\n"
                                                 "        from plan: d\n"
                                                 "  label of c = 2  [computed]\n");
}

TEST(ExplanationText, StopsAtTheDepth) {
  EXPECT_THAT(explanation_text(chain(), 1, plain), Not(HasSubstr("label of d")));
  EXPECT_THAT(explanation_text(chain(), 0, plain), Not(HasSubstr("label of b")));
}

TEST(ExplanationJson, IsATree) {
  const json root = json::parse(explanation_json(chain(), 5));
  EXPECT_EQ(root["kind"], "explanation");
  EXPECT_EQ(root["inputs"][0]["inputs"][0]["origin"], "given");
  EXPECT_EQ(root["inputs"][1]["value"], 2);
  EXPECT_TRUE(root["inputs"][1]["inputs"].empty());
}

TEST(ExplanationJson, TextThatIsNoUtf8DoesNotThrow) {
  EXPECT_TRUE(json::accept(explanation_json(node("\xff", 1, "\xc3"), 1)));
}

// explain() marks a number that the plan does not reach by the text "–".
TEST(ExplanationOutput, AnAbsentNumberHasNoValue) {
  const Explanation absent = node("a", 0, "–");
  EXPECT_TRUE(json::parse(explanation_json(absent, 1))["value"].is_null());
  const auto rows = parse_csv(explanation_csv(absent, 1), "out.csv",
                              {"depth", "key", "value", "text", "origin", "formula", "source"});
  EXPECT_EQ(rows.at(0).at("value"), "");
  const Explanation zero = node("a", 0, "0 s");
  EXPECT_EQ(json::parse(explanation_json(zero, 1))["value"], 0);
  const Explanation undefined = node("a", std::numeric_limits<double>::quiet_NaN(), "?");
  EXPECT_TRUE(json::parse(explanation_json(undefined, 1))["value"].is_null());
}

TEST(ExplanationMarkdown, EscapesNamesThatUsersGive) {
  Explanation hostile = node("a", 1, "1 <b>");
  hostile.label = "*staff*";
  hostile.formula = "a_b * c_d";
  hostile.source = "<script>";
  EXPECT_EQ(explanation_markdown(hostile, 1),
            "- **\\*staff\\*** = 1 \\<b> (computed): a\\_b \\* c\\_d; \\<script>\n");
}

} // namespace
} // namespace flopcast::tests
