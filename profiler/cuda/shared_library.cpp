// SPDX-License-Identifier: Apache-2.0
#include "profiler/cuda/shared_library.hpp"

#include "profiler/kernels/kernels.hpp"

#include <dlfcn.h>

#include <utility>

namespace flopcast::cuda {

SharedLibrary::SharedLibrary(std::string what, const std::vector<std::string> &names)
    : what_(std::move(what)) {
  for (const char *const folder : {"", FLOPCAST_CUDA_LIBRARIES "/"})
    for (const std::string &name : names)
      if (!handle_)
        handle_ = dlopen((folder + name).c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!handle_) {
    const char *const reason = dlerror();
    throw MeasurementError(what_ +
                           " could not be loaded: " + (reason ? reason : "no reason given"));
  }
}

SharedLibrary::~SharedLibrary() { (void)dlclose(handle_); }

void *SharedLibrary::address(const char *name) const {
  void *const found = dlsym(handle_, name);
  if (!found)
    throw MeasurementError(what_ + " has no function " + name);
  return found;
}

} // namespace flopcast::cuda
