// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <Eigen/Core>

#include <cmath>

namespace flopcast {

/// A number with its exact first and second derivatives by the parameters of a law. The size is
/// bounded so that nothing is allocated.
struct Jet {
  static constexpr int most = 10;
  using Gradient = Eigen::Matrix<double, Eigen::Dynamic, 1, 0, most, 1>;
  using Hessian = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, 0, most, most>;

  double value = 0;
  Gradient gradient;
  Hessian hessian;

  Jet(double constant, Eigen::Index size)
      : value(constant), gradient(Gradient::Zero(size)), hessian(Hessian::Zero(size, size)) {}

  /// f(x) by the chain rule, from f, f' and f'' at x.
  [[nodiscard]] Jet chained(double f, double first, double second) const {
    Jet result = *this;
    result.value = f;
    result.hessian = first * hessian + second * gradient * gradient.transpose();
    result.gradient = first * gradient;
    return result;
  }

  Jet operator-() const { return chained(-value, -1, 0); }
  friend Jet operator+(Jet a, const Jet &b) {
    a.value += b.value;
    a.gradient += b.gradient;
    a.hessian += b.hessian;
    return a;
  }
  friend Jet operator-(const Jet &a, const Jet &b) { return a + -b; }
  friend Jet operator*(const Jet &a, const Jet &b) {
    Jet result = a;
    result.value = a.value * b.value;
    result.hessian = b.value * a.hessian + a.value * b.hessian +
                     a.gradient * b.gradient.transpose() + b.gradient * a.gradient.transpose();
    result.gradient = b.value * a.gradient + a.value * b.gradient;
    return result;
  }
  friend Jet operator+(Jet a, double b) {
    a.value += b;
    return a;
  }
  friend Jet operator-(const Jet &a, double b) { return a + -b; }
  friend Jet operator-(double a, const Jet &b) { return -b + a; }
  friend Jet operator*(const Jet &a, double b) { return a.chained(a.value * b, b, 0); }
  friend Jet operator*(double a, const Jet &b) { return b * a; }

  friend Jet exp(const Jet &x) {
    const double e = std::exp(x.value);
    return x.chained(e, e, e);
  }
  friend Jet expm1(const Jet &x) {
    const double e = std::exp(x.value);
    return x.chained(std::expm1(x.value), e, e);
  }
  friend Jet log(const Jet &x) {
    return x.chained(std::log(x.value), 1 / x.value, -1 / (x.value * x.value));
  }
};

/// What a Jet's comparisons go by.
[[nodiscard]] inline double plain(double x) { return x; }
[[nodiscard]] inline double plain(const Jet &x) { return x.value; }

} // namespace flopcast
