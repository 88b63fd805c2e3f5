// SPDX-License-Identifier: Apache-2.0
// Devices and nodes against the collected facts beside the checkout, figure by figure.
#include "hardware/presets/load.hpp"
#include "tests/support/paths.hpp"
#include "tests/support/preset_values.hpp"

#include <gmock/gmock.h>

#include <cctype>
#include <map>
#include <set>

namespace flopcast::tests {
namespace {

constexpr auto gpus_file = "presets/gpus.csv";
constexpr auto nodes_file = "presets/nodes.csv";
constexpr auto provenance_file = "presets/gpus_provenance.csv";

/// Ids of presets are the table's in lower case; what no file name should hold is a dash.
std::string preset_id(std::string id) {
  std::ranges::transform(id, id.begin(), [](unsigned char c) {
    return c == '_' ? '-' : static_cast<char>(std::tolower(c));
  });
  return id;
}

/// A column of the table, the preset's key for it and the base units that one of it stands for.
struct Figure {
  const char *column;
  const char *key;
  double unit;
};

constexpr double tera = 1e12;
constexpr double giga = 1e9;
constexpr double mega = 1e6;

constexpr Figure device_figures[] = {
    {"fp64_tflops", "peak.fp64", tera},
    {"fp32_tflops", "peak.fp32", tera},
    {"tf32_tflops", "peak.tf32", tera},
    {"fp16_tflops", "peak.fp16", tera},
    {"bf16_tflops", "peak.bf16", tera},
    {"fp8_tflops", "peak.fp8", tera},
    {"fp4_tflops", "peak.fp4", tera},
    {"int8_tops", "peak.int8", tera},
    {"mem_gb", "memory.capacity", giga},
    {"mem_bw_gbs", "memory.bandwidth", giga},
    {"l2_mb", "memory.l2_cache", mega},
    {"sm_count", "compute.multiprocessors", 1},
    {"boost_mhz", "compute.boost_clock", mega},
    {"tdp_w", "power.thermal_design_power", 1},
    {"link_gbs_per_dir", "link.bandwidth_per_direction", giga},
    {"pcie_gen", "pcie.generation", 1},
    {"price_usd", "purchase.price", 1},
    {"measured_max_bf16_tflops", "measured.bf16", tera},
    {"measured_max_fp8_tflops", "measured.fp8", tera},
};

constexpr Figure node_figures[] = {
    {"gpus_per_node", "gpus_per_node", 1},
    {"scaleup_domain_gpus", "scale_up_domain", 1},
    {"intra_gbs_per_dir_per_gpu", "scale_up.bandwidth_per_direction", giga},
    {"nics_per_node", "scale_out.nics", 1},
    {"nic_gbps_each", "scale_out.nic_bandwidth", giga / 8},
    {"inter_gbs_per_dir_per_gpu", "scale_out.bandwidth_per_gpu", giga},
    {"lat_intra_us", "scale_up.latency", 1e-6},
    {"lat_inter_us", "scale_out.latency", 1e-6},
    {"node_max_kw", "power.maximum", 1e3},
    {"pue_default", "power.pue", 1},
};

/// The table rounds NIC rates per GPU to four decimals of a GB/s; nothing else is rounded.
constexpr double rounding = 5.1e-5 * giga;

void expect_same_figure(const std::string &id, const InputValue &preset, const CsvRow &row,
                        const Figure &figure) {
  const auto expected = number_of(row.at(figure.column));
  const auto written = number_at(preset, figure.key);
  ASSERT_EQ(expected.has_value(), written.has_value())
      << id << ": " << figure.key << " against " << figure.column << " \"" << row.at(figure.column)
      << "\"";
  if (!expected || same_number(*written, *expected * figure.unit))
    return;
  const bool rounded = std::string_view(figure.column) == "inter_gbs_per_dir_per_gpu";
  EXPECT_NEAR(*written, *expected * figure.unit, rounded ? rounding : 0.0)
      << id << ": " << figure.key << " against " << figure.column;
}

TEST(SharedDevices, EachHasAPreset) {
  FLOPCAST_REQUIRE_SHARED(gpus_file);
  const auto ids = shipped_presets().ids("devices");
  std::set<std::string> listed;
  for (const CsvRow &row : read_any_csv(shared_data() / gpus_file))
    listed.insert(preset_id(row.at("id")));
  EXPECT_EQ(listed.size(), 42U);
  EXPECT_THAT(ids, testing::ElementsAreArray(listed));
}

TEST(SharedDevices, FiguresAreThoseOfThePresets) {
  FLOPCAST_REQUIRE_SHARED(gpus_file);
  const PresetCatalog catalog = shipped_presets();
  for (const CsvRow &row : read_any_csv(shared_data() / gpus_file)) {
    const std::string id = preset_id(row.at("id"));
    const InputValue preset = catalog.load("devices", id);
    for (const Figure &figure : device_figures)
      expect_same_figure(id, preset, row, figure);
    const Device device = load_device(catalog, id);
    EXPECT_EQ(device.vendor, row.at("vendor")) << id << ": vendor";
    EXPECT_EQ(device.link_name, row.at("link")) << id << ": link.name";
    EXPECT_EQ(to_text(device.released), row.at("release_date")) << id << ": released";
    if (device.vendor != "Google") { // its generations share one name in the table
      EXPECT_EQ(device.architecture, row.at("arch")) << id << ": architecture";
      EXPECT_EQ(device.form_factor, row.at("form")) << id << ": form_factor";
    }
  }
}

TEST(SharedDevices, RecalledFieldsAreMarkedUnverified) {
  FLOPCAST_REQUIRE_SHARED(gpus_file);
  std::map<std::string, std::string> keys{{"release_date", "released"}};
  for (const Figure &figure : device_figures)
    keys[figure.column] = figure.key;
  const PresetCatalog catalog = shipped_presets();
  for (const CsvRow &row : read_any_csv(shared_data() / gpus_file)) {
    const std::string id = preset_id(row.at("id"));
    const InputValue preset = catalog.load("devices", id);
    const auto unverified = texts_at(preset, "unverified");
    std::istringstream fields(row.at("fields_recalled"));
    for (std::string field; fields >> field;)
      if (value_at(preset, keys.at(field)) != nullptr) {
        EXPECT_THAT(unverified, testing::Contains(keys.at(field))) << id << ": unverified";
      }
  }
}

TEST(SharedDevices, DisagreementsOfSourcesAreTold) {
  FLOPCAST_REQUIRE_SHARED(provenance_file);
  // Words that a remark about the field holds. Days of release change no estimate.
  const std::map<std::string, std::string> words{
      {"fp64_tflops", "fp64"}, {"fp32_tflops", "fp32"}, {"tf32_tflops", "tf32"},
      {"fp16_tflops", "fp16"}, {"bf16_tflops", "bf16"}, {"fp8_tflops", "fp8"},
      {"fp4_tflops", "fp4"},   {"mem_gb", " GB"},       {"mem_bw_gbs", "B/s"},
      {"tdp_w", " W"},
  };
  // 1228 or 1200 GB/s, 1125 or 1100 TFLOP/s: the same figure with more digits or fewer.
  constexpr double noteworthy = 0.03;
  const std::regex figure(R"((\d+(?:\.\d+)?)\))");
  const PresetCatalog catalog = shipped_presets();
  for (const CsvRow &row : read_any_csv(shared_data() / provenance_file)) {
    const std::string &dissent = row.at("sources_disagreeing");
    const auto word = words.find(row.at("field"));
    std::smatch other;
    if (dissent.empty() || word == words.end() || !std::regex_search(dissent, other, figure))
      continue;
    const double value = number_of(row.at("value")).value_or(0);
    if (std::abs(std::stod(other[1]) / value - 1) < noteworthy)
      continue;
    const std::string id = preset_id(row.at("gpu_id"));
    EXPECT_THAT(remarks_of(catalog.load("devices", id)), testing::HasSubstr(word->second))
        << id << ": " << row.at("field") << " = " << row.at("value") << ", but " << dissent;
  }
}

TEST(SharedNodes, EachHasAPreset) {
  FLOPCAST_REQUIRE_SHARED(nodes_file);
  const auto ids = shipped_presets().ids("nodes");
  for (const CsvRow &row : read_any_csv(shared_data() / nodes_file))
    EXPECT_THAT(ids, testing::Contains(preset_id(row.at("id")))) << row.at("id");
}

TEST(SharedNodes, FiguresAreThoseOfThePresets) {
  FLOPCAST_REQUIRE_SHARED(nodes_file);
  const PresetCatalog catalog = shipped_presets();
  for (const CsvRow &row : read_any_csv(shared_data() / nodes_file)) {
    const std::string id = preset_id(row.at("id"));
    const InputValue preset = catalog.load("nodes", id);
    for (const Figure &figure : node_figures)
      expect_same_figure(id, preset, row, figure);
    const Node node = load_node(catalog, id);
    EXPECT_EQ(node.gpu, preset_id(row.at("gpu_id"))) << id << ": gpu";
    EXPECT_EQ(node.provider, row.at("provider")) << id << ": provider";
    EXPECT_EQ(node.instance, row.at("instance_for_price")) << id << ": instance";
    EXPECT_EQ(node.scale_up_topology, row.at("intra_topology")) << id << ": scale_up.topology";
    EXPECT_EQ(node.scale_out_fabric, row.at("inter_fabric")) << id << ": scale_out.fabric";
  }
}

TEST(SharedNodes, RecalledNetworkAndPowerAreMarkedUnverified) {
  FLOPCAST_REQUIRE_SHARED(nodes_file);
  const PresetCatalog catalog = shipped_presets();
  for (const CsvRow &row : read_any_csv(shared_data() / nodes_file)) {
    const std::string id = preset_id(row.at("id"));
    const auto unverified = texts_at(catalog.load("nodes", id), "unverified");
    if (row.at("status_network") == "recalled")
      EXPECT_THAT(unverified, testing::Contains(testing::StartsWith("scale_out."))) << id;
    else
      EXPECT_THAT(unverified, testing::Not(testing::Contains(testing::StartsWith("scale_out."))))
          << id;
    if (row.at("status_power") == "recalled") {
      EXPECT_THAT(unverified, testing::Contains("power.maximum")) << id;
    }
  }
}

} // namespace
} // namespace flopcast::tests
