// SPDX-License-Identifier: Apache-2.0
#include "tests/profiler/cpu_fixture.hpp"

#include <vector>

namespace flopcast {
namespace {

using namespace tests;

// Roundings of fp32 over sums of at most 500 products of about 1.
constexpr double rounding = 1e-4;

const std::vector<ConvolutionShape> shapes{
    {.batch = 2, .height = 6, .width = 5, .in_channels = 3, .out_channels = 4, .kernel = 3},
    {.batch = 1,
     .height = 7,
     .width = 4,
     .in_channels = 5,
     .out_channels = 2,
     .kernel = 3,
     .stride = 2},
    {.batch = 3, .height = 4, .width = 4, .in_channels = 8, .out_channels = 6, .kernel = 1},
    {.batch = 1, .height = 5, .width = 5, .in_channels = 1, .out_channels = 1, .kernel = 5},
};

/// Calls visit(output, image, filter elements) for every product of a convolution: the definition.
template <class Visit> void each_product(const ConvolutionShape &s, const Visit &visit) {
  for (std::int64_t b = 0; b < s.batch; ++b)
    for (std::int64_t y = 0; y < s.out_height(); ++y)
      for (std::int64_t x = 0; x < s.out_width(); ++x)
        for (std::int64_t o = 0; o < s.out_channels; ++o)
          for (std::int64_t dy = 0; dy < s.kernel; ++dy)
            for (std::int64_t dx = 0; dx < s.kernel; ++dx)
              for (std::int64_t c = 0; c < s.in_channels; ++c) {
                const std::int64_t row = y * s.stride + dy - (s.kernel - 1) / 2;
                const std::int64_t column = x * s.stride + dx - (s.kernel - 1) / 2;
                if (row < 0 || row >= s.height || column < 0 || column >= s.width)
                  continue;
                visit(static_cast<std::size_t>(
                          ((b * s.out_height() + y) * s.out_width() + x) * s.out_channels + o),
                      static_cast<std::size_t>(
                          ((b * s.height + row) * s.width + column) * s.in_channels + c),
                      static_cast<std::size_t>(
                          ((o * s.kernel + dy) * s.kernel + dx) * s.in_channels + c));
              }
}

void expect_near(const Values &found, const std::vector<double> &expected) {
  ASSERT_EQ(found.size(), expected.size());
  for (std::size_t i = 0; i < found.size(); ++i)
    ASSERT_NEAR(static_cast<double>(found[i]), expected[i], rounding) << "element " << i;
}

class CpuConvolution : public OnCpu {};

TEST_F(CpuConvolution, IsTheSumOverTheFilter) {
  for (const ConvolutionShape &shape : shapes) {
    const Values image = random_values(shape.input_elements(), 1);
    const Values filter = random_values(shape.filter_elements(), 2);
    std::vector<double> expected(static_cast<std::size_t>(shape.output_elements()));
    each_product(shape, [&](std::size_t to, std::size_t i, std::size_t f) {
      expected[to] += static_cast<double>(image[i]) * static_cast<double>(filter[f]);
    });
    DeviceValues device(on());
    const Tensor output = device.put(Values(expected.size(), 7.0F)); // is written, not added to
    on().convolution(shape, device.put(image), device.put(filter), output);
    expect_near(device.get(output), expected);
  }
}

TEST_F(CpuConvolution, GradientsAreThoseOfTheSum) {
  for (const ConvolutionShape &shape : shapes) {
    const Values image = random_values(shape.input_elements(), 1);
    const Values filter = random_values(shape.filter_elements(), 2);
    const Values gradient = random_values(shape.output_elements(), 3);
    std::vector<double> of_image(image.size()), of_filter(filter.size());
    each_product(shape, [&](std::size_t to, std::size_t i, std::size_t f) {
      of_image[i] += static_cast<double>(gradient[to]) * static_cast<double>(filter[f]);
      of_filter[f] += static_cast<double>(gradient[to]) * static_cast<double>(image[i]);
    });
    DeviceValues device(on());
    const Tensor image_gradient = device.put(Values(image.size(), 7.0F));
    const Tensor filter_gradient = device.put(Values(filter.size(), 7.0F));
    on().convolution_data_gradient(shape, device.put(filter), device.put(gradient), image_gradient);
    on().convolution_weight_gradient(shape, device.put(image), device.put(gradient),
                                     filter_gradient);
    expect_near(device.get(image_gradient), of_image);
    expect_near(device.get(filter_gradient), of_filter);
  }
}

} // namespace
} // namespace flopcast
