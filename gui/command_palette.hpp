// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QDialog>
#include <QString>

#include <functional>
#include <vector>

class QLineEdit;
class QListWidget;

namespace flopcast {

struct PaletteCommand {
  QString text;
  QString keys;  ///< of its shortcut
  QString words; ///< found by these too
  std::function<void()> run;
};

/// Everything that the window can do, found by words. Enter runs what is marked.
class CommandPalette : public QDialog {
  Q_OBJECT

public:
  CommandPalette(std::vector<PaletteCommand> commands, QWidget *parent);

protected:
  bool eventFilter(QObject *watched, QEvent *event) override;

private:
  void list(const QString &words);
  void run_marked();

  std::vector<PaletteCommand> commands_;
  QLineEdit *words_;
  QListWidget *list_;
};

} // namespace flopcast
