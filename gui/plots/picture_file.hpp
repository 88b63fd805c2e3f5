// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QSize>
#include <QString>

#include <functional>

class QIODevice;
class QPaintDevice;

namespace flopcast {

/// Something that can be written as a file.
struct Picture {
  QString title;
  QSize size; ///< pixels on the screen
  /// Draws on a device; `scale` of its own units are one pixel of `size`.
  std::function<void(QPaintDevice &, double scale)> paint;
  std::function<void(QIODevice &)> write_csv;
};

/// Writes PNG (twice the size on the screen), SVG, PDF or CSV, as the extension says. The file is
/// complete or not there. Throws InputError for another extension or a file that cannot be written.
void save_picture(const Picture &picture, const QString &file);

} // namespace flopcast
