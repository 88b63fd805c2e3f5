// SPDX-License-Identifier: Apache-2.0
#include "hardware/link_calibration.hpp"

#include "hardware/collectives.hpp"
#include "hardware/links_file.hpp"
#include "hardware/presets/load.hpp"
#include "tests/hardware/preset_texts.hpp"
#include "tests/hardware/presets/temporary_presets.hpp"
#include "tests/hardware/reading.hpp"
#include "tests/support/paths.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace flopcast {
namespace {

using namespace units;
using enum Collective;

ScaleUpLinks shipped(const char *name) {
  const PresetCatalog catalog = tests::shipped_presets();
  const Node node = load_node(catalog, name);
  return scale_up_links(node, load_device(catalog, node.gpu));
}

TEST(ScaleUpLinksOfANode, AreSwitchedWhereItHasNvSwitches) {
  for (const char *node : {"dgx-a100-80", "dgx-h100", "hgx-h800", "dgx-b200", "gb200-nvl72"})
    EXPECT_TRUE(shipped(node).switched) << node;
  for (const char *node :
       {"dgx-1-v100", "azure-nd40rs-v2", "mi300x-8", "rtx4090-8-pcie", "tpu-v4-host"})
    EXPECT_FALSE(shipped(node).switched) << node;
}

TEST(ScaleUpLinksOfANode, AddUpInTheSwitchesOfHopperAndBlackwell) {
  for (const char *node : {"dgx-h100", "hgx-h200", "dgx-b200", "dgx-b300", "gb200-nvl72"})
    EXPECT_TRUE(shipped(node).in_switch_reduction) << node;
  for (const char *node : {"dgx-a100-80", "dgx-2-v100", "dgx-1-v100", "rtx4090-8-pcie"})
    EXPECT_FALSE(shipped(node).in_switch_reduction) << node;
  EXPECT_EQ(shipped("dgx-h100").bandwidth, 450.0 * gigabyte / second);
}

/// 8 GPUs at 300 GB/s behind a switch, 25 GB/s a GPU between nodes.
MeasuredLinks links() {
  MeasuredLinks made;
  made.node.scale_up_bandwidth = 300.0 * gigabyte / second;
  made.node.scale_out_bandwidth = 25.0 * gigabyte / second;
  made.up = {.bandwidth = made.node.scale_up_bandwidth};
  return made;
}

/// A ring at 80 % of the links after 10 us, 1 us a step; 1 KiB to 1 GiB, two sizes an octave.
std::vector<CollectiveSample> ring_samples(Collective kind, std::int64_t ranks,
                                           std::int64_t per_node) {
  const Bandwidth rate = 0.8 * (per_node == ranks ? links().node.scale_up_bandwidth
                                                  : *links().node.scale_out_bandwidth);
  const auto n = static_cast<double>(ranks);
  std::vector<CollectiveSample> samples;
  for (double log_size = 10; log_size < 31; log_size += 0.5) {
    const Bytes data = std::exp2(log_size) * byte;
    samples.push_back({.collective = kind,
                       .data = data,
                       .ranks = ranks,
                       .ranks_per_node = per_node,
                       .time = 10.0 * microsecond + ring_steps(kind, n) * microsecond +
                               ring_share(kind, n, 0) * data / rate});
  }
  return samples;
}

std::vector<CollectiveSample> mixed_samples() {
  std::vector<CollectiveSample> samples = ring_samples(all_gather, 8, 8);
  for (const auto &more : {ring_samples(all_gather, 4, 4), ring_samples(all_gather, 2, 1),
                           ring_samples(all_gather, 4, 1)})
    samples.insert(samples.end(), more.begin(), more.end());
  return samples;
}

// The fit's pull to usual values moves a time by less than 2 %.
constexpr double fit_tolerance = 0.02;

TEST(FitLinks, HoldsBackEveryThirdOctave) {
  const Calibration fitted = fit_links(Calibration{}, links(), mixed_samples());
  ASSERT_TRUE(fitted.scale_up_links);
  EXPECT_FALSE(fitted.scale_out_links);
  ASSERT_EQ(fitted.link_errors.size(), 1U);
  const LinkErrors &errors = fitted.link_errors.front();
  EXPECT_EQ(errors.level, LinkLevel::scale_up);
  EXPECT_EQ(errors.collective, all_gather);
  // Octaves 20 to 30 by two sizes and two groups; of them 21, 24, 27 and 30 are held back.
  EXPECT_EQ(errors.held_back.samples, 4 * 2 * 2);
  EXPECT_EQ(errors.fitted.samples, 7 * 2 * 2);
  EXPECT_LT(errors.held_back.p90, fit_tolerance);
  // Octaves 10 to 30, 12, 15 and 18 held back too.
  EXPECT_EQ(fitted.scale_up_links->of(all_gather).samples, 14 * 2 * 2);
}

TEST(FitLinks, TakesTheNetworkOnlyWhereAsked) {
  MeasuredLinks asked = links();
  asked.network = true;
  const Calibration fitted = fit_links(Calibration{}, asked, mixed_samples());
  ASSERT_TRUE(fitted.scale_out_links);
  ASSERT_EQ(fitted.link_errors.size(), 2U);
  EXPECT_EQ(fitted.link_errors.back().level, LinkLevel::scale_out);
  EXPECT_LT(fitted.link_errors.back().held_back.p90, fit_tolerance);
}

TEST(FitLinks, KeepsWhatTooFewSamplesTell) {
  std::vector<CollectiveSample> few = ring_samples(all_gather, 8, 8);
  few.resize(20); // octaves 10 to 19: 12, 15 and 18 are held back, so 14 remain
  Calibration base;
  base.scale_up_links = default_link_model(0.5);
  const Calibration fitted = fit_links(base, links(), few);
  EXPECT_EQ(fitted.scale_up_links, base.scale_up_links);
  EXPECT_TRUE(fitted.link_errors.empty());
}

TEST(ValidateLinks, JudgesHeldBackSizesByKindAndSize) {
  MeasuredLinks asked = links();
  asked.network = true;
  const Calibration fitted = fit_links(Calibration{}, asked, mixed_samples());
  const auto rows = validate_links(fitted, asked.node, mixed_samples());
  ASSERT_EQ(rows.size(), 10U); // five sizes, inside and between
  EXPECT_EQ(rows[0].size, "below 1 MiB");
  EXPECT_EQ(rows[4].size, "all from 1 MiB");
  EXPECT_EQ(rows[4].level, LinkLevel::scale_up);
  EXPECT_EQ(rows[4].errors, fitted.link_errors[0].held_back);
  EXPECT_EQ(rows[9].level, LinkLevel::scale_out);
  EXPECT_EQ(rows[9].errors, fitted.link_errors[1].held_back);
  EXPECT_EQ(rows[1].errors.samples + rows[2].errors.samples + rows[3].errors.samples,
            rows[4].errors.samples);
}

TEST(ValidateLinks, NeedsNoFittedLinks) {
  Calibration assumed;
  assumed.scale_up_efficiency = 0.8;
  const auto rows = validate_links(assumed, links().node, ring_samples(all_gather, 8, 8));
  ASSERT_EQ(rows.size(), 5U);
  // Latencies of the datasheet are none here: 17 us are missing of 41 us at 2 MiB and more at less.
  EXPECT_LT(rows[4].errors.bias, 0);
}

Cluster cluster(const std::optional<LinkModel> &up, const std::optional<LinkModel> &out) {
  Cluster made;
  made.node = links().node;
  made.node.scale_up_latency = 3.0 * microsecond;
  made.node.scale_out_latency = 20.0 * microsecond;
  made.calibration.scale_up_efficiency = 0.5;
  made.calibration.scale_out_efficiency = 0.4;
  made.calibration.scale_up_links = up;
  made.calibration.scale_out_links = out;
  return made;
}

TEST(CollectiveTime, TakesTheLinksOfTheCalibration) {
  LinkModel up;
  LinkModel out;
  up.of(all_reduce).start = 7.0 * microsecond;
  out.of(all_reduce).start = 90.0 * microsecond;
  const RankGroup inside{.size = 8};
  const RankGroup across{.size = 64};
  for (const auto &[given_up, given_out] :
       {std::pair<std::optional<LinkModel>, std::optional<LinkModel>>{up, out},
        {up, std::nullopt},
        {std::nullopt, out},
        {std::nullopt, std::nullopt}}) {
    const Cluster made = cluster(given_up, given_out);
    const LinkModel used_up = given_up.value_or(default_link_model(0.5));
    const LinkModel used_out = given_out.value_or(default_link_model(0.4));
    for (const RankGroup &group : {inside, across})
      EXPECT_EQ(collective_time(all_reduce, gigabyte, group, made),
                link_collective_time(used_up, used_out, all_reduce, gigabyte, group, made.node));
  }
  // Nothing but the start where no data move.
  EXPECT_DOUBLE_EQ(collective_time(all_reduce, Bytes{}, inside, cluster(up, out)).in(microsecond),
                   7);
  EXPECT_DOUBLE_EQ(collective_time(all_reduce, Bytes{}, across, cluster(up, out)).in(microsecond),
                   90);
}

/// A calibration of device "x1" with links that stands in for the device "x2".
Calibration transferred(const std::string &topology_of_x2) {
  const auto second = [](std::string text) {
    return tests::replaced(std::move(text), "gpu = \"x1\"", "gpu = \"x2\"");
  };
  const auto wired = [](const std::string &text, const std::string &topology) {
    return tests::replaced(text, "switch all-to-all", topology);
  };
  const tests::TemporaryPresets presets;
  presets.write("devices/x1.toml", tests::device_text);
  presets.write("devices/x2.toml", tests::device_text);
  presets.write("nodes/pod1.toml", wired(tests::node_text, "NVSwitch all-to-all"));
  presets.write("nodes/pod2.toml", second(wired(tests::node_text, topology_of_x2)));
  Calibration measured;
  measured.scale_up_links = default_link_model(0.9);
  measured.link_errors = {{.fitted = {.samples = 1}, .held_back = {.samples = 1}}};
  presets.write("calibrations/x1.toml", tests::calibration_text + links_text(measured));
  const PresetCatalog catalog = presets.catalog();
  return usual_calibration(catalog, load_device(catalog, "x2"));
}

TEST(UsualCalibration, LendsItsLinksToNodesWithTheSameSwitches) {
  const Calibration calibration = transferred("NVSwitch, half the links");
  EXPECT_EQ(calibration.transferred_to, "x2");
  EXPECT_TRUE(calibration.scale_up_links);
  EXPECT_EQ(calibration.link_errors.size(), 1U);
}

TEST(UsualCalibration, KeepsItsLinksFromNodesThatAreWiredOtherwise) {
  const Calibration calibration = transferred("PCIe 5 x16, no P2P");
  EXPECT_EQ(calibration.transferred_to, "x2");
  EXPECT_EQ(calibration.gemm_efficiency, 0.8); // kernels carry over
  EXPECT_FALSE(calibration.scale_up_links);
  EXPECT_TRUE(calibration.link_errors.empty());
}

} // namespace
} // namespace flopcast
