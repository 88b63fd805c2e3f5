// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hardware/input/diagnostic.hpp"
#include "hardware/input/value.hpp"
#include "hardware/units/text.hpp"

#include <cstdint>
#include <initializer_list>
#include <limits>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace flopcast {

/// The text of one value of an enumeration, as files and output spell it.
template <class E> using Spelled = std::pair<std::string_view, E>;

/// Reads one table key by key, checks type, unit and range, and remembers which keys it was asked
/// for, so that finish() can name the others. Problems go to the Diagnostics; the read then yields
/// nothing and the reading goes on.
class TableReader {
public:
  /// `value` must outlive the reader; one that is no table is reported. `path` is the dotted name
  /// of the table, "" for the root.
  TableReader(const InputValue &value, std::string path, Diagnostics &diagnostics);

  /// Asking counts for the suggestions of finish(), but only reading makes a key known.
  [[nodiscard]] bool has(std::string_view key) const;
  /// The place of the key, or of the table where the key is absent.
  [[nodiscard]] Place place(std::string_view key) const;
  [[nodiscard]] Place place() const { return value_->place; }
  [[nodiscard]] std::string full_key(std::string_view key) const;

  /// What is written there, for keys that take more than one type; null where the key is absent.
  [[nodiscard]] const InputValue *value(std::string_view key) { return find(key); }
  [[nodiscard]] std::optional<std::string> text(std::string_view key);
  [[nodiscard]] std::vector<std::string> texts(std::string_view key);
  [[nodiscard]] std::optional<bool> flag(std::string_view key);
  [[nodiscard]] std::optional<Date> date(std::string_view key);
  /// An integer within [lowest, highest]; 300e9 and 1.0 count as integers, 1.5 does not.
  [[nodiscard]] std::optional<std::int64_t> integer(std::string_view key, std::int64_t lowest,
                                                    std::int64_t highest);
  /// A number within [lowest, highest].
  [[nodiscard]] std::optional<double> number(std::string_view key, double lowest, double highest);

  /// The numbers of an array, each within [lowest, highest]; none where one is wrong.
  [[nodiscard]] std::vector<double> numbers(std::string_view key, double lowest, double highest);
  /// The numbers of a text that holds nothing but numbers and white space: long tables of them.
  [[nodiscard]] std::vector<double> number_block(std::string_view key);

  /// A quantity within [lowest, highest]. A plain number stands for `plain_unit` if one is given.
  template <class Dim>
  [[nodiscard]] std::optional<Quantity<Dim>>
  quantity(std::string_view key, Quantity<Dim> lowest, Quantity<Dim> highest,
           std::optional<Quantity<Dim>> plain_unit = std::nullopt) {
    constexpr auto base = Quantity<Dim>::from_base(1);
    const auto value =
        any_quantity(key, Dim::exponents, lowest.in(base), highest.in(base),
                     plain_unit ? std::optional(plain_unit->in(base)) : std::nullopt);
    return value ? std::optional(Quantity<Dim>::from_base(*value)) : std::nullopt;
  }

  /// One of the spelled values.
  template <class E>
  [[nodiscard]] std::optional<E> choice(std::string_view key,
                                        std::span<const Spelled<E>> spellings) {
    const auto written = text(key);
    if (!written)
      return std::nullopt;
    std::vector<std::string> names;
    for (const auto &[name, value] : spellings) {
      if (name == *written)
        return value;
      names.emplace_back(name);
    }
    report_unknown_choice(key, *written, names);
    return std::nullopt;
  }

  /// A table below this one; an empty one, at this table's place, where the key is absent.
  [[nodiscard]] TableReader table(std::string_view key);
  /// The tables of an array of tables; none where the key is absent.
  [[nodiscard]] std::vector<TableReader> tables(std::string_view key);

  /// Reports `key: message` at the key's place.
  void report(std::string_view key, std::string_view message);
  /// Reports that a key is missing.
  void report_missing(std::string_view key, std::string_view expected);
  /// Reports every key that nobody asked for, with the nearest that exists.
  void finish();

private:
  const InputValue *find(std::string_view key);
  std::optional<double> any_quantity(std::string_view key, const Exponents &exponents,
                                     double lowest, double highest,
                                     std::optional<double> plain_unit);
  void report_unknown_choice(std::string_view key, const std::string &written,
                             const std::vector<std::string> &names);

  const InputValue *value_;
  const InputTable *table_;
  std::string path_;
  Diagnostics *diagnostics_;
  std::set<std::string, std::less<>> known_;
  mutable std::set<std::string, std::less<>> asked_;
};

} // namespace flopcast
