// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>

namespace flopcast::cpu {

struct Range {
  std::int64_t begin = 0;
  std::int64_t end = 0;
};

/// Part `index` of `parts` of 0 … count, which begin at multiples of `grain`.
[[nodiscard]] inline Range part_of(std::int64_t count, std::int64_t grain, std::int64_t parts,
                                   std::int64_t index) {
  const std::int64_t grains = (count + grain - 1) / grain;
  const auto border = [&](std::int64_t i) { return std::min(count, grains * i / parts * grain); };
  return {border(index), border(index + 1)};
}

/// Calls work(part, range) on `threads` threads for their parts of 0 … count. What is smaller than
/// a grain stays on this thread. `work` must not throw.
template <class Work>
void for_ranges(int threads, std::int64_t count, std::int64_t grain, const Work &work) {
  if (threads == 1 || count <= grain) {
    work(0, Range{0, count});
    return;
  }
#pragma omp parallel for num_threads(threads) schedule(static)
  for (int part = 0; part < threads; ++part) {
    const Range range = part_of(count, grain, threads, part);
    if (range.begin < range.end)
      work(part, range);
  }
}

/// The same for rows of `columns` elements each: a grain is as many rows as make 4,096 elements,
/// about what it takes to be worth a thread.
template <class Work>
void for_rows(int threads, std::int64_t rows, std::int64_t columns, const Work &work) {
  for_ranges(threads, rows, std::max<std::int64_t>(1, 4096 / std::max<std::int64_t>(1, columns)),
             work);
}

} // namespace flopcast::cpu
