// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hardware/presets/catalog.hpp"

#include <gtest/gtest.h>

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

namespace flopcast::tests {

/// A directory of presets that lasts as long as the object. Tests run side by side, in processes of
/// their own: the process and a count make the name unique.
class TemporaryPresets {
public:
  TemporaryPresets() {
    static int count = 0;
    path_ = std::filesystem::path(testing::TempDir()) /
            ("flopcast-" + std::to_string(::getpid()) + "-" + std::to_string(++count));
    std::filesystem::create_directories(path_);
  }
  ~TemporaryPresets() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryPresets(const TemporaryPresets &) = delete;
  TemporaryPresets &operator=(const TemporaryPresets &) = delete;

  void write(const std::string &file, std::string_view text) const {
    std::filesystem::create_directories((path_ / file).parent_path());
    std::ofstream(path_ / file, std::ios::binary) << text;
  }

  [[nodiscard]] const std::filesystem::path &path() const { return path_; }
  [[nodiscard]] PresetCatalog catalog() const { return PresetCatalog({path_}); }

private:
  std::filesystem::path path_;
};

} // namespace flopcast::tests
