// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QWidget>

class QHBoxLayout;
class QLabel;
class QStackedWidget;
class QTableView;
class QToolButton;

namespace flopcast {

/// A picture with its title, its twin as a table and its export. Those that derive from it say what
/// the picture is.
class FigurePanel : public QWidget {
  Q_OBJECT

public:
  explicit FigurePanel(QWidget *parent);

  /// For names of files.
  [[nodiscard]] virtual QString figure_id() const = 0;
  [[nodiscard]] virtual bool has_figure() const = 0;
  /// Writes PNG, SVG, PDF or CSV. Throws InputError as save_picture() does.
  virtual void save(const QString &file) = 0;

  void show_table(bool table);

signals:
  void export_wanted();

protected:
  void set_title(const QString &title);
  /// Takes both over; `picture` is seen first.
  void set_twins(QWidget *picture, QTableView *table);
  /// A widget of the page's beside the title.
  void add_to_head(QWidget *widget);
  [[nodiscard]] bool shows_table() const;
  [[nodiscard]] QTableView *table() const { return table_; }
  /// The table is about to be seen: only what is seen costs time.
  virtual void fill_table() = 0;

private:
  QLabel *title_;
  QToolButton *as_table_;
  QHBoxLayout *head_;
  QStackedWidget *stack_;
  QTableView *table_ = nullptr;
};

} // namespace flopcast
