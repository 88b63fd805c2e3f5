// SPDX-License-Identifier: Apache-2.0
// What was acknowledged outlives a writer that is killed without warning.
#include "store/measurements.hpp"
#include "tests/store/stored_examples.hpp"
#include "tests/store/temporary_store.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <string>

#include <sys/wait.h>
#include <unistd.h>

namespace flopcast {
namespace {

using tests::example_product;

/// Adds operators of 0, 1, 2, … rows until it is killed; a byte to `acknowledge` after each.
[[noreturn]] void write_until_killed(const std::filesystem::path &path, const std::string &session,
                                     int acknowledge) {
  const Database store(path);
  for (int rows = 0;; ++rows) {
    if (!add_measured_operator(store, session, example_product(rows)) ||
        write(acknowledge, "+", 1) != 1)
      _exit(EXIT_FAILURE);
  }
}

/// Waits for `count` bytes, or for all of them until the writers are gone. How many came.
std::size_t acknowledged(int from, std::size_t count) {
  std::size_t read_so_far = 0;
  std::array<char, 256> buffer{};
  while (read_so_far < count) {
    const auto got = read(from, buffer.data(), std::min(buffer.size(), count - read_so_far));
    if (got <= 0)
      break;
    read_so_far += static_cast<std::size_t>(got);
  }
  return read_so_far;
}

class KilledWriter : public testing::TestWithParam<std::size_t> {};

TEST_P(KilledWriter, LosesNothingThatWasAcknowledged) {
  const tests::TemporaryStore temporary;
  const std::string session =
      start_session(Database(temporary.path()), tests::example_session()).id;
  std::array<int, 2> ends{};
  ASSERT_EQ(pipe(ends.data()), 0);
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    close(ends[0]);
    write_until_killed(temporary.path(), session, ends[1]);
  }
  close(ends[1]);
  std::size_t count = acknowledged(ends[0], GetParam());
  EXPECT_EQ(kill(child, SIGKILL), 0);
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFSIGNALED(status)) << "the writer ended by itself";
  count += acknowledged(ends[0], SIZE_MAX); // those on their way when it was killed
  close(ends[0]);

  const Database reopened(temporary.path()); // would throw if it were damaged
  const auto found = measured_operators(reopened, session);
  // The last one may have been written and not yet acknowledged.
  EXPECT_GE(count, GetParam());
  EXPECT_GE(found.size(), count);
  EXPECT_LE(found.size(), count + 1);
  for (std::size_t rows = 0; rows < found.size(); ++rows)
    EXPECT_EQ(found[rows], example_product(static_cast<int>(rows)));
  // The next run goes on where this one was killed.
  const auto unfinished = find_unfinished_session(reopened, tests::example_session());
  ASSERT_TRUE(unfinished);
  EXPECT_EQ(unfinished->id, session);
  EXPECT_TRUE(add_measured_operator(reopened, session, example_product(1'000'000)));
}

// The last is past 1,000 pages of log, where SQLite moves the log into the database.
INSTANTIATE_TEST_SUITE_P(AfterOperators, KilledWriter, testing::Values(1, 2, 17, 100, 600));

} // namespace
} // namespace flopcast
