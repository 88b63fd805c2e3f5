// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "model/architecture/decoder.hpp"

#include <cstdint>

namespace flopcast {

/// Of so many equal places that the experts lie in, how many a token reaches. Its experts are
/// chosen evenly from the groups that it is limited to, and these from all.
[[nodiscard]] double reached_places(std::int64_t places, const MixtureOfExperts &experts);

} // namespace flopcast
