// SPDX-License-Identifier: Apache-2.0
#include "store/calibrations.hpp"

#include "hardware/calibration_file.hpp"
#include "hardware/presets/load.hpp"
#include "store/measurements.hpp"
#include "tests/store/stored_examples.hpp"
#include "tests/support/paths.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <SQLiteCpp/Database.h>

namespace flopcast {
namespace {

using testing::ElementsAre;

CalibrationRecord record(const std::string &id, Date date, const std::string &toml) {
  return {.id = id, .device = "h200", .date = date, .session = std::nullopt, .toml = toml};
}

TEST(Calibrations, ComeBackAsTheyWereFitted) {
  const PresetCatalog catalog = tests::shipped_presets();
  const Calibration base = load_calibration(catalog, "default");
  const Database store(":memory:");
  for (const std::string &id : catalog.ids("calibrations")) {
    if (id == "default")
      continue;
    const Calibration fitted = load_calibration(catalog, id);
    EXPECT_TRUE(add_calibration(store, calibration_record(fitted, std::nullopt)));
    const auto found = newest_calibration(store, fitted.device);
    ASSERT_TRUE(found) << id;
    EXPECT_EQ(found->id, id);
    EXPECT_EQ(found->date, fitted.provenance.date);
    EXPECT_EQ(calibration_toml(calibration_of(*found, base)), calibration_toml(fitted));
  }
  EXPECT_GT(calibrations(store).size(), 3U);
}

TEST(Calibrations, AreOneWhereTheirTextIs) {
  const Database store(":memory:");
  const CalibrationRecord first = record("mine", {2026, 1, 2}, "name = \"a\"\n");
  EXPECT_TRUE(add_calibration(store, first));
  EXPECT_FALSE(add_calibration(store, first));
  EXPECT_FALSE(add_calibration(store, record("yours", {2026, 1, 2}, "name = \"a\"\n")));
  EXPECT_THAT(calibrations(store), ElementsAre(first));
}

TEST(Calibrations, AreFoundByTheNewestOfTheDevice) {
  const Database store(":memory:");
  const CalibrationRecord newest = record("c", {2026, 10, 1}, "3");
  EXPECT_EQ(newest_calibration(store, "h200"), std::nullopt);
  EXPECT_TRUE(add_calibration(store, record("a", {2026, 9, 30}, "1")));
  EXPECT_TRUE(add_calibration(store, record("b", {2026, 10, 1}, "2")));
  EXPECT_TRUE(add_calibration(store, newest));
  EXPECT_TRUE(add_calibration(store, record("d", {2025, 12, 31}, "4")));
  EXPECT_EQ(newest_calibration(store, "h200"), newest); // the later of the two of that day
  EXPECT_EQ(newest_calibration(store, "h100"), std::nullopt);
}

TEST(Calibrations, OutliveTheSessionTheyCameFrom) {
  const Database store(":memory:");
  const std::string session = start_session(store, tests::example_session()).id;
  CalibrationRecord fitted = record("a", {2026, 1, 2}, "1");
  fitted.session = session;
  EXPECT_TRUE(add_calibration(store, fitted));
  EXPECT_EQ(newest_calibration(store, "h200"), fitted);
  EXPECT_EQ(store.connection().exec("DELETE FROM measurement_session"), 1);
  EXPECT_EQ(newest_calibration(store, "h200"), record("a", {2026, 1, 2}, "1"));
}

TEST(Calibrations, ThatAreNoneSayWhere) {
  try {
    static_cast<void>(calibration_of(record("mine", {2026, 1, 2}, "name = 1\n"), {}));
    FAIL() << "a name is a text";
  } catch (const InputError &error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("calibration mine of the store:1:"));
  }
}

} // namespace
} // namespace flopcast
