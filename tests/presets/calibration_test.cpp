// SPDX-License-Identifier: Apache-2.0
#include "hardware/calibration_file.hpp"
#include "hardware/presets/load.hpp"
#include "tests/support/paths.hpp"

#include <gtest/gtest.h>

namespace flopcast {
namespace {

TEST(ShippedCalibration, ReadsBackWhatItsWriterWrites) {
  const PresetCatalog catalog = tests::shipped_presets();
  const Calibration defaults = load_calibration(catalog, "default");
  for (const std::string &id : catalog.ids("calibrations")) {
    if (id == "default")
      continue;
    const Calibration calibration = load_calibration(catalog, id);
    const std::string text = calibration_toml(calibration);
    Diagnostics diagnostics;
    const Calibration again = read_calibration(parse_toml(text, id), id, &defaults, diagnostics);
    EXPECT_NO_THROW(diagnostics.throw_if_any()) << id;
    EXPECT_EQ(calibration_toml(again), text) << id;
  }
}

TEST(ShippedCalibration, IsThatOfTheDeviceOfItsName) {
  const PresetCatalog catalog = tests::shipped_presets();
  for (const std::string &id : catalog.ids("calibrations"))
    if (id != "default") {
      EXPECT_EQ(load_calibration(catalog, id).device, id);
      EXPECT_FALSE(load_calibration(catalog, id).errors.empty()) << id;
    }
}

TEST(UsualCalibration, IsTheDevicesOwnElseARelativesElseTheDefault) {
  const PresetCatalog catalog = tests::shipped_presets();
  const auto usual = [&](const char *device) {
    return usual_calibration(catalog, load_device(catalog, device));
  };
  EXPECT_EQ(usual("h100-sxm5-80gb").id, "h100-sxm5-80gb");
  EXPECT_EQ(usual("h100-sxm5-80gb").transferred_to, "");
  const Calibration lent = usual("a100-sxm4-40gb"); // Ampere
  EXPECT_EQ(lent.id, "a100-sxm4-80gb");
  EXPECT_EQ(lent.transferred_to, "a100-sxm4-40gb");
  EXPECT_EQ(lent.origin, Origin::assumed);
  EXPECT_EQ(usual("b300-sxm").id, "b200-sxm"); // Blackwell Ultra from Blackwell
  EXPECT_EQ(usual("mi300x").id, "default");    // nothing of CDNA was measured
}

} // namespace
} // namespace flopcast
