// SPDX-License-Identifier: Apache-2.0
#include "gui/pages/estimate_page.hpp"

#include "gui/core_texts.hpp"
#include "gui/pages/heading.hpp"
#include "gui/theme.hpp"

#include <QApplication>
#include <QEvent>
#include <QHeaderView>
#include <QLabel>
#include <QSplitter>
#include <QStyledItemDelegate>
#include <QTextBlock>
#include <QTextCursor>
#include <QTextEdit>
#include <QTreeView>
#include <QVBoxLayout>

#include <algorithm>
#include <iterator>
#include <vector>

namespace flopcast {
namespace {

constexpr int chain_depth = 3; // as `flopcast explain`
constexpr int indentation = 5; // pixels a leading blank
constexpr int splitter_handle = 10;

QString text_of(const std::string &text) { return QString::fromStdString(text); }

QTextEdit *text_pane(const QString &name, const QString &object_name, QWidget *parent) {
  auto *pane = new QTextEdit(parent);
  pane->setReadOnly(true);
  pane->setTabChangesFocus(true);
  pane->setAccessibleName(name);
  pane->setObjectName(object_name);
  pane->document()->setDocumentMargin(8);
  return pane;
}

QWidget *titled(QLabel *title, QWidget *pane) {
  auto *both = new QWidget;
  auto *layout = new QVBoxLayout(both);
  layout->setContentsMargins(0, 0, 0, 0);
  layout->addWidget(title);
  layout->addWidget(pane, 1);
  return both;
}

/// Rows with room to read.
class RoomyRows : public QStyledItemDelegate {
public:
  using QStyledItemDelegate::QStyledItemDelegate;

  [[nodiscard]] QSize sizeHint(const QStyleOptionViewItem &option,
                               const QModelIndex &index) const override {
    return QStyledItemDelegate::sizeHint(option, index) + QSize(14, 5);
  }
};

/// Writes lines into a pane: those that stand back in a fainter colour, each under its own margin,
/// so that a long line continues below its beginning. Lines that stay are not laid out again.
class LineWriter {
public:
  explicit LineWriter(QTextEdit &pane)
      : pane_(pane), faint_(secondary_text(QApplication::palette())) {}

  void line(const QString &text, int left_margin, bool stands_back) {
    lines_.push_back({text, left_margin, stands_back});
  }

  void finish() {
    if (has_their_form())
      replace_texts();
    else
      write_all();
  }

private:
  struct Line {
    QString text;
    int left_margin = 0;
    bool stands_back = false;
  };

  [[nodiscard]] QTextCharFormat characters(const Line &line) const {
    QTextCharFormat format;
    if (line.stands_back)
      format.setForeground(faint_);
    return format;
  }

  /// Whether the pane holds as many lines of the same margins and colours.
  [[nodiscard]] bool has_their_form() const {
    if (pane_.document()->blockCount() != std::ssize(lines_))
      return false;
    QTextBlock block = pane_.document()->begin();
    return std::ranges::all_of(lines_, [&](const Line &line) {
      QTextCursor cursor(block);
      cursor.movePosition(QTextCursor::NextCharacter);
      const bool same = block.length() > 1 &&
                        block.blockFormat().leftMargin() == line.left_margin &&
                        cursor.charFormat().foreground() == characters(line).foreground();
      block = block.next();
      return same;
    });
  }

  void replace_texts() {
    QTextCursor cursor(pane_.document());
    cursor.beginEditBlock();
    QTextBlock block = pane_.document()->begin();
    for (const Line &line : lines_) {
      if (block.text() != line.text) {
        cursor.setPosition(block.position());
        cursor.movePosition(QTextCursor::EndOfBlock, QTextCursor::KeepAnchor);
        cursor.insertText(line.text, characters(line));
      }
      block = block.next();
    }
    cursor.endEditBlock();
  }

  void write_all() {
    pane_.clear();
    QTextCursor cursor(pane_.document());
    bool first = true;
    for (const Line &line : lines_) {
      QTextBlockFormat block;
      block.setLeftMargin(line.left_margin);
      block.setTopMargin(line.stands_back || first ? 0 : 5);
      if (first)
        cursor.setBlockFormat(block);
      else
        cursor.insertBlock(block);
      first = false;
      cursor.insertText(line.text, characters(line));
    }
    pane_.moveCursor(QTextCursor::Start);
  }

  QTextEdit &pane_;
  QColor faint_;
  std::vector<Line> lines_;
};

} // namespace

EstimatePage::EstimatePage(const PageContext & /*context*/, QWidget *parent)
    : Page(parent), tree_(new QTreeView(this)),
      chain_(text_pane(tr("Where the selected number comes from"), QStringLiteral("chain"), this)),
      assumptions_(text_pane(tr("Assumptions"), QStringLiteral("assumptions"), this)),
      assumptions_title_(heading(tr("Assumptions"), assumptions_, this)) {
  tree_->setModel(&results_);
  tree_->setAlternatingRowColors(true);
  tree_->setUniformRowHeights(true);
  tree_->setAllColumnsShowFocus(true);
  tree_->setAccessibleName(tr("Numbers of the plan"));
  tree_->setObjectName(QStringLiteral("results"));
  tree_->setItemDelegate(new RoomyRows(tree_));
  tree_->setIndentation(16);
  tree_->header()->setStretchLastSection(false);
  // As wide as their texts when the rows are made, not at every change of a number.
  tree_->header()->setSectionResizeMode(QHeaderView::Interactive);
  // Long texts of the first section are shortened, names of numbers are not.
  tree_->header()->setSectionResizeMode(ResultModel::value_column, QHeaderView::Stretch);
  tree_->header()->setSectionsMovable(false);
  tree_->header()->setAccessibleName(tr("Columns of the numbers"));

  auto *below = new QSplitter(Qt::Horizontal);
  below->setObjectName(QStringLiteral("below"));
  below->setChildrenCollapsible(false);
  below->setHandleWidth(splitter_handle);
  below->addWidget(titled(heading(tr("&Where the number comes from"), chain_, this), chain_));
  below->addWidget(titled(assumptions_title_, assumptions_));
  below->setSizes({360, 360});

  auto *rows = new QSplitter(Qt::Vertical, this);
  rows->setObjectName(QStringLiteral("rows"));
  rows->setChildrenCollapsible(false);
  rows->setHandleWidth(splitter_handle);
  rows->addWidget(titled(heading(tr("&Numbers"), tree_, this), tree_));
  rows->addWidget(below);
  rows->setSizes({400, 250});

  auto *layout = new QVBoxLayout(this);
  layout->addWidget(rows, 1);

  connect(tree_->selectionModel(), &QItemSelectionModel::currentChanged, this,
          &EstimatePage::write_chain);
}

void EstimatePage::show_input(const PageInput &input) {
  const QString key =
      tree_->currentIndex().siblingAtColumn(0).data(ResultModel::key_role).toString();
  plan_ = input.plan;
  bool other_rows = false;
  const auto watch = connect(&results_, &QAbstractItemModel::modelReset, this,
                             [&other_rows] { other_rows = true; });
  results_.set_plan(plan_);
  disconnect(watch);
  if (other_rows) {
    for (int section = 0; section < results_.rowCount({}); ++section)
      tree_->setFirstColumnSpanned(section, {}, true);
    tree_->expandAll();
    for (const auto column : {ResultModel::quantity_column, ResultModel::share_column})
      tree_->resizeColumnToContents(column);
    select_number(key);
  }
  write_chain();
  write_assumptions();
}

void EstimatePage::select_number(const QString &key) {
  QModelIndex index = key.isEmpty() ? QModelIndex() : results_.index_of(key);
  if (!index.isValid())
    index = results_.first_number();
  tree_->setCurrentIndex(index);
}

void EstimatePage::write_chain() {
  const QString chain = results_.explanation(tree_->currentIndex(), chain_depth);
  // To lay a text out costs more than all numbers beside it.
  if (chain == written_chain_ && !chain.isEmpty())
    return;
  written_chain_ = chain;
  LineWriter writer(*chain_);
  if (chain.isEmpty() && plan_)
    writer.line(tr("Select a number to see its formula, what went in and the sources."), 0, true);
  for (const QString &line : chain.split(u'\n', Qt::SkipEmptyParts)) {
    const QString text = line.trimmed();
    const auto blanks = static_cast<int>(line.indexOf(text.front()));
    writer.line(text, blanks * indentation, text.startsWith(u"= ") || text.startsWith(u"from "));
  }
  writer.finish();
}

void EstimatePage::write_assumptions() {
  assumptions_title_->setText(plan_ ? core_text(plan_->report.remarks_title) : tr("Assumptions"));
  const std::vector<ReportRemark> remarks =
      plan_ ? plan_->report.remarks : std::vector<ReportRemark>();
  const auto same = [](const ReportRemark &a, const ReportRemark &b) {
    return a.label == b.label && a.text == b.text;
  };
  if (std::ranges::equal(remarks, written_remarks_, same))
    return;
  written_remarks_ = remarks;
  LineWriter writer(*assumptions_);
  for (const ReportRemark &remark : remarks) {
    writer.line(text_of(remark.label), 0, false);
    writer.line(text_of(remark.text), 2 * indentation, true);
  }
  writer.finish();
}

void EstimatePage::changeEvent(QEvent *event) {
  QWidget::changeEvent(event);
  if (event->type() == QEvent::PaletteChange) {
    written_chain_.clear(); // in the other colours
    written_remarks_.clear();
    write_chain();
    write_assumptions();
  }
}

} // namespace flopcast
