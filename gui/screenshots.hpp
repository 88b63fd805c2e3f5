// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QString>

namespace flopcast {

class MainWindow;

/// A picture of the window as it stands. Throws InputError if the file cannot be written.
void save_screenshot(MainWindow &window, const QString &file);

/// Every page in both themes and both languages: PAGE-THEME-LANGUAGE.png. Throws InputError if one
/// cannot be written.
void save_screenshots(MainWindow &window, const QString &folder);

} // namespace flopcast
