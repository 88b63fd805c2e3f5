// SPDX-License-Identifier: Apache-2.0
#include "gui/screenshots.hpp"

#include "gui/main_window.hpp"

#include <QApplication>
#include <QDir>
#include <QPixmap>
#include <QUndoStack>

#include <string>

namespace flopcast {
namespace {

/// Something to compare: the plan and the same with twice the micro-batch.
void show_comparison(MainWindow &window) {
  window.settle();
  if (!window.plan() || !window.scenarios().empty())
    return;
  window.pin();
  const std::int64_t twice = 2 * window.plan()->run.plan.training.micro_batch;
  window.document().edit({{"training.micro_batch", std::to_string(twice)}}, {}, {});
  window.settle();
  window.pin();
  window.document().undo_stack()->undo();
}

} // namespace

void save_screenshot(MainWindow &window, const QString &file) {
  window.settle();
  // Not shown, only laid out: the offscreen platform complains of windows that it shows.
  // The first picture lays the widgets out, and their scroll bars follow the sizes only in the
  // second round.
  window.grab();
  window.settle();
  constexpr int smallest_file = 0;
  if (!window.grab().save(file, nullptr, smallest_file))
    throw InputError({file.toStdString(), 0, 0}, "cannot be written");
}

void save_screenshots(MainWindow &window, const QString &folder) {
  if (!QDir().mkpath(folder))
    throw InputError({folder.toStdString(), 0, 0}, "cannot be made");
  show_comparison(window);
  for (const Language language : {Language::english, Language::chinese}) {
    window.set_language(language);
    for (const Theme theme : {Theme::light, Theme::dark}) {
      window.set_theme(theme);
      for (const PageEntry &page : window.pages()) {
        window.show_page(page.id);
        save_screenshot(window, QStringLiteral("%1/%2-%3-%4.png")
                                    .arg(folder, page.id, to_text(theme), to_text(language)));
      }
    }
  }
}

} // namespace flopcast
