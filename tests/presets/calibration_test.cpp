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

TEST(UsualCalibration, BorrowsPowerWithinItsArchitectureOnly) {
  const PresetCatalog catalog = tests::shipped_presets();
  const auto metered_on = [&](const char *device) {
    const Calibration usual = usual_calibration(catalog, load_device(catalog, device));
    return usual.power ? usual.power->device : "";
  };
  for (const char *hopper : {"h200-sxm-141gb", "h100-sxm5-80gb", "gh200-96gb", "h20"})
    EXPECT_EQ(metered_on(hopper), "h200-sxm-141gb") << hopper;
  for (const char *other : {"a100-sxm4-80gb", "b200-sxm", "b300-sxm", "mi300x"})
    EXPECT_EQ(metered_on(other), "") << other;
  EXPECT_FALSE(load_calibration(catalog, "h100-sxm5-80gb").power);
}

// What physics allows: at the limit of 700 W the fastest products that were metered ran at about
// 700 TFLOP/s in bf16, so a FLOP takes less than 1 pJ; HBM alone takes about 4 pJ a bit, 32 pJ/B.
TEST(ShippedPower, IsPhysical) {
  const auto power = load_calibration(tests::shipped_presets(), "h200-sxm-141gb").power;
  ASSERT_TRUE(power);
  const auto joules = [&](NumberFormat format) {
    return energy_per_flop(power->model, format)->in(units::picojoule / units::flop);
  };
  EXPECT_LT(joules(NumberFormat::bf16), 1);
  EXPECT_LT(joules(NumberFormat::fp8), joules(NumberFormat::bf16));
  EXPECT_GT(power->model.per_byte.in(units::picojoule / units::byte), 32);
  EXPECT_LT(power->model.idle, 0.3 * power->model.limit);
}

} // namespace
} // namespace flopcast
