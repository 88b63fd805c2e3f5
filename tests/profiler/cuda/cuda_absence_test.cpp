// SPDX-License-Identifier: Apache-2.0
// What is said where there is no GPU.
#include "profiler/cuda/activity_log.hpp"
#include "profiler/cuda/nvml.hpp"
#include "profiler/cuda/shared_library.hpp"
#include "profiler/cuda_collectives.hpp"
#include "profiler/cuda_environment.hpp"
#include "profiler/cuda_kernels.hpp"

#include <gmock/gmock.h>

namespace flopcast::cuda {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

class WithoutGpu : public testing::Test {
protected:
  void SetUp() override {
    const CudaEnvironment environment = cuda_environment();
    if (!environment.devices.empty())
      GTEST_SKIP() << "there is a GPU here: " << environment.devices.front().name;
    without_driver_ = environment.driver_version.empty();
  }
  bool without_driver_ = false;
};

TEST_F(WithoutGpu, ReasonIsOneSentence) {
  EXPECT_THAT([] { (void)make_cuda_kernels(0); },
              ThrowsMessage<MeasurementError>(HasSubstr(
                  without_driver_ ? "no NVIDIA driver is loaded" : "the driver sees no GPU")));
}

TEST_F(WithoutGpu, CollectivesAreRefusedInOneSentence) {
  EXPECT_THROW((void)make_cuda_collectives(), MeasurementError);
}

TEST(ThrottleReasons, AreNamedInOneOrder) {
  EXPECT_EQ(to_text(ThrottleReasons{}), "");
  EXPECT_EQ(to_text(ThrottleReasons{.power = true}), "power");
  EXPECT_EQ(to_text(ThrottleReasons{.power = true, .thermal = true, .other = true}),
            "power, thermal, other");
}

TEST_F(WithoutGpu, ManagementLibraryHasNoDevice) { EXPECT_EQ(Nvml::open("0000:00:00.0"), nullptr); }

TEST_F(WithoutGpu, RecordingIsRefusedWithCuptisReason) {
  if (!without_driver_)
    GTEST_SKIP() << "CUPTI may record where there is a driver";
  EXPECT_THAT(
      [] { const ActivityLog log(cupti_source(), cupti_buffers(), true); },
      ThrowsMessage<MeasurementError>(HasSubstr("recording the device's activity with CUPTI: ")));
}

TEST(SharedLibrary, ThatIsMissingIsNamed) {
  EXPECT_THAT(
      [] { const SharedLibrary library("The library", {"libno-such-thing.so.1"}); },
      ThrowsMessage<MeasurementError>(testing::AllOf(HasSubstr("The library could not be loaded: "),
                                                     HasSubstr("libno-such-thing.so.1"))));
}

TEST(SharedLibrary, LacksAFunctionByName) {
  const SharedLibrary library("The C library", {"libc.so.6"});
  void (*function)() = nullptr;
  EXPECT_THAT([&] { library.find(function, "no_such_function"); },
              ThrowsMessage<MeasurementError>("The C library has no function no_such_function"));
  library.find(function, "malloc");
  EXPECT_NE(function, nullptr);
}

} // namespace
} // namespace flopcast::cuda
