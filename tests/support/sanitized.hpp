// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace flopcast::tests {

/// Whether the product was built with the address or the thread sanitizer; tests may be without.
[[nodiscard]] bool sanitized();

} // namespace flopcast::tests
