// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hardware/units/dimension.hpp"

#include <compare>
#include <concepts>
#include <type_traits>

namespace flopcast {

/// A number with a unit. It enters and leaves only by a unit's name: `2.5 * usd / (gpu * hour)`
/// goes in, `t.in(hour)` comes out. A product whose dimensions cancel is a plain double.
template <class Dim> class Quantity {
public:
  using dimension = Dim;

  constexpr Quantity() = default;

  /// For the units below and the text parser: `value` counts base units (FLOP, byte, s, J, …).
  static constexpr Quantity from_base(double value) { return Quantity(value); }

  /// How many of `unit` this is.
  [[nodiscard]] constexpr double in(Quantity unit) const { return value_ / unit.value_; }

  constexpr auto operator<=>(const Quantity &) const = default;

  constexpr Quantity operator-() const { return Quantity(-value_); }
  constexpr Quantity &operator+=(Quantity other) {
    value_ += other.value_;
    return *this;
  }
  constexpr Quantity &operator-=(Quantity other) {
    value_ -= other.value_;
    return *this;
  }
  constexpr Quantity &operator*=(double factor) {
    value_ *= factor;
    return *this;
  }

  friend constexpr Quantity operator+(Quantity a, Quantity b) { return a += b; }
  friend constexpr Quantity operator-(Quantity a, Quantity b) { return a -= b; }
  friend constexpr Quantity operator*(Quantity a, double factor) { return a *= factor; }
  friend constexpr Quantity operator*(double factor, Quantity a) { return a *= factor; }
  friend constexpr Quantity operator/(Quantity a, double divisor) {
    return Quantity(a.value_ / divisor);
  }

  template <class Other> friend constexpr auto operator*(Quantity a, Quantity<Other> b) {
    return result<ProductDimension<Dim, Other>>(a.value_ * base_value(b));
  }
  template <class Other> friend constexpr auto operator/(Quantity a, Quantity<Other> b) {
    return result<QuotientDimension<Dim, Other>>(a.value_ / base_value(b));
  }

private:
  explicit constexpr Quantity(double value) : value_(value) {}

  template <class Other> static constexpr double base_value(Quantity<Other> other) {
    return other.in(Quantity<Other>::from_base(1.0));
  }

  template <class Result> static constexpr auto result(double value) {
    if constexpr (std::same_as<Result, Dimensionless>)
      return value;
    else
      return Quantity<Result>::from_base(value);
  }

  double value_ = 0;
};

template <class Dim>
requires(!std::same_as<Dim, Dimensionless>) constexpr auto operator/(double a, Quantity<Dim> b) {
  using Inverse = QuotientDimension<Dimensionless, Dim>;
  return Quantity<Inverse>::from_base(a / b.in(Quantity<Dim>::from_base(1.0)));
}

//                                    FLOP  B  s  J USD GPU token g
using FlopCount = Quantity<Dimension<1, 0, 0, 0, 0, 0, 0, 0>>;
using Bytes = Quantity<Dimension<0, 1, 0, 0, 0, 0, 0, 0>>;
using Seconds = Quantity<Dimension<0, 0, 1, 0, 0, 0, 0, 0>>;
using Joules = Quantity<Dimension<0, 0, 0, 1, 0, 0, 0, 0>>;
using Money = Quantity<Dimension<0, 0, 0, 0, 1, 0, 0, 0>>;
using GpuCount = Quantity<Dimension<0, 0, 0, 0, 0, 1, 0, 0>>;
using TokenCount = Quantity<Dimension<0, 0, 0, 0, 0, 0, 1, 0>>;
using Mass = Quantity<Dimension<0, 0, 0, 0, 0, 0, 0, 1>>; ///< of CO2 equivalent

using FlopRate = decltype(FlopCount{} / Seconds{});
using FlopPerToken = decltype(FlopCount{} / TokenCount{});
using Bandwidth = decltype(Bytes{} / Seconds{});
using Frequency = decltype(1.0 / Seconds{});
using Power = decltype(Joules{} / Seconds{});
using GpuTime = decltype(GpuCount{} * Seconds{});
using GpuPrice = decltype(Money{} / GpuTime{});       ///< rent, e.g. USD/(GPU*h)
using PurchasePrice = decltype(Money{} / GpuCount{}); ///< one accelerator bought
using PowerPerGpu = decltype(Power{} / GpuCount{});
using EnergyPerFlop = decltype(Joules{} / FlopCount{});
using EnergyPerByte = decltype(Joules{} / Bytes{});
using EnergyPrice = decltype(Money{} / Joules{});
using CarbonIntensity = decltype(Mass{} / Joules{});
using StoragePrice = decltype(Money{} / (Bytes{} * Seconds{}));
using TokenRate = decltype(TokenCount{} / Seconds{});
using TokenRatePerGpu = decltype(TokenRate{} / GpuCount{});

/// Names by which numbers become quantities. GB = 10^9 byte, GiB = 2^30; 1 kWh = 3.6e6 J.
namespace units {

inline constexpr auto flop = FlopCount::from_base(1);
inline constexpr auto gigaflop = 1e9 * flop;
inline constexpr auto teraflop = 1e12 * flop;
inline constexpr auto petaflop = 1e15 * flop;

inline constexpr auto byte = Bytes::from_base(1);
inline constexpr auto kilobyte = 1e3 * byte;
inline constexpr auto megabyte = 1e6 * byte;
inline constexpr auto gigabyte = 1e9 * byte;
inline constexpr auto terabyte = 1e12 * byte;
inline constexpr auto mebibyte = 1024.0 * 1024.0 * byte;
inline constexpr auto gibibyte = 1024.0 * mebibyte;

inline constexpr auto second = Seconds::from_base(1);
inline constexpr auto microsecond = 1e-6 * second;
inline constexpr auto millisecond = 1e-3 * second;
inline constexpr auto minute = 60.0 * second;
inline constexpr auto hour = 3600.0 * second;
inline constexpr auto day = 24.0 * hour;

inline constexpr auto joule = Joules::from_base(1);
inline constexpr auto picojoule = 1e-12 * joule;
inline constexpr auto watt = joule / second;
inline constexpr auto kilowatt = 1e3 * watt;
inline constexpr auto kilowatt_hour = kilowatt * hour;
inline constexpr auto megawatt_hour = 1e3 * kilowatt_hour;

inline constexpr auto usd = Money::from_base(1);
inline constexpr auto gpu = GpuCount::from_base(1);
inline constexpr auto gpu_hour = gpu * hour;
inline constexpr auto token = TokenCount::from_base(1);
inline constexpr auto gram = Mass::from_base(1);
inline constexpr auto kilogram = 1e3 * gram;

} // namespace units

} // namespace flopcast
