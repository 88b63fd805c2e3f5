// SPDX-License-Identifier: Apache-2.0
#include "hardware/error_summary_file.hpp"

#include <fmt/format.h>

namespace flopcast {

double required_number(TableReader &table, std::string_view key, double lowest, double highest) {
  const auto number = table.number(key, lowest, highest);
  if (!number && !table.has(key))
    table.report_missing(key, "a number");
  return number.value_or(lowest);
}

ErrorSummary read_errors(TableReader table) {
  ErrorSummary errors;
  errors.samples = table.integer("samples", 0, 1'000'000'000).value_or(0);
  errors.median = required_number(table, "median", 0, 1e6);
  errors.mean = required_number(table, "mean", 0, 1e6);
  errors.p90 = required_number(table, "p90", 0, 1e6);
  errors.bias = required_number(table, "bias", -1, 1e6);
  table.finish();
  return errors;
}

std::string errors_text(std::string_view table, const ErrorSummary &errors) {
  return fmt::format("[{}]\nsamples = {}\nmedian = {:.4f}\nmean = {:.4f}\np90 = {:.4f}\n"
                     "bias = {:.4f}\n",
                     table, errors.samples, errors.median, errors.mean, errors.p90, errors.bias);
}

} // namespace flopcast
