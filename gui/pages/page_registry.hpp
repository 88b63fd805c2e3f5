// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "gui/pages/page.hpp"

#include <QString>

#include <functional>
#include <vector>

namespace flopcast {

/// A page as the window knows it. To add a page, add an entry.
struct PageEntry {
  QString id;    ///< stable: settings and pictures name pages by it
  QString title; ///< in the language of the window
  std::function<Page *(const PageContext &, QWidget *parent)> create;
};

/// In the order of the tabs.
[[nodiscard]] std::vector<PageEntry> page_registry();

} // namespace flopcast
