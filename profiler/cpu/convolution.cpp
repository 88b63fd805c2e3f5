// SPDX-License-Identifier: Apache-2.0
#include "profiler/cpu/convolution.hpp"

#include "profiler/cpu/matrix.hpp"
#include "profiler/cpu/thread_ranges.hpp"

#include <algorithm>
#include <vector>

namespace flopcast::cpu {
namespace {

/// Rows: output points of one image; columns: the inputs that a point sees, channels fastest.
struct Patches {
  explicit Patches(const ConvolutionShape &of)
      : shape(of), points(of.out_height() * of.out_width()), seen(of.depth()),
        values(static_cast<std::size_t>(points * seen)) {}

  /// Calls visit(patch values, input values) for each pixel under the filter of each output point;
  /// the second is -1 where the filter lies over the border.
  template <class Visit> void each_pixel(Range rows, const Visit &visit) const {
    const std::int64_t border = (shape.kernel - 1) / 2;
    for (std::int64_t point = rows.begin; point < rows.end; ++point) {
      const std::int64_t y0 = point / shape.out_width() * shape.stride - border;
      const std::int64_t x0 = point % shape.out_width() * shape.stride - border;
      std::int64_t at = point * seen;
      for (std::int64_t dy = 0; dy < shape.kernel; ++dy)
        for (std::int64_t dx = 0; dx < shape.kernel; ++dx, at += shape.in_channels) {
          const std::int64_t y = y0 + dy, x = x0 + dx;
          const bool inside = y >= 0 && y < shape.height && x >= 0 && x < shape.width;
          visit(at, inside ? (y * shape.width + x) * shape.in_channels : -1);
        }
    }
  }

  void gather(int threads, const float *image) {
    for_rows(threads, points, seen, [&](std::int64_t, Range rows) {
      each_pixel(rows, [&](std::int64_t to, std::int64_t from) {
        float *const patch = values.data() + to;
        if (from >= 0)
          std::copy_n(image + from, shape.in_channels, patch);
        else
          std::fill_n(patch, shape.in_channels, 0.0F);
      });
    });
  }

  /// Adds what each point gives to its inputs. On one thread: points share inputs.
  void scatter(float *image) const {
    std::fill_n(image, shape.height * shape.width * shape.in_channels, 0.0F);
    each_pixel({0, points}, [&](std::int64_t from, std::int64_t to) {
      if (to < 0)
        return;
      for (std::int64_t c = 0; c < shape.in_channels; ++c)
        image[to + c] += values[static_cast<std::size_t>(from + c)];
    });
  }

  ConvolutionShape shape;
  std::int64_t points;
  std::int64_t seen;
  std::vector<float> values;
};

} // namespace

void convolution(int threads, const ConvolutionShape &shape, const float *input,
                 const float *weight, float *output) {
  Patches patches(shape);
  const Product one{.shape = {1, patches.points, shape.out_channels, patches.seen},
                    .transpose_right = true};
  for (std::int64_t image = 0; image < shape.batch; ++image) {
    patches.gather(threads, input + image * shape.input_elements() / shape.batch);
    product(threads, one, patches.values.data(), weight,
            output + image * patches.points * shape.out_channels, nullptr, nullptr);
  }
}

void convolution_data_gradient(int threads, const ConvolutionShape &shape, const float *weight,
                               const float *output_gradient, float *input_gradient) {
  Patches patches(shape);
  const Product one{.shape = {1, patches.points, patches.seen, shape.out_channels}};
  for (std::int64_t image = 0; image < shape.batch; ++image) {
    product(threads, one, output_gradient + image * patches.points * shape.out_channels, weight,
            patches.values.data(), nullptr, nullptr);
    patches.scatter(input_gradient + image * shape.input_elements() / shape.batch);
  }
}

void convolution_weight_gradient(int threads, const ConvolutionShape &shape, const float *input,
                                 const float *output_gradient, float *weight_gradient) {
  Patches patches(shape);
  Product one{.shape = {1, shape.out_channels, patches.seen, patches.points},
              .transpose_left = true};
  for (std::int64_t image = 0; image < shape.batch; ++image) {
    patches.gather(threads, input + image * shape.input_elements() / shape.batch);
    one.accumulate = image > 0;
    product(threads, one, output_gradient + image * patches.points * shape.out_channels,
            patches.values.data(), weight_gradient, nullptr, nullptr);
  }
}

} // namespace flopcast::cpu
