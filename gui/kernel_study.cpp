// SPDX-License-Identifier: Apache-2.0
#include "gui/kernel_study.hpp"

#include "hardware/presets/load.hpp"
#include "profiler/importers/collective_tables.hpp"
#include "profiler/importers/table_rows.hpp"
#include "profiler/importers/table_text.hpp"
#include "profiler/measured_device.hpp"
#include "store/measurements.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <iterator>
#include <map>
#include <string_view>
#include <unordered_set>
#include <utility>

namespace flopcast {
namespace {

constexpr std::string_view store_begins = "SQLite format 3";

/// Collects sets, each device and variant once.
class SetCollector {
public:
  explicit SetCollector(const PresetCatalog &catalog) : catalog_(&catalog) {}

  void add(KernelTable &table) {
    std::ranges::move(table.samples, std::back_inserter(set(table.device, table.variant).kernels));
    skip(table.skipped);
  }
  void add(CollectiveTable &table) {
    // Those between nodes depend on a network that the file does not name.
    std::ranges::copy_if(
        table.samples, std::back_inserter(set(table.device, "").collectives),
        [](const CollectiveSample &sample) { return sample.ranks <= sample.ranks_per_node; });
    skip(table.skipped);
  }
  void add(const MeasurementSession &session, const std::vector<MeasuredOperator> &measured) {
    std::ranges::move(fitted_samples(measured),
                      std::back_inserter(set(session.device, "").kernels));
  }

  MeasuredKernels take(const std::string &file) {
    std::erase_if(found_.sets, [](const KernelSet &one) {
      return one.kernels.empty() && one.collectives.empty();
    });
    if (found_.sets.empty())
      throw InputError({file, 0, 0}, "holds no kernels, and no collectives inside a node");
    std::ranges::stable_sort(found_.sets, std::greater(), [](const KernelSet &one) {
      return one.kernels.size() + one.collectives.size();
    });
    found_.file = file;
    return std::move(found_);
  }

private:
  KernelSet &set(const std::string &name, const std::string &variant) {
    const std::string id = catalog_->resolve("devices", name);
    const std::string &device = id.empty() ? name : id;
    const auto found = std::ranges::find_if(found_.sets, [&](const KernelSet &one) {
      return one.device == device && one.variant == variant;
    });
    return found != found_.sets.end()
               ? *found
               : found_.sets.emplace_back(KernelSet{device, variant, !id.empty(), {}, {}});
  }
  void skip(const std::vector<SkippedRows> &skipped) {
    found_.skipped.insert(found_.skipped.end(), skipped.begin(), skipped.end());
  }

  const PresetCatalog *catalog_;
  MeasuredKernels found_;
};

bool is_store(std::string_view text) { return text.starts_with(store_begins); }

void read_store(const std::string &file, SetCollector &collector, const std::stop_token &stop) {
  // The file stays as it is, whatever version wrote it.
  const Database store = Database::copy_of(file);
  for (const MeasurementSession &session : measurement_sessions(store)) {
    if (stop.stop_requested())
      return;
    collector.add(session, measured_operators(store, session.id));
  }
}

void read_tables(const std::string &file, SetCollector &collector) {
  const std::string text = table_text(file);
  if (begins_with_header(text) && !text.starts_with('{') && is_collective_table(text, file))
    for (CollectiveTable &table : parse_collective_tables(text, file))
      collector.add(table);
  else
    for (KernelTable &table : parse_kernel_tables(text, file))
      collector.add(table);
}

/// The node whose links collectives of the device were measured on, as calibrate takes it.
std::optional<Node> measured_node(const PresetCatalog &catalog, const Device &device) {
  auto node = usual_node(catalog, device);
  if (!node && device.link_bandwidth) {
    node.emplace();
    node->scale_up_bandwidth = *device.link_bandwidth;
  }
  return node;
}

/// A cell of a grid over time and error that a point falls into.
class Grid {
public:
  Grid(const std::vector<Agreement> &kernels, const std::vector<std::uint32_t> &chosen) {
    for (const std::uint32_t i : chosen) {
      const auto [x, y] = point(kernels[i]);
      low_ = {std::min(low_.first, x), std::min(low_.second, y)};
      high_ = {std::max(high_.first, x), std::max(high_.second, y)};
    }
  }

  [[nodiscard]] std::uint64_t cell(const Agreement &kernel, std::uint64_t cells) const {
    const auto [x, y] = point(kernel);
    const auto at = [&](double value, double low, double high) {
      const double share = high > low ? (value - low) / (high - low) : 0;
      return std::min(static_cast<std::uint64_t>(share * static_cast<double>(cells)), cells - 1);
    };
    const auto [kind, pass, format] = class_of(kernel);
    const std::uint64_t which =
        (static_cast<std::uint64_t>(kind) * 2 + static_cast<std::uint64_t>(pass)) *
            number_format_count +
        static_cast<std::uint64_t>(format);
    return (which * cells + at(x, low_.first, high_.first)) * cells +
           at(y, low_.second, high_.second);
  }

private:
  static std::pair<double, double> point(const Agreement &kernel) {
    return {std::log(kernel.measured.in(units::second)),
            std::log(kernel.predicted / kernel.measured)};
  }

  std::pair<double, double> low_{INFINITY, INFINITY};
  std::pair<double, double> high_{-INFINITY, -INFINITY};
};

std::vector<std::uint32_t> thinned(const std::vector<Agreement> &kernels,
                                   const std::vector<std::uint32_t> &chosen, std::size_t most) {
  if (chosen.size() <= most)
    return chosen;
  const Grid grid(kernels, chosen);
  std::vector<std::uint32_t> drawn;
  // From finer than a screen has pixels until few enough are left; one cell leaves one a class.
  for (std::uint64_t cells = 1024; cells > 0; cells -= (cells + 3) / 4) {
    std::unordered_set<std::uint64_t> taken;
    drawn.clear();
    for (const std::uint32_t i : chosen)
      if (drawn.size() <= most && taken.insert(grid.cell(kernels[i], cells)).second)
        drawn.push_back(i);
    if (drawn.size() <= most)
      break;
  }
  return drawn;
}

std::vector<CountedClass> counted_classes(const std::vector<Agreement> &kernels) {
  std::map<KernelClass, std::size_t> counts;
  for (const Agreement &kernel : kernels)
    ++counts[class_of(kernel)];
  std::vector<CountedClass> classes;
  classes.reserve(counts.size());
  for (const auto &[kernel_class, count] : counts)
    classes.push_back({kernel_class, count});
  std::ranges::stable_sort(classes, std::greater(), &CountedClass::count);
  return classes;
}

} // namespace

bool is_measured_kernels(const std::string &file) {
  constexpr std::size_t enough = 1U << 16U; // remarks before a header are a few lines
  const std::string text = table_beginning(file, enough);
  if (is_store(text) || is_kernel_table(text))
    return true;
  return begins_with_header(text) && is_collective_table(text, file);
}

std::optional<MeasuredKernels> read_measured_kernels(const std::string &file,
                                                     const PresetCatalog &catalog,
                                                     const std::stop_token &stop) {
  SetCollector collector(catalog);
  if (is_store(table_beginning(file, store_begins.size())))
    read_store(file, collector, stop);
  else
    read_tables(file, collector);
  if (stop.stop_requested())
    return std::nullopt;
  return collector.take(file);
}

std::size_t set_for(const MeasuredKernels &measured, const std::string &device) {
  const auto rank = [&](const KernelSet &set) {
    if (set.device == device)
      return set.variant.empty() ? 0 : 1;
    return set.device.empty() ? 2 : set.known ? 3 : 4;
  };
  const auto best = std::ranges::min_element(measured.sets, {}, rank);
  return static_cast<std::size_t>(best - measured.sets.begin());
}

KernelStudy kernel_study(const MeasuredKernels &measured, std::size_t set,
                         const Device &plan_device, const Calibration &plan_calibration,
                         const PresetCatalog &catalog) {
  const KernelSet &chosen = measured.sets[set];
  KernelStudy study;
  if (chosen.device.empty() || chosen.device == plan_device.id) {
    study.device = plan_device;
    study.calibration = plan_calibration;
  } else {
    if (!chosen.known)
      throw InputError({measured.file, 0, 0},
                       fmt::format("was measured on \"{}\": {}, or write a preset of it",
                                   chosen.device, catalog.unknown_name("devices", chosen.device)));
    study.device = load_device(catalog, chosen.device);
    study.calibration = usual_calibration(catalog, study.device);
  }
  study.kernels = agreement(study.calibration, study.device, chosen.kernels);
  study.classes = counted_classes(study.kernels);
  study.held_back =
      static_cast<std::size_t>(std::ranges::count(study.kernels, true, &Agreement::held_back));
  study.validation.kernels = validate_calibration(study.calibration, study.device, chosen.kernels);
  if (chosen.collectives.empty())
    return study;
  if (const auto node = measured_node(catalog, study.device))
    study.validation.collectives = validate_links(study.calibration, *node, chosen.collectives);
  else
    study.remark = fmt::format("{} collectives are not judged: no node preset holds {}",
                               chosen.collectives.size(), study.device.id);
  return study;
}

KernelClass class_of(const Agreement &kernel) {
  return {kernel.call.kind, kernel.pass, kernel.format};
}

KernelView kernel_view(const KernelStudy &study, KernelChoice choice, std::size_t most) {
  choice.held_back = choice.held_back && study.held_back > 0;
  if (choice.only &&
      std::ranges::find(study.classes, *choice.only, &CountedClass::kernels) == study.classes.end())
    choice.only.reset();
  KernelView view{choice, {}, {}};
  for (std::size_t i = 0; i < study.kernels.size(); ++i)
    if ((!choice.only || class_of(study.kernels[i]) == *choice.only) &&
        (!choice.held_back || study.kernels[i].held_back))
      view.chosen.push_back(static_cast<std::uint32_t>(i));
  view.drawn = thinned(study.kernels, view.chosen, most);
  return view;
}

} // namespace flopcast
