// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <variant>

namespace flopcast {

/// A condition on the rows of a table, such as `C < 1e21 and dataset == "rpj"`: comparisons of
/// numbers and texts, + - * /, and, or, not, parentheses. A column whose name is no word stands in
/// brackets: [Model Size]. It reads columns and nothing else.
class RunFilter {
public:
  /// A number, or a text where the field is none.
  using Value = std::variant<double, std::string>;
  /// The value of a column in the row at hand.
  using Lookup = std::function<Value(const std::string &column)>;
  struct Node;

  /// Throws InputError, with the column of the expression, for what is no condition.
  explicit RunFilter(std::string_view expression);

  /// A comparison of a number with a text, or with nothing (NaN), does not hold.
  [[nodiscard]] bool holds(const Lookup &lookup) const;
  /// Calls for each column that the expression names.
  void for_each_column(const std::function<void(const std::string &, int)> &call) const;

private:
  std::shared_ptr<const Node> root_;
};

} // namespace flopcast
