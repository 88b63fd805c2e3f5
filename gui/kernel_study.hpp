// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hardware/calibration_fit.hpp"
#include "hardware/efficiency/link_fit.hpp"
#include "hardware/presets/catalog.hpp"
#include "profiler/importers/kernel_tables.hpp"
#include "reports/calibration_report.hpp"

#include <compare>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

namespace flopcast {

/// What was measured on one device under one name.
struct KernelSet {
  std::string device;  ///< id of its preset; where there is none, as the source writes it, "" too
  std::string variant; ///< such as "fp8_block"; mostly empty
  bool known = false;  ///< there is a preset of the device
  std::vector<KernelSample> kernels;
  std::vector<CollectiveSample> collectives; ///< inside a node
};

/// All that a file of measurements holds.
struct MeasuredKernels {
  std::string file;
  std::vector<KernelSet> sets;      ///< the largest first; never empty
  std::vector<SkippedRows> skipped; ///< rows that were left out, and why
};

/// Whether the file begins like what read_measured_kernels() reads.
[[nodiscard]] bool is_measured_kernels(const std::string &file);

/// Reads the tables that `flopcast calibrate validate` reads, plain or packed, or the store that
/// `flopcast calibrate run` fills: of that, what it fits. Nothing if told to stop.
/// Throws InputError or StoreError, with place and remedy.
[[nodiscard]] std::optional<MeasuredKernels> read_measured_kernels(const std::string &file,
                                                                   const PresetCatalog &catalog,
                                                                   const std::stop_token &stop);

/// The set to show first beside a plan on this device: its own, else one whose device is not told,
/// else the largest of a known device.
[[nodiscard]] std::size_t set_for(const MeasuredKernels &measured, const std::string &device);

/// Operators that are judged together.
struct KernelClass {
  OperatorClass kind = OperatorClass::gemm;
  Pass pass = Pass::forward;
  NumberFormat format = NumberFormat::bf16;

  auto operator<=>(const KernelClass &) const = default;
};

[[nodiscard]] KernelClass class_of(const Agreement &kernel);

struct CountedClass {
  KernelClass kernels;
  std::size_t count = 0;
};

/// Measured kernels beside predicted ones.
struct KernelStudy {
  Device device;
  Calibration calibration;
  std::vector<Agreement> kernels;
  std::vector<CountedClass> classes; ///< most kernels first
  std::size_t held_back = 0;         ///< kernels of shapes that a fit does not see
  Validation validation;             ///< as `flopcast calibrate validate` computes it
  std::string remark;                ///< what of the set could not be judged; mostly empty
};

/// Predicts a set: by the plan's calibration where its device was measured or none is told, else by
/// the calibration that plans with the measured device take.
/// Throws InputError where there is no preset of the device.
[[nodiscard]] KernelStudy kernel_study(const MeasuredKernels &measured, std::size_t set,
                                       const Device &plan_device,
                                       const Calibration &plan_calibration,
                                       const PresetCatalog &catalog);

/// Which kernels of a study are looked at.
struct KernelChoice {
  std::optional<KernelClass> only; ///< absent: all classes
  bool held_back = true;           ///< only shapes that a fit does not see

  bool operator==(const KernelChoice &) const = default;
};

/// The chosen kernels, and those of them that are drawn: as indices into the study's.
struct KernelView {
  KernelChoice choice; ///< without what the study has no kernels of
  std::vector<std::uint32_t> chosen;
  std::vector<std::uint32_t> drawn;
};

/// More marks than this take a plot longer than a frame, and cover each other.
inline constexpr std::size_t most_drawn = 2000;

/// Chooses, and thins what is drawn to `most`: of points of one class that would fall on each other
/// in time and error the first stands for all, so that the outline, outliers included, stays.
[[nodiscard]] KernelView kernel_view(const KernelStudy &study, KernelChoice choice,
                                     std::size_t most);

} // namespace flopcast
