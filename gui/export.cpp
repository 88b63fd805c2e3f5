// SPDX-License-Identifier: Apache-2.0
#include "gui/export.hpp"

#include "reports/estimate_csv.hpp"
#include "reports/estimate_json.hpp"

#include <cerrno>
#include <cstring>
#include <fstream>

namespace flopcast {
namespace {

std::string text_for(const EstimatedPlan &plan, const std::filesystem::path &file) {
  const std::string extension = file.extension().string();
  if (extension == ".csv")
    return estimate_csv(plan.answer());
  if (extension == ".json")
    return estimate_json(plan.answer(), plan.nearest);
  if (extension == ".md")
    return to_markdown(plan.report);
  throw InputError({file.string(), 0, 0},
                   "cannot tell the format from the name; end it in .csv, .json or .md");
}

} // namespace

void export_plan(const EstimatedPlan &plan, const std::filesystem::path &file) {
  const std::string text = text_for(plan, file);
  std::ofstream stream(file, std::ios::binary);
  stream << text << std::flush;
  if (!stream)
    throw InputError({file.string(), 0, 0},
                     std::string("cannot be written: ") + std::strerror(errno));
}

} // namespace flopcast
