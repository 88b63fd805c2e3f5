// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hardware/units/quantity.hpp"

#include <stdexcept>
#include <string>
#include <string_view>

namespace flopcast {

/// A text that is not a number with a unit, or one of another dimension. The message says what was
/// expected; the reader of the file adds the place.
class UnitError : public std::runtime_error {
public:
  using std::runtime_error::runtime_error;
};

/// A number with any unit, in base units.
struct AnyQuantity {
  double value = 0;
  Exponents exponents{};
};

/// Reads "80 GiB", "989.4 TFLOP/s", "2.10 USD/(GPU*h)", "400 Gb/s", "0.0815 USD/kWh", "429 g/kWh".
/// Throws UnitError for anything else, NaN and infinity included.
[[nodiscard]] AnyQuantity parse_any_quantity(std::string_view text);

/// The plain name of a dimension with an example of its text, for messages.
[[nodiscard]] std::string describe_dimension(const Exponents &exponents);

/// Shortest text that parses back to the same value, in base units: "8e+10 B".
[[nodiscard]] std::string exact_text(double base_value, const Exponents &exponents);

/// Text for people: four significant digits, prefix and unit as the field writes them.
[[nodiscard]] std::string human_text(double base_value, const Exponents &exponents);

/// Text of a plain number for people: "96", "1,024", "3.143e+23", "0.4623".
[[nodiscard]] std::string human_number(double value);

/// An integer with thousands separators: "174,604,259,328".
[[nodiscard]] std::string grouped_integer(double value);

/// Throws UnitError if `text` is not a quantity of dimension Dim.
template <class Dim> [[nodiscard]] Quantity<Dim> parse_quantity(std::string_view text) {
  const AnyQuantity any = parse_any_quantity(text);
  if (any.exponents != Dim::exponents)
    throw UnitError("expected " + describe_dimension(Dim::exponents) + ", got \"" +
                    std::string(text) + "\"");
  return Quantity<Dim>::from_base(any.value);
}

template <class Dim> [[nodiscard]] std::string exact_text(Quantity<Dim> quantity) {
  return exact_text(quantity.in(Quantity<Dim>::from_base(1)), Dim::exponents);
}

template <class Dim> [[nodiscard]] std::string human_text(Quantity<Dim> quantity) {
  return human_text(quantity.in(Quantity<Dim>::from_base(1)), Dim::exponents);
}

} // namespace flopcast
