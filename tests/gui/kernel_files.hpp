// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

namespace flopcast::tests {

/// A table in Flopcast's own format: products in bf16 of many shapes and sums, with times that
/// 200 TFLOP/s and 1 TB/s would give, each a few percent off by its row; `repeats` times as many
/// rows of other sizes.
inline std::string kernel_file(const std::string &device, int repeats = 1) {
  std::string text = "# device: " + device +
                     "\n# software: made by a test\n"
                     "operator,pass,format,batch,rows,columns,depth,causal,flops,bytes,kernels,"
                     "seconds\n";
  int row = 0;
  const auto off = [&row] { return 1 + 0.01 * (row++ * 7 % 11 - 5); };
  for (int repeat = 0; repeat < repeats; ++repeat)
    for (const std::int64_t n : {1024, 2048, 4096, 8192})
      for (const std::int64_t k : {512, 1024, 4096, 12288})
        for (int octave = 0; octave < 7; ++octave) {
          const std::int64_t m = (std::int64_t{256} << octave) + repeat;
          const double flops = 2.0 * static_cast<double>(m * n) * static_cast<double>(k);
          const double bytes = 2.0 * static_cast<double>(m * k + k * n + m * n);
          text += "gemm,forward,bf16,1," + std::to_string(m) + ',' + std::to_string(n) + ',' +
                  std::to_string(k) + ",0," + std::to_string(flops) + ',' + std::to_string(bytes) +
                  ",1," + std::to_string(1e-5 + off() * flops / 200e12) + '\n';
        }
  for (std::int64_t rows = 1024; rows <= 65536; rows *= 2)
    for (const std::int64_t columns : {1024, 2048, 3072, 4096, 6144, 8192}) {
      const double bytes = 6.0 * static_cast<double>(rows * columns);
      text += "elementwise,forward,bf16,1," + std::to_string(rows) + ',' + std::to_string(columns) +
              ",1,0,0," + std::to_string(bytes) + ",1," +
              std::to_string(5e-6 + off() * bytes / 1e12) + '\n';
    }
  return text;
}

} // namespace flopcast::tests
