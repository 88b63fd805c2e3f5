// SPDX-License-Identifier: Apache-2.0
#include "tests/support/sanitized.hpp"

namespace flopcast::tests {

bool sanitized() {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  return true;
#else
  return false;
#endif
}

} // namespace flopcast::tests
