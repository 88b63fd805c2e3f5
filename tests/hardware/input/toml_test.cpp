// SPDX-License-Identifier: Apache-2.0
#include "hardware/input/value.hpp"
#include "tests/hardware/presets/temporary_presets.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>

namespace flopcast {
namespace {

using testing::HasSubstr;
using testing::StartsWith;
using testing::ThrowsMessage;

const InputValue &at(const InputValue &table, std::string_view key) {
  return std::get<InputTable>(table.data).find(key)->second;
}

/// Line and column.
std::pair<int, int> place_of(const InputValue &value) {
  EXPECT_EQ(value.place.file, "f.toml");
  return {value.place.line, value.place.column};
}

InputValue parse(std::string_view text) { return parse_toml(text, "f.toml"); }

using At = std::pair<int, int>;

TEST(Toml, KeepsEveryTypeApart) {
  const InputValue root = parse("flag = true\n"
                                "count = 12\n"
                                "big = 300e9\n"
                                "name = \"x\"\n"
                                "day = 2026-11-23\n"
                                "list = [1, \"a\"]\n"
                                "[table]\n");
  EXPECT_EQ(std::get<bool>(at(root, "flag").data), true);
  EXPECT_EQ(std::get<std::int64_t>(at(root, "count").data), 12);
  EXPECT_EQ(std::get<double>(at(root, "big").data), 300e9);
  EXPECT_EQ(std::get<std::string>(at(root, "name").data), "x");
  EXPECT_EQ(std::get<Date>(at(root, "day").data), (Date{2026, 11, 23}));
  EXPECT_EQ(std::get<InputArray>(at(root, "list").data).size(), 2U);
  EXPECT_TRUE(std::get<InputTable>(at(root, "table").data).empty());
}

TEST(Toml, AValueIsPlacedWhereItBegins) {
  const InputValue root = parse("name = \"x\"\n"
                                "  count = 12\n");
  EXPECT_EQ(place_of(at(root, "name")), (At{1, 8}));
  EXPECT_EQ(place_of(at(root, "count")), (At{2, 11}));
}

TEST(Toml, ATableIsPlacedAtItsNameInTheHeader) {
  const InputValue root = parse("[memory]\n"
                                "capacity = 1\n"
                                "\n"
                                "[a.b]\n"
                                "c = 2\n");
  EXPECT_EQ(place_of(at(root, "memory")), (At{1, 2}));
  EXPECT_EQ(place_of(at(at(root, "memory"), "capacity")), (At{2, 12}));
  EXPECT_EQ(place_of(at(root, "a")), (At{4, 2}));
  EXPECT_EQ(place_of(at(at(root, "a"), "b")), (At{4, 4}));
  EXPECT_EQ(place_of(at(at(at(root, "a"), "b"), "c")), (At{5, 5}));
}

TEST(Toml, DottedKeysArePlacedPartByPart) {
  const InputValue root = parse("\nmemory.capacity = 5\n");
  EXPECT_EQ(place_of(at(root, "memory")), (At{2, 1}));
  EXPECT_EQ(place_of(at(at(root, "memory"), "capacity")), (At{2, 19}));
}

TEST(Toml, ElementsOfAnArrayHaveTheirOwnPlaces) {
  const InputValue root = parse("list = [1,\n"
                                "        2]\n");
  const InputValue &list = at(root, "list");
  EXPECT_EQ(place_of(list), (At{1, 1}));
  EXPECT_EQ(place_of(std::get<InputArray>(list.data)[0]), (At{1, 9}));
  EXPECT_EQ(place_of(std::get<InputArray>(list.data)[1]), (At{2, 9}));
}

TEST(Toml, TablesOfAnArrayArePlacedAtTheirHeaders) {
  const InputValue root = parse("[[run]]\n"
                                "n = 1\n"
                                "[[run]]\n"
                                "n = 2\n");
  const auto &runs = std::get<InputArray>(at(root, "run").data);
  ASSERT_EQ(runs.size(), 2U);
  EXPECT_EQ(runs[0].place.line, 1);
  EXPECT_EQ(runs[1].place.line, 3);
  EXPECT_EQ(place_of(at(runs[1], "n")), (At{4, 5}));
}

TEST(Toml, ColumnsCountCharactersNotBytes) {
  // µ is two bytes of UTF-8: the second value is the 19th character and the 20th byte.
  const InputValue root = parse("t = {a = \"µ\", b = 2}\n");
  EXPECT_EQ(place_of(at(at(root, "t"), "b")), (At{1, 19}));
}

TEST(Toml, SyntaxErrorHasFileLineAndColumn) {
  EXPECT_THAT([] { (void)parse("a = 1\nb = = 2\n"); },
              ThrowsMessage<InputError>(StartsWith("f.toml:2:5: ")));
  EXPECT_THAT([] { (void)parse("a = 1\na = 2\n"); },
              ThrowsMessage<InputError>(StartsWith("f.toml:2:")));
}

TEST(Toml, TimeOfDayIsRefusedAtItsPlace) {
  EXPECT_THAT([] { (void)parse("a = 1\nb = 12:30:00\n"); },
              ThrowsMessage<InputError>(
                  testing::AllOf(StartsWith("f.toml:2:5: "), HasSubstr("time of day"))));
  EXPECT_THROW((void)parse("b = 2026-11-23T12:30:00Z\n"), InputError);
}

TEST(Toml, EmptyTextIsAnEmptyTable) {
  EXPECT_TRUE(std::get<InputTable>(parse("").data).empty());
  EXPECT_TRUE(std::get<InputTable>(parse("# nothing\n").data).empty());
}

TEST(Toml, FiftyDottedLevelsAreRead) {
  std::string key = "a";
  for (int level = 0; level < 50; ++level)
    key += ".a";
  EXPECT_NO_THROW((void)parse(key + " = 1\n"));
  EXPECT_NO_THROW((void)parse("[" + key + "]\n" + key + " = 1\n"));
}

TEST(Toml, HostileNestingEndsInAnErrorNotInTheStack) {
  std::string dots;
  for (int level = 0; level < 200'000; ++level)
    dots += "a.";
  EXPECT_THAT(
      [&] { (void)parse("x = 1\n" + dots + "a = 1\n"); },
      ThrowsMessage<InputError>(testing::AllOf(StartsWith("f.toml:2:"), HasSubstr("levels deep"))));
  EXPECT_THROW((void)parse("[" + dots + "a]\n"), InputError);
  EXPECT_THROW((void)parse("x = {" + dots + "a = 1}\n"), InputError);
  EXPECT_THROW((void)parse("x = " + std::string(200'000, '[')), InputError);
  // Quotes hide dots from nobody: each part may be a text.
  std::string quoted;
  for (int level = 0; level < 20'000; ++level)
    quoted += "\"b \\\" c\".'d'.";
  EXPECT_THROW((void)parse(quoted + "a = 1\n"), InputError);
  // Nor does a text that ends in four quotes, the first of which is its own.
  EXPECT_THROW((void)parse("x = {b = \"\"\"b\"\"\"\", " + dots + "a = 1}\n"), InputError);
  // Few dots a value, but values within values, over several lines.
  std::string nested = "x = ";
  for (int level = 0; level < 200; ++level)
    nested += "[\n{a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a = ";
  EXPECT_THROW((void)parse(nested), InputError);
}

TEST(Toml, DotsInTextsCommentsAndNumbersAreNoNesting) {
  const std::string dots(500, '.');
  EXPECT_NO_THROW((void)parse("a = \"" + dots + " \\\" " + dots + "\" # " + dots + "\n"));
  EXPECT_NO_THROW((void)parse("a = '" + dots + "'\nb = '''\n" + dots + " ' \n'''\n"));
  EXPECT_NO_THROW((void)parse("a = \"\"\"\n" + dots + " \" {[{[ \n\"\"\"\n"));
  std::string numbers = "a = [0.5";
  for (int i = 0; i < 500; ++i)
    numbers += ", 1.5";
  EXPECT_NO_THROW((void)parse(numbers + "]\n"));
}

TEST(File, ThatIsMissingIsNamedWithTheReason) {
  EXPECT_THAT([] { (void)load_toml("/nonexistent/plan.toml"); },
              ThrowsMessage<InputError>("/nonexistent/plan.toml: cannot be opened: "
                                        "No such file or directory"));
}

TEST(File, ThatIsADirectoryIsRefused) {
  EXPECT_THAT([] { (void)read_file(testing::TempDir()); },
              ThrowsMessage<InputError>(HasSubstr("is a directory")));
}

TEST(File, IsReadWholeAndNamedInErrors) {
  const tests::TemporaryPresets directory;
  directory.write("plan.toml", "a = 1\r\nb =\n");
  const std::string path = (directory.path() / "plan.toml").string();
  EXPECT_EQ(read_file(path), "a = 1\r\nb =\n");
  EXPECT_THAT([&] { (void)load_toml(path); }, ThrowsMessage<InputError>(StartsWith(path + ":2:")));
}

TEST(DateText, IsIso8601) {
  EXPECT_EQ(to_text(Date{2026, 1, 3}), "2026-01-03");
  EXPECT_LT((Date{2025, 12, 31}), (Date{2026, 1, 1}));
}

TEST(QuotedToml, ComesBackAsTextOnOneLine) {
  const InputValue root = parse_toml("a = " + quoted_toml("5\" \\ é\nb = 1"), "made");
  const auto &table = std::get<InputTable>(root.data);
  ASSERT_EQ(table.size(), 1U);
  EXPECT_EQ(std::get<std::string>(table.begin()->second.data), "5\" \\ é b = 1");
}

} // namespace
} // namespace flopcast
