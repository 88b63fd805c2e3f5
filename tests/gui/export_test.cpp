// SPDX-License-Identifier: Apache-2.0
#include "gui/export.hpp"
#include "tests/cli/command_line_fixture.hpp"
#include "tests/gui/gui_fixture.hpp"

#include <gmock/gmock.h>

namespace flopcast {
namespace {

using testing::HasSubstr;
using namespace tests;

class Export : public CommandLine {
protected:
  /// The text of a file that the plan was exported to.
  [[nodiscard]] std::string exported(const EstimatedPlan &plan, const std::string &name) const {
    const auto path = folder() / name;
    export_plan(plan, path);
    return content_of(path);
  }

  [[nodiscard]] static std::string printed(const std::string &format) {
    return run({"estimate", std::string(example), "--set", std::string(too_large), "--format",
                format})
        .out;
  }
};

TEST_F(Export, WritesWhatTheCommandLinePrints) {
  // Of a plan that cannot run, so that the nearest one is in it.
  const EstimatedPlanPointer plan = answered(std::string(too_large));
  EXPECT_EQ(exported(*plan, "a.csv"), printed("csv"));
  EXPECT_EQ(exported(*plan, "a.json"), printed("json"));
  EXPECT_EQ(exported(*plan, "a.md"), printed("md"));
}

std::string complaint(const std::filesystem::path &file) {
  try {
    export_plan(*answered(), file);
  } catch (const InputError &error) {
    return error.what();
  }
  return "";
}

TEST_F(Export, NamesTheExtensionsThatItKnows) {
  EXPECT_THAT(complaint(folder() / "a.pdf"), HasSubstr("end it in .csv, .json or .md"));
  EXPECT_FALSE(std::filesystem::exists(folder() / "a.pdf"));
}

TEST_F(Export, SaysWhyAFileCannotBeWritten) {
  EXPECT_THAT(complaint(folder() / "no-such-folder" / "a.csv"),
              HasSubstr("cannot be written: No such file or directory"));
}

} // namespace
} // namespace flopcast
