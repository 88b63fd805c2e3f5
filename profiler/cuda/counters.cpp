// SPDX-License-Identifier: Apache-2.0
#include "profiler/cuda/counters.hpp"

#include "profiler/cuda/cuda_error.hpp"
#include "profiler/kernels/kernels.hpp"

#include <cuda.h>
#include <cuda_runtime_api.h>
#include <cupti_profiler_host.h>
#include <cupti_profiler_target.h>
#include <cupti_range_profiler.h>
#include <cupti_target.h>

#include <memory>

namespace flopcast::cuda {
namespace {

constexpr const char *range_name = "work";
constexpr std::size_t bytes_counters = 2; // the first of counter_names()
constexpr int most_passes = 32;           // four counters need one or two

/// CUPTI's parameter structs carry their own size, up to the last field that it may know.
// NOLINTBEGIN(bugprone-macro-parentheses): a declaration cannot take them.
#define FLOPCAST_PARAMS(type, name)                                                                \
  type##_Params name{};                                                                            \
  name.structSize = type##_Params_STRUCT_SIZE
// NOLINTEND(bugprone-macro-parentheses)

std::vector<const char *> pointers(const std::vector<std::string> &names) {
  std::vector<const char *> found;
  found.reserve(names.size());
  for (const std::string &name : names)
    found.push_back(name.c_str());
  return found;
}

/// Counters of one chip: their configuration, and their values out of what was recorded.
class HostSide {
public:
  explicit HostSide(const char *chip) {
    FLOPCAST_PARAMS(CUpti_Profiler_Host_Initialize, params);
    params.profilerType = CUPTI_PROFILER_TYPE_RANGE_PROFILER;
    params.pChipName = chip;
    check(cuptiProfilerHostInitialize(&params), "asking CUPTI for the counters of a chip");
    host_ = params.pHostObject;
  }
  ~HostSide() {
    FLOPCAST_PARAMS(CUpti_Profiler_Host_Deinitialize, params);
    params.pHostObject = host_;
    (void)cuptiProfilerHostDeinitialize(&params);
  }
  HostSide(const HostSide &) = delete;
  HostSide &operator=(const HostSide &) = delete;

  void add(std::vector<const char *> &names) {
    FLOPCAST_PARAMS(CUpti_Profiler_Host_ConfigAddMetrics, params);
    params.pHostObject = host_;
    params.ppMetricNames = names.data();
    params.numMetrics = names.size();
    check(cuptiProfilerHostConfigAddMetrics(&params), "choosing counters");
  }

  std::vector<std::uint8_t> configuration() {
    FLOPCAST_PARAMS(CUpti_Profiler_Host_GetConfigImageSize, size);
    size.pHostObject = host_;
    check(cuptiProfilerHostGetConfigImageSize(&size), "configuring counters");
    std::vector<std::uint8_t> image(size.configImageSize);
    FLOPCAST_PARAMS(CUpti_Profiler_Host_GetConfigImage, params);
    params.pHostObject = host_;
    params.configImageSize = image.size();
    params.pConfigImage = image.data();
    check(cuptiProfilerHostGetConfigImage(&params), "configuring counters");
    return image;
  }

  std::vector<double> values(const std::vector<std::uint8_t> &data,
                             std::vector<const char *> &names) {
    std::vector<double> found(names.size());
    FLOPCAST_PARAMS(CUpti_Profiler_Host_EvaluateToGpuValues, params);
    params.pHostObject = host_;
    params.pCounterDataImage = data.data();
    params.counterDataImageSize = data.size();
    params.rangeIndex = 0;
    params.ppMetricNames = names.data();
    params.numMetrics = names.size();
    params.pMetricValues = found.data();
    check(cuptiProfilerHostEvaluateToGpuValues(&params), "reading counters");
    return found;
  }

private:
  CUpti_Profiler_Host_Object *host_ = nullptr;
};

/// The range profiler of a context, enabled for as long as this lives.
class RangeProfiler {
public:
  explicit RangeProfiler(CUcontext context) {
    FLOPCAST_PARAMS(CUpti_RangeProfiler_Enable, params);
    params.ctx = context;
    check(cuptiRangeProfilerEnable(&params), "enabling the counters");
    profiler_ = params.pRangeProfilerObject;
  }
  ~RangeProfiler() {
    FLOPCAST_PARAMS(CUpti_RangeProfiler_Disable, params);
    params.pRangeProfilerObject = profiler_;
    (void)cuptiRangeProfilerDisable(&params);
  }
  RangeProfiler(const RangeProfiler &) = delete;
  RangeProfiler &operator=(const RangeProfiler &) = delete;

  std::vector<std::uint8_t> empty_data(std::vector<const char *> &names) {
    FLOPCAST_PARAMS(CUpti_RangeProfiler_GetCounterDataSize, size);
    size.pRangeProfilerObject = profiler_;
    size.pMetricNames = names.data();
    size.numMetrics = names.size();
    size.maxNumOfRanges = 1;
    size.maxNumRangeTreeNodes = 1;
    check(cuptiRangeProfilerGetCounterDataSize(&size), "sizing the counters' memory");
    std::vector<std::uint8_t> data(size.counterDataSize);
    FLOPCAST_PARAMS(CUpti_RangeProfiler_CounterDataImage_Initialize, params);
    params.pRangeProfilerObject = profiler_;
    params.counterDataSize = data.size();
    params.pCounterData = data.data();
    check(cuptiRangeProfilerCounterDataImageInitialize(&params), "preparing the counters' memory");
    return data;
  }

  void record(std::vector<std::uint8_t> &configuration, std::vector<std::uint8_t> &data,
              const std::function<void()> &work) {
    FLOPCAST_PARAMS(CUpti_RangeProfiler_SetConfig, config);
    config.pRangeProfilerObject = profiler_;
    config.configSize = configuration.size();
    config.pConfig = configuration.data();
    config.counterDataImageSize = data.size();
    config.pCounterDataImage = data.data();
    config.range = CUPTI_UserRange;
    config.replayMode = CUPTI_UserReplay;
    config.maxRangesPerPass = 1;
    config.numNestingLevels = 1;
    config.minNestingLevel = 1;
    check(cuptiRangeProfilerSetConfig(&config), "configuring the counters");
    bool done = false;
    for (int pass = 0; pass < most_passes && !done; ++pass)
      done = record_pass(work);
    if (!done)
      throw MeasurementError("the counters ask for ever more passes");
    FLOPCAST_PARAMS(CUpti_RangeProfiler_DecodeData, decode);
    decode.pRangeProfilerObject = profiler_;
    check(cuptiRangeProfilerDecodeData(&decode), "decoding the counters");
  }

private:
  /// True after the last pass.
  bool record_pass(const std::function<void()> &work) {
    FLOPCAST_PARAMS(CUpti_RangeProfiler_Start, start);
    start.pRangeProfilerObject = profiler_;
    check(cuptiRangeProfilerStart(&start), "starting the counters");
    FLOPCAST_PARAMS(CUpti_RangeProfiler_PushRange, push);
    push.pRangeProfilerObject = profiler_;
    push.pRangeName = range_name;
    check(cuptiRangeProfilerPushRange(&push), "starting the counters");
    work();
    FLOPCAST_PARAMS(CUpti_RangeProfiler_PopRange, pop);
    pop.pRangeProfilerObject = profiler_;
    check(cuptiRangeProfilerPopRange(&pop), "stopping the counters");
    FLOPCAST_PARAMS(CUpti_RangeProfiler_Stop, stop);
    stop.pRangeProfilerObject = profiler_;
    check(cuptiRangeProfilerStop(&stop), "stopping the counters");
    return stop.isAllPassSubmitted != 0;
  }

  CUpti_RangeProfiler_Object *profiler_ = nullptr;
};

/// The driver's current context, asked for through the runtime: the program is not linked to the
/// driver's library, which machines without a GPU lack.
CUcontext current_context() {
  void *entry = nullptr;
  cudaDriverEntryPointQueryResult found{};
  check(
      cudaGetDriverEntryPointByVersion("cuCtxGetCurrent", &entry, 12000, cudaEnableDefault, &found),
      "looking for the current context");
  CUcontext context = nullptr;
  if (found != cudaDriverEntryPointSuccess ||
      reinterpret_cast<decltype(&cuCtxGetCurrent)>(entry)(&context) != CUDA_SUCCESS)
    throw MeasurementError("the driver gives no context");
  return context;
}

CounterReading read(int device, NumberFormat format, const std::function<void()> &work) {
  FLOPCAST_PARAMS(CUpti_Profiler_Initialize, initialize);
  check(cuptiProfilerInitialize(&initialize), "starting CUPTI's profiler");
  FLOPCAST_PARAMS(CUpti_Device_GetChipName, chip);
  chip.deviceIndex = static_cast<std::size_t>(device);
  check(cuptiDeviceGetChipName(&chip), "asking for the chip's name");

  std::vector<std::string> names = counter_names(format);
  if (!chip_has_counters(chip.pChipName, names))
    names.resize(bytes_counters); // FLOPs have other names on some chips
  std::vector<const char *> raw = pointers(names);
  HostSide host(chip.pChipName);
  host.add(raw);
  std::vector<std::uint8_t> configuration = host.configuration();
  RangeProfiler profiler(current_context());
  std::vector<std::uint8_t> data = profiler.empty_data(raw);
  profiler.record(configuration, data, work);

  const std::vector<double> values = host.values(data, raw);
  CounterReading reading;
  reading.dram_bytes = values[0] + values[1];
  if (values.size() > bytes_counters)
    reading.tensor_flops = values[bytes_counters];
  return reading;
}

} // namespace

std::vector<std::string> counter_names(NumberFormat format) {
  std::vector<std::string> names{"dram__bytes_read.sum", "dram__bytes_write.sum"};
  switch (format) {
  case NumberFormat::bf16:
    names.emplace_back("sm__ops_path_tensor_src_bf16_dst_fp32.sum");
    break;
  case NumberFormat::fp16:
    names.emplace_back("sm__ops_path_tensor_src_fp16.sum");
    break;
  case NumberFormat::tf32:
    names.emplace_back("sm__ops_path_tensor_src_tf32_dst_fp32.sum");
    break;
  case NumberFormat::fp8:
    names.emplace_back("sm__ops_path_tensor_src_fp8.sum");
    break;
  default:
    break; // no tensor cores
  }
  return names;
}

bool chip_has_counters(const std::string &chip, const std::vector<std::string> &names) {
  HostSide host(chip.c_str());
  std::vector<const char *> raw = pointers(names);
  try {
    host.add(raw);
  } catch (const MeasurementError &) {
    return false;
  }
  return true;
}

CounterReading count(int device, NumberFormat format, const std::function<void()> &work) {
  // A refusal is an outcome: many machines keep counters for their administrators.
  try {
    return read(device, format, work);
  } catch (const MeasurementError &error) {
    return {.dram_bytes = std::nullopt, .tensor_flops = std::nullopt, .refusal = error.what()};
  }
}

} // namespace flopcast::cuda
