// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <stdexcept>
#include <string>

#include <cstdlib>

namespace flopcast::tests {

/// A folder of its own with the path of a store in it, removed with what it holds.
class TemporaryStore {
public:
  TemporaryStore() {
    std::string name = (std::filesystem::temp_directory_path() / "flopcast-store-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr)
      throw std::runtime_error("no temporary folder: " + name);
    folder_ = name;
  }
  ~TemporaryStore() {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  TemporaryStore(const TemporaryStore &) = delete;
  TemporaryStore &operator=(const TemporaryStore &) = delete;

  [[nodiscard]] std::filesystem::path path() const { return folder_ / "store.db"; }

private:
  std::filesystem::path folder_;
};

} // namespace flopcast::tests
