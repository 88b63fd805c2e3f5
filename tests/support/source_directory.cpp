// SPDX-License-Identifier: Apache-2.0
#include "tests/support/source_directory.hpp"

namespace flopcast::tests {

std::filesystem::path source_directory() { return FLOPCAST_SOURCE_DIR; }

} // namespace flopcast::tests
