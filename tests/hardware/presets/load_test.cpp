// SPDX-License-Identifier: Apache-2.0
#include "hardware/presets/load.hpp"
#include "tests/hardware/preset_texts.hpp"
#include "tests/hardware/presets/temporary_presets.hpp"
#include "tests/hardware/reading.hpp"
#include "tests/support/paths.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace flopcast {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::ThrowsMessage;
using tests::calibration_text;
using tests::device_text;
using tests::node_text;
using tests::replaced;
using tests::TemporaryPresets;

TEST(Load, TakesIdsAndAliases) {
  const TemporaryPresets presets;
  presets.write("devices/x1.toml", device_text);
  presets.write("nodes/pod.toml", node_text);
  presets.write("calibrations/mine.toml", calibration_text);
  presets.write("aliases.toml", "[gpu]\nanvil = \"x1\"\n");
  const PresetCatalog catalog = presets.catalog();
  EXPECT_EQ(load_device(catalog, "Anvil").id, "x1");
  EXPECT_EQ(load_device(catalog, "X1").name, "Acme X1");
  EXPECT_EQ(load_node(catalog, "pod").gpu, "x1");
  EXPECT_EQ(load_calibration(catalog, "mine").origin, Origin::measured);
}

TEST(Load, UnknownNameIsAnErrorWithASuggestion) {
  const TemporaryPresets presets;
  presets.write("devices/anvil-x1.toml", device_text);
  EXPECT_THAT([&] { (void)load_device(presets.catalog(), "anvil-x2"); },
              ThrowsMessage<InputError>(HasSubstr("did you mean \"anvil-x1\"?")));
}

TEST(Load, AliasOfAPresetThatIsNotThereIsAnError) {
  const TemporaryPresets presets;
  presets.write("aliases.toml", "[gpu]\nanvil = \"x1\"\n");
  EXPECT_THROW((void)load_device(presets.catalog(), "anvil"), InputError);
}

TEST(Load, BrokenFileIsAnErrorWithEveryPlace) {
  const TemporaryPresets presets;
  std::string text = replaced(device_text, "vendor = \"Acme\"", "vendor = 1");
  text = replaced(text, "\"80 GiB\"", "\"80\"");
  presets.write("devices/x1.toml", text);
  EXPECT_THAT([&] { (void)load_device(presets.catalog(), "x1"); },
              ThrowsMessage<InputError>(
                  AllOf(HasSubstr("x1.toml:2:10: vendor: "), HasSubstr("memory.capacity: "))));
}

/// The id of the usual node of the device "x1" by Acme, or "".
std::string usual(const TemporaryPresets &presets) {
  Device device;
  device.id = "x1";
  device.vendor = "Acme";
  const auto node = usual_node(presets.catalog(), device);
  return node ? node->id : "";
}

std::string sold_by(const std::string &provider) {
  return replaced(node_text, "provider = \"Acme\"", "provider = \"" + provider + "\"");
}

TEST(UsualNode, IsTheVendorsOwn) {
  const TemporaryPresets presets;
  presets.write("nodes/a-cloud.toml", sold_by("Cloud"));
  presets.write("nodes/z-reference.toml", sold_by("Acme"));
  EXPECT_EQ(usual(presets), "z-reference");
}

TEST(UsualNode, IsTheFirstByIdWhereTheVendorSellsNone) {
  const TemporaryPresets presets;
  presets.write("nodes/b.toml", sold_by("Cloud"));
  presets.write("nodes/a.toml", sold_by("Rack"));
  EXPECT_EQ(usual(presets), "a");
}

TEST(UsualNode, IsAbsentWhereNoNodeHoldsTheGpu) {
  const TemporaryPresets presets;
  presets.write("nodes/a.toml", replaced(node_text, "gpu = \"x1\"", "gpu = \"x2\""));
  EXPECT_EQ(usual(presets), "");
}

TEST(UsualNode, IsFoundBesideAFileWhoseNameIsNoId) {
  const TemporaryPresets presets;
  presets.write("nodes/My copy.toml", sold_by("Cloud"));
  presets.write("nodes/a.toml", sold_by("Cloud"));
  EXPECT_EQ(usual(presets), "a");
}

TEST(ShippedPresets, H100IsFoundByItsCommonName) {
  const PresetCatalog catalog = tests::shipped_presets();
  const Device device = load_device(catalog, "H100");
  EXPECT_EQ(device.id, "h100-sxm5-80gb");
  const auto node = usual_node(catalog, device);
  ASSERT_TRUE(node);
  EXPECT_EQ(node->gpu, device.id);
  EXPECT_EQ(node->provider, "NVIDIA");
  EXPECT_EQ(load_calibration(catalog, "default").origin, Origin::defaulted);
}

} // namespace
} // namespace flopcast
