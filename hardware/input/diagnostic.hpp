// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace flopcast {

/// Where a value was written. Line and column count from 1; 0 means "the whole file" or, for a
/// value given on the command line, that `file` names the option.
struct Place {
  std::string file;
  int line = 0;
  int column = 0;
};

/// One thing wrong with the input: the place, what was expected and what to do.
struct Diagnostic {
  Place place;
  std::string message;
};

/// "plans/70b.toml:12:9: tensor_parallel: …"
[[nodiscard]] std::string to_text(const Diagnostic &diagnostic);

/// Bad input. what() holds every diagnostic, one a line.
class InputError : public std::runtime_error {
public:
  explicit InputError(std::vector<Diagnostic> diagnostics);
  InputError(Place place, std::string message);

  [[nodiscard]] const std::vector<Diagnostic> &diagnostics() const { return diagnostics_; }

private:
  std::vector<Diagnostic> diagnostics_;
};

/// Collects what is wrong so that a user sees all of it at once.
class Diagnostics {
public:
  void add(Place place, std::string message);

  [[nodiscard]] bool empty() const { return collected_.empty(); }
  [[nodiscard]] std::size_t size() const { return collected_.size(); }

  /// Throws InputError if anything was collected.
  void throw_if_any() const;

private:
  std::vector<Diagnostic> collected_;
};

/// The candidate that looks most like `name`, or "" if none is near enough to be what was meant.
[[nodiscard]] std::string nearest_name(std::string_view name,
                                       std::span<const std::string> candidates);

} // namespace flopcast
