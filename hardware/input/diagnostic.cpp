// SPDX-License-Identifier: Apache-2.0
#include "hardware/input/diagnostic.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

namespace flopcast {
namespace {

std::string join_lines(const std::vector<Diagnostic> &diagnostics) {
  std::string text;
  for (const Diagnostic &diagnostic : diagnostics) {
    if (!text.empty())
      text += '\n';
    text += to_text(diagnostic);
  }
  return text;
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i + 1;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t substitution = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({row[j] + 1, row[j + 1] + 1, substitution});
    }
  }
  return row.back();
}

} // namespace

std::string to_text(const Diagnostic &diagnostic) {
  const Place &place = diagnostic.place;
  if (place.line > 0)
    return fmt::format("{}:{}:{}: {}", place.file, place.line, place.column, diagnostic.message);
  if (!place.file.empty())
    return fmt::format("{}: {}", place.file, diagnostic.message);
  return diagnostic.message;
}

InputError::InputError(std::vector<Diagnostic> diagnostics)
    : std::runtime_error(join_lines(diagnostics)), diagnostics_(std::move(diagnostics)) {}

InputError::InputError(Place place, std::string message)
    : InputError(std::vector<Diagnostic>(1, Diagnostic{std::move(place), std::move(message)})) {}

void Diagnostics::add(Place place, std::string message) {
  // A hostile file may hold a million wrong keys; a person reads the first few.
  constexpr std::size_t most = 50;
  if (collected_.size() < most)
    collected_.push_back({std::move(place), std::move(message)});
}

void Diagnostics::throw_if_any() const {
  if (!collected_.empty())
    throw InputError(collected_);
}

std::string nearest_name(std::string_view name, std::span<const std::string> candidates) {
  constexpr std::size_t longest_name = 80;
  if (name.size() > longest_name)
    return {};
  std::string best;
  // As many edits as the name has letters turn it into any other.
  std::size_t best_distance = std::min(std::max<std::size_t>(2, name.size() / 3) + 1, name.size());
  for (const std::string &candidate : candidates) {
    const bool contains = name.size() >= 3 && candidate.find(name) != std::string::npos;
    const std::size_t distance = contains ? 1 : edit_distance(name, candidate);
    if (distance < best_distance) {
      best_distance = distance;
      best = candidate;
    }
  }
  return best;
}

} // namespace flopcast
