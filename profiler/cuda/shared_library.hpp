// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace flopcast::cuda {

/// A library that is loaded when it is first needed: cuBLASLt alone takes 60 ms to load, which
/// every start of the program would pay for, and NVML comes with the driver.
class SharedLibrary {
public:
  /// The first of the names that loads, along the loader's path and then in the folder of the
  /// toolkit that Flopcast was built with. Throws MeasurementError, naming `what`, if none does.
  SharedLibrary(std::string what, const std::vector<std::string> &names);
  ~SharedLibrary();
  SharedLibrary(const SharedLibrary &) = delete;
  SharedLibrary &operator=(const SharedLibrary &) = delete;

  /// Puts the address of `name` into `function`. Throws MeasurementError if there is none.
  template <class Function> void find(Function *&function, const char *name) const {
    function = reinterpret_cast<Function *>(address(name));
  }

private:
  [[nodiscard]] void *address(const char *name) const;

  std::string what_;
  void *handle_ = nullptr;
};

} // namespace flopcast::cuda
