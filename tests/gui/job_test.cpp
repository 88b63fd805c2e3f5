// SPDX-License-Identifier: Apache-2.0
#include "gui/job.hpp"
#include "tests/gui/gui_fixture.hpp"

#include <QTest>

#include <atomic>
#include <semaphore>
#include <vector>

namespace flopcast {
namespace {

constexpr int patience_ms = 20'000;

class Job : public testing::Test {
protected:
  void wait() {
    EXPECT_TRUE(QTest::qWaitFor([this] { return !job_.busy(); }, patience_ms));
  }

  std::vector<int> results_;
  LatestJob<int> job_{[this](const int &result) { results_.push_back(result); }};
};

TEST_F(Job, AnswersOnTheThreadThatAsked) {
  job_.start([](const std::stop_token &) { return std::optional(7); });
  EXPECT_TRUE(job_.busy());
  EXPECT_TRUE(results_.empty()) << "nothing blocks";
  wait();
  EXPECT_EQ(results_, std::vector{7});
}

TEST_F(Job, RunsOnlyTheNewestOfWhatWaits) {
  std::binary_semaphore go(0);
  std::atomic<int> ran = 0;
  job_.start([&](const std::stop_token &) {
    go.acquire();
    ++ran;
    return std::optional(0);
  });
  for (int i = 1; i <= 5; ++i)
    job_.start([&ran, i](const std::stop_token &) {
      ++ran;
      return std::optional(i);
    });
  go.release();
  wait();
  EXPECT_EQ(ran, 2);
  EXPECT_EQ(results_, (std::vector{0, 5}));
}

TEST_F(Job, TellsTheOldWorkToStop) {
  std::binary_semaphore started(0);
  job_.start([&](const std::stop_token &stop) -> std::optional<int> {
    started.release();
    while (!stop.stop_requested())
      std::this_thread::yield();
    return std::nullopt;
  });
  started.acquire();
  job_.start([](const std::stop_token &) { return std::optional(2); });
  wait();
  EXPECT_EQ(results_, std::vector{2});
}

TEST(JobThatGoesAway, WaitsForItsWork) {
  std::atomic<bool> ended = false;
  bool told = false;
  {
    LatestJob<int> job([&told](const int &) { told = true; });
    job.start([&ended](const std::stop_token &stop) -> std::optional<int> {
      while (!stop.stop_requested())
        std::this_thread::yield();
      ended = true;
      return 1;
    });
  }
  EXPECT_TRUE(ended);
  EXPECT_FALSE(told);
}

} // namespace
} // namespace flopcast
