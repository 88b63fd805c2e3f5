// SPDX-License-Identifier: Apache-2.0
#include "store/text_fields.hpp"

#include "store/database.hpp"
#include "store/sha256.hpp"

#include <gtest/gtest.h>

#include <string>

namespace flopcast {
namespace {

TEST(Sha256, GivesTheExamplesOfItsStandard) {
  // NIST, examples for FIPS 180-4: one block, two blocks; and the empty message.
  EXPECT_EQ(sha256("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(sha256(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  // NIST, "one million a's".
  EXPECT_EQ(sha256(std::string(1'000'000, 'a')),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(ContentKey, IsTheHashOfSortedLines) {
  EXPECT_EQ(content_key({{"b", "2"}, {"a", "1"}}), sha256("a=1\nb=2\n"));
}

TEST(ContentKey, KeepsALineBreakFromMakingAField) {
  EXPECT_EQ(content_key({{"a", "1\nb=2"}}), sha256("a=1\\nb=2\n"));
  EXPECT_EQ(content_key({{"a", "\\n"}}), sha256("a=\\\\n\n"));
}

TEST(KeyNumber, IsTheShortestThatReadsBack) {
  EXPECT_EQ(key_number(0), "0e+00");
  EXPECT_EQ(key_number(-0.0), "0e+00");
  EXPECT_EQ(key_number(1024), "1.024e+03");
  EXPECT_EQ(key_number(0.1), "1e-01");
  EXPECT_EQ(key_number(33'554'432), "3.3554432e+07");
  EXPECT_EQ(key_number(1e300), "1e+300");
}

TEST(JsonText, IsReadBack) {
  const TextFields fields{{"driver", "580"}, {"note", "\"Größe\"\n"}};
  EXPECT_EQ(json_text({{"b", "2"}, {"a", "1"}}), R"({"a":"1","b":"2"})");
  EXPECT_EQ(fields_of_json(json_text(fields)), fields);
}

TEST(JsonText, TakesNothingButUtf8) {
  EXPECT_THROW(static_cast<void>(json_text({{"note", "Gr\xf6\xdf"}})), StoreError); // Latin-1
}

TEST(JsonText, IsAnObjectOfTexts) {
  for (const char *json : {"", "[]", R"({"a":1})", R"({"a":)"})
    EXPECT_THROW(static_cast<void>(fields_of_json(json)), StoreError) << json;
}

} // namespace
} // namespace flopcast
