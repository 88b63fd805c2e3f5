// SPDX-License-Identifier: Apache-2.0
#include "gui/plots/picture_file.hpp"

#include "hardware/input/diagnostic.hpp"

#include <QCoreApplication>
#include <QFileInfo>
#include <QImage>
#include <QPageSize>
#include <QPdfWriter>
#include <QSaveFile>
#include <QSvgGenerator>

namespace flopcast {
namespace {

struct Files {
  Q_DECLARE_TR_FUNCTIONS(Files)
};

constexpr int picture_scale = 2; // sharp on paper and on dense screens

[[noreturn]] void refuse(const QString &file, const QString &why) {
  throw InputError({file.toStdString(), 0, 0}, why.toStdString());
}

void write_svg(const Picture &picture, QIODevice &target) {
  QSvgGenerator svg;
  svg.setOutputDevice(&target);
  svg.setSize(picture.size);
  svg.setViewBox(QRect(QPoint(), picture.size));
  svg.setTitle(picture.title);
  picture.paint(svg, 1);
}

void write_pdf(const Picture &picture, QIODevice &target) {
  constexpr double points_a_pixel = 0.75;
  constexpr int dots_per_inch = 1200;
  QPdfWriter pdf(&target);
  pdf.setTitle(picture.title);
  pdf.setResolution(dots_per_inch);
  pdf.setPageMargins({});
  pdf.setPageSize(QPageSize(QSizeF(picture.size) * points_a_pixel, QPageSize::Point));
  picture.paint(pdf, static_cast<double>(pdf.width()) / picture.size.width());
}

void write_png(const Picture &picture, QIODevice &target) {
  QImage image(picture.size * picture_scale, QImage::Format_RGB32);
  picture.paint(image, picture_scale);
  image.save(&target, "PNG");
}

} // namespace

void save_picture(const Picture &picture, const QString &file) {
  const QString extension = QFileInfo(file).suffix().toLower();
  QSaveFile target(file);
  if (extension != QStringLiteral("png") && extension != QStringLiteral("svg") &&
      extension != QStringLiteral("pdf") && extension != QStringLiteral("csv"))
    refuse(file, Files::tr("cannot tell the format from the name; end it in .png, .svg, .pdf or "
                           ".csv"));
  if (!target.open(QIODevice::WriteOnly))
    refuse(file, Files::tr("cannot be written: %1").arg(target.errorString()));
  if (extension == QStringLiteral("csv"))
    picture.write_csv(target);
  else if (extension == QStringLiteral("png"))
    write_png(picture, target);
  else if (extension == QStringLiteral("svg"))
    write_svg(picture, target);
  else
    write_pdf(picture, target);
  if (!target.flush() || !target.commit())
    refuse(file, Files::tr("cannot be written: %1").arg(target.errorString()));
}

} // namespace flopcast
