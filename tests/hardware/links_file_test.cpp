// SPDX-License-Identifier: Apache-2.0
#include "hardware/links_file.hpp"

#include "hardware/calibration_file.hpp"
#include "tests/hardware/preset_texts.hpp"
#include "tests/hardware/reading.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace flopcast {
namespace {

using namespace units;
using testing::HasSubstr;
using tests::calibration_text;
using tests::complaints_of;
using tests::Key;
using tests::replaced;
using tests::Slip;
using tests::without_key;

/// Numbers of at most six digits: the text holds them exactly.
CollectiveModel measured_kind() {
  CollectiveModel model;
  model.efficiency = 0.85;
  model.start = 5.25 * microsecond;
  model.step = 0.75 * microsecond;
  model.local_copy = 0.125;
  model.fill = 20.5 * microsecond;
  model.fill_exponent = 0.625;
  model.low_latency_efficiency = 0.25;
  model.low_latency_start = 3.5 * microsecond;
  model.low_latency_step = 0.5 * microsecond;
  model.in_switch_efficiency = 0.75;
  model.in_switch_start = 12.0 * microsecond;
  model.in_switch_fill = 30.0 * microsecond;
  model.samples = 120;
  model.most_ranks = 8;
  model.measured_from = 256.0 * byte;
  model.measured_to = 1.0 * gibibyte;
  return model;
}

/// Six kinds, of which one was measured and the others stand in.
LinkModel model_with(Collective kind, const CollectiveModel &measured) {
  LinkModel model;
  CollectiveModel alike;
  alike.efficiency = 0.5;
  alike.start = alike.step = alike.fill = 1.0 * microsecond;
  model.collectives.fill(alike);
  model.of(kind) = measured;
  return model;
}

LinkModel scale_up() {
  LinkModel model = model_with(Collective::all_reduce, measured_kind());
  model.choice = {.start = 1.75 * microsecond,
                  .step = 2.75 * microsecond,
                  .low_latency = 87.5 * gigabyte / second,
                  .simple = 240.0 * gigabyte / second};
  model.contention = 0.5;
  model.multiprocessor_share = 0.25;
  model.link_share = {0.5, 0.75, 1};
  return model;
}

LinkModel scale_out() {
  CollectiveModel kind = measured_kind();
  kind.low_latency_efficiency = kind.in_switch_efficiency = 0;
  kind.low_latency_start = kind.low_latency_step = {};
  kind.in_switch_start = kind.in_switch_fill = {};
  kind.nic_sharing = 0.875;
  kind.measured_from = 268435457.0 * byte; // a whole number of no larger unit
  kind.measured_to = 3.0 * 1024.0 * gibibyte;
  LinkModel model = model_with(Collective::point_to_point, kind);
  model.datasheet_latency = 1;
  model.tree_efficiency = 0.92;
  model.hierarchical = true;
  return model;
}

constexpr ErrorSummary summary{
    .samples = 54, .median = 0.03, .mean = 0.05, .p90 = 0.125, .bias = -0.0625};

Calibration fitted() {
  Calibration calibration;
  calibration.scale_up_links = scale_up();
  calibration.scale_out_links = scale_out();
  calibration.link_errors = {
      {LinkLevel::scale_up, Collective::all_reduce, summary, {.samples = 27}},
      {LinkLevel::scale_out, Collective::point_to_point, {.samples = 3}, summary}};
  return calibration;
}

Calibration read_whole(const InputValue &root, const std::string &id, Diagnostics &diagnostics) {
  return read_calibration(root, id, nullptr, diagnostics);
}

Calibration read(const std::string &text, const Calibration *base = nullptr) {
  Diagnostics diagnostics;
  Calibration calibration = read_calibration(parse_toml(text, "f"), "mine", base, diagnostics);
  EXPECT_EQ(complaints_of(diagnostics), "");
  return calibration;
}

/// A preset with one level of links.
std::string with_links(const std::optional<LinkModel> &up, const std::optional<LinkModel> &out) {
  Calibration calibration = fitted();
  calibration.scale_up_links = up;
  calibration.scale_out_links = out;
  return calibration_text + links_text(calibration);
}

/// Times go through microseconds: a unit in the last place may be lost.
void expect_same(const CollectiveModel &read, const CollectiveModel &written) {
  EXPECT_EQ(read.efficiency, written.efficiency);
  EXPECT_DOUBLE_EQ(read.start.in(second), written.start.in(second));
  EXPECT_DOUBLE_EQ(read.step.in(second), written.step.in(second));
  EXPECT_EQ(read.local_copy, written.local_copy);
  EXPECT_DOUBLE_EQ(read.fill.in(second), written.fill.in(second));
  EXPECT_EQ(read.fill_exponent, written.fill_exponent);
  EXPECT_EQ(read.nic_sharing, written.nic_sharing);
  EXPECT_EQ(read.low_latency_efficiency, written.low_latency_efficiency);
  EXPECT_DOUBLE_EQ(read.low_latency_start.in(second), written.low_latency_start.in(second));
  EXPECT_DOUBLE_EQ(read.low_latency_step.in(second), written.low_latency_step.in(second));
  EXPECT_EQ(read.in_switch_efficiency, written.in_switch_efficiency);
  EXPECT_DOUBLE_EQ(read.in_switch_start.in(second), written.in_switch_start.in(second));
  EXPECT_DOUBLE_EQ(read.in_switch_fill.in(second), written.in_switch_fill.in(second));
  EXPECT_EQ(read.samples, written.samples);
  EXPECT_EQ(read.most_ranks, written.most_ranks);
  EXPECT_EQ(read.measured_from, written.measured_from);
  EXPECT_EQ(read.measured_to, written.measured_to);
}

void expect_same(const std::optional<LinkModel> &read, const LinkModel &written) {
  ASSERT_TRUE(read);
  EXPECT_EQ(read->datasheet_latency, written.datasheet_latency);
  EXPECT_EQ(read->tree_efficiency, written.tree_efficiency);
  EXPECT_EQ(read->hierarchical, written.hierarchical);
  EXPECT_EQ(read->contention, written.contention);
  EXPECT_EQ(read->multiprocessor_share, written.multiprocessor_share);
  EXPECT_EQ(read->link_share, written.link_share);
  for (const auto &[name, collective] : collective_names()) {
    SCOPED_TRACE(name);
    expect_same(read->of(collective), written.of(collective));
  }
}

TEST(LinksFile, GivesBackWhatWasWritten) {
  const Calibration calibration = read(with_links(scale_up(), scale_out()));
  expect_same(calibration.scale_up_links, scale_up());
  expect_same(calibration.scale_out_links, scale_out());
  ASSERT_EQ(calibration.link_errors.size(), 2U);
  EXPECT_EQ(calibration.link_errors[0].level, LinkLevel::scale_up);
  EXPECT_EQ(calibration.link_errors[0].collective, Collective::all_reduce);
  EXPECT_EQ(calibration.link_errors[0].fitted, summary);
  EXPECT_EQ(calibration.link_errors[0].held_back.samples, 27);
  EXPECT_EQ(calibration.link_errors[1].level, LinkLevel::scale_out);
  EXPECT_EQ(calibration.link_errors[1].collective, Collective::point_to_point);
  EXPECT_EQ(calibration.link_errors[1].held_back, summary);
}

TEST(LinksFile, WritesUnitsIntoTheValues) {
  const std::string text = links_text(fitted());
  EXPECT_THAT(text,
              HasSubstr("[links.scale_up.all_reduce]\nefficiency = 0.85\nstart = \"5.25 us\""));
  EXPECT_THAT(text, HasSubstr("measured_from = \"256 B\"\nmeasured_to = \"1 GiB\""));
  EXPECT_THAT(text, HasSubstr("measured_from = \"268435457 B\"\nmeasured_to = \"3 TiB\""));
}

TEST(LinksFile, IsEmptyWithoutLinks) {
  EXPECT_EQ(links_text(Calibration{}), "");
  const Calibration calibration = read(calibration_text);
  EXPECT_FALSE(calibration.scale_up_links);
  EXPECT_FALSE(calibration.scale_out_links);
  EXPECT_TRUE(calibration.link_errors.empty());
}

TEST(LinksFile, OneLevelLeavesTheOtherToTheBase) {
  const Calibration base = fitted();
  LinkModel other = scale_up();
  other.contention = 2;
  const Calibration calibration = read(with_links(other, std::nullopt), &base);
  EXPECT_EQ(calibration.scale_up_links->contention, 2);
  EXPECT_EQ(calibration.scale_out_links, base.scale_out_links);
  EXPECT_EQ(calibration.link_errors.size(), 2U); // those of the base's own level are replaced
}

class RequiredLinkKey : public testing::TestWithParam<Key> {};

TEST_P(RequiredLinkKey, IsNamedWhereItIsMissing) {
  const auto &[table, key] = GetParam();
  const std::string complaints =
      complaints_of(read_whole, without_key(with_links(scale_up(), std::nullopt), table, key));
  EXPECT_EQ(tests::count_of(complaints), 1U) << complaints;
  EXPECT_THAT(complaints, HasSubstr(": " + GetParam().full() + ": is missing"));
}

constexpr const char *up = "links.scale_up";
constexpr const char *kind = "links.scale_up.all_reduce";

INSTANTIATE_TEST_SUITE_P(
    Links, RequiredLinkKey,
    testing::Values(Key{up, "datasheet_latency"}, Key{up, "tree_efficiency"}, Key{up, "contention"},
                    Key{up, "multiprocessor_share"}, Key{kind, "efficiency"}, Key{kind, "start"},
                    Key{kind, "step"}, Key{kind, "local_copy"}, Key{kind, "fill"},
                    Key{kind, "fill_exponent"}, Key{kind, "low_latency_start"},
                    Key{kind, "low_latency_step"}, Key{kind, "in_switch_start"},
                    Key{kind, "in_switch_fill"}, Key{kind, "samples"}, Key{kind, "most_ranks"},
                    Key{kind, "measured_from"}, Key{kind, "measured_to"},
                    Key{"links.scale_up.all_reduce.fitted", "median"},
                    Key{"links.scale_up.all_reduce.held_back", "p90"}));

class SlippedLinkKey : public testing::TestWithParam<Slip> {};

TEST_P(SlippedLinkKey, IsCaughtAtItsKey) {
  const Slip &slip = GetParam();
  const std::string complaints = complaints_of(
      read_whole, replaced(with_links(scale_up(), std::nullopt), slip.before, slip.after));
  EXPECT_EQ(tests::count_of(complaints), 1U) << complaints;
  EXPECT_THAT(complaints, HasSubstr(": " + slip.key + ": "));
}

INSTANTIATE_TEST_SUITE_P(
    Links, SlippedLinkKey,
    testing::Values(
        Slip{"datasheet_latency = 0", "datasheet_latency = 2", "links.scale_up.datasheet_latency"},
        Slip{"tree_efficiency = 0", "tree_efficiency = 1.5", "links.scale_up.tree_efficiency"},
        Slip{"contention = 0.5", "contention = -1", "links.scale_up.contention"},
        Slip{"multiprocessor_share = 0.25", "multiprocessor_share = 1", // nothing would compute
             "links.scale_up.multiprocessor_share"},
        Slip{"hierarchical = false", "hierarchical = 0", "links.scale_up.hierarchical"},
        Slip{"[0.5, 0.75, 1]", "[0.5, 0, 1]", "links.scale_up.link_share"},
        Slip{"efficiency = 0.85", "efficiency = 85", "links.scale_up.all_reduce.efficiency"},
        Slip{"\"5.25 us\"", "5.25", "links.scale_up.all_reduce.start"},
        Slip{"\"0.75 us\"", "\"0.75 B\"", "links.scale_up.all_reduce.step"},
        Slip{"local_copy = 0.125", "local_copy = 8", "links.scale_up.all_reduce.local_copy"},
        Slip{"\"20.5 us\"", "\"20.5 h\"", "links.scale_up.all_reduce.fill"},
        Slip{"fill_exponent = 0.625", "fill_exponent = -1",
             "links.scale_up.all_reduce.fill_exponent"},
        Slip{"samples = 120", "samples = 1.5", "links.scale_up.all_reduce.samples"},
        Slip{"most_ranks = 8", "most_ranks = 1", "links.scale_up.all_reduce.most_ranks"},
        Slip{"\"1 GiB\"", "\"1 B\"", "links.scale_up.all_reduce.measured_to"},
        Slip{"most_ranks = 8", "most_rank = 8\nmost_ranks = 8",
             "links.scale_up.all_reduce.most_rank"},
        Slip{"link_share = [", "link_shares = 1\nlink_share = [", "links.scale_up.link_shares"},
        Slip{"[links.scale_up]\n", "[links.sideways]\n[links.scale_up]\n", "links.sideways"}));

TEST(LinksFile, MissesEveryKindThatHasNoTable) {
  const std::string complaints =
      complaints_of(read_whole, replaced(with_links(scale_up(), std::nullopt),
                                         "[links.scale_up.broadcast]", "[links.scale_up.cast]"));
  EXPECT_THAT(complaints, HasSubstr("links.scale_up.broadcast: is missing"));
  EXPECT_THAT(complaints, HasSubstr("links.scale_up.cast: no such key"));
}

} // namespace
} // namespace flopcast
