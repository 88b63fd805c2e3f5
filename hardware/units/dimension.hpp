// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>

namespace flopcast {

/// The quantities that a training plan is made of; everything else is a product of their powers.
enum class Base : std::size_t { flop, byte, second, joule, usd, gpu, token, gram };

inline constexpr std::size_t base_count = 8;

/// Powers of the base quantities, in the order of Base: the run-time twin of Dimension.
using Exponents = std::array<int, base_count>;

/// Powers of the base quantities as a type, so that a wrong sum does not compile.
template <int Flop, int Byte, int Second, int Joule, int Usd, int Gpu, int Token, int Gram>
struct Dimension {
  static constexpr Exponents exponents{Flop, Byte, Second, Joule, Usd, Gpu, Token, Gram};
};

using Dimensionless = Dimension<0, 0, 0, 0, 0, 0, 0, 0>;

namespace detail {

template <class A, class B, int Sign> struct Combine;

template <int... A, int... B, int Sign> struct Combine<Dimension<A...>, Dimension<B...>, Sign> {
  using type = Dimension<(A + Sign * B)...>;
};

} // namespace detail

template <class A, class B> using ProductDimension = typename detail::Combine<A, B, 1>::type;
template <class A, class B> using QuotientDimension = typename detail::Combine<A, B, -1>::type;

} // namespace flopcast
