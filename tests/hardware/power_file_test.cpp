// SPDX-License-Identifier: Apache-2.0
#include "hardware/power_file.hpp"

#include "hardware/calibration_file.hpp"
#include "hardware/input/diagnostic.hpp"

#include <gmock/gmock.h>

namespace flopcast {
namespace {

using namespace units;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

Calibration metered() {
  Calibration calibration;
  MeteredPower &power = calibration.power.emplace();
  power.model.idle = 123.5 * watt;
  power.model.limit = 700.0 * watt;
  power.model.per_byte = 98.25 * picojoule / byte;
  power.model.per_flop[static_cast<std::size_t>(NumberFormat::bf16)] = 0.75 * picojoule / flop;
  power.device = "x1";
  power.software = "a \"quoted\" library";
  power.provenance = {"a source", {2026, 11, 24}};
  power.fitted = {.samples = 300, .median = 0.01, .mean = 0.02, .p90 = 0.03, .bias = -0.01};
  power.held_back = {.samples = 100, .median = 0.02, .mean = 0.03, .p90 = 0.04, .bias = 0.01};
  return calibration;
}

MeteredPower read(const std::string &text) {
  Diagnostics diagnostics;
  const InputValue root_value = parse_toml(text, "test");
  TableReader root(root_value, "", diagnostics);
  MeteredPower power = read_power(root.table("power"));
  root.finish();
  diagnostics.throw_if_any();
  return power;
}

TEST(PowerFile, ReadsBackWhatItsWriterWrites) {
  const MeteredPower before = *metered().power;
  const MeteredPower after = read(power_text(metered()));
  EXPECT_DOUBLE_EQ(after.model.idle.in(watt), 123.5);
  EXPECT_DOUBLE_EQ(after.model.limit.in(watt), 700);
  EXPECT_DOUBLE_EQ(after.model.per_byte.in(picojoule / byte), 98.25);
  EXPECT_DOUBLE_EQ(energy_per_flop(after.model, NumberFormat::bf16)->in(picojoule / flop), 0.75);
  EXPECT_FALSE(energy_per_flop(after.model, NumberFormat::fp8));
  EXPECT_EQ(after.device, before.device);
  EXPECT_EQ(after.software, before.software);
  EXPECT_EQ(after.provenance.source, before.provenance.source);
  EXPECT_EQ(after.fitted, before.fitted);
  EXPECT_EQ(after.held_back, before.held_back);
}

TEST(PowerFile, IsEmptyWithoutPower) { EXPECT_EQ(power_text(Calibration{}), ""); }

TEST(PowerFile, NamesWhatIsWrong) {
  const auto without = [](std::string_view line) {
    std::string text = power_text(metered());
    const auto at = text.find(line);
    return text.erase(at, text.find('\n', at) + 1 - at);
  };
  for (const char *key : {"idle", "limit", "per_byte", "source", "device"})
    EXPECT_THAT([&] { (void)read(without(std::string(key) + " = ")); },
                ThrowsMessage<InputError>(HasSubstr("power." + std::string(key) + ": is missing")));
  std::string text = power_text(metered());
  text.replace(text.find("123.5 W"), 7, "800.0 W");
  EXPECT_THAT([&] { (void)read(text); },
              ThrowsMessage<InputError>(HasSubstr("power.idle: is above limit")));
}

} // namespace
} // namespace flopcast
