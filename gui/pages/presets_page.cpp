// SPDX-License-Identifier: Apache-2.0
#include "gui/pages/presets_page.hpp"

#include "gui/pages/table_look.hpp"

#include <QComboBox>
#include <QHBoxLayout>
#include <QLabel>
#include <QLineEdit>
#include <QSplitter>
#include <QTableView>
#include <QTreeView>
#include <QVBoxLayout>

namespace flopcast {

PresetsPage::PresetsPage(const PageContext &context, QWidget *parent)
    : Page(parent), session_(&context.session), kind_(new QComboBox(this)),
      words_(new QLineEdit(this)), table_(new QTableView(this)), tree_(new QTreeView(this)),
      count_(new QLabel(this)) {
  for (const std::string &kind : preset_kinds())
    kind_->addItem(QString::fromStdString(kind));
  kind_->setAccessibleName(tr("Kind of presets"));
  words_->setPlaceholderText(tr("Words that must occur"));
  words_->setClearButtonEnabled(true);
  words_->setAccessibleName(tr("Search in presets"));
  words_->setAcceptDrops(false);
  words_->setObjectName(QStringLiteral("preset-words"));
  table_->setModel(&rows_);
  table_->setAccessibleName(tr("Presets"));
  table_->setObjectName(QStringLiteral("presets"));
  make_readable(*table_);
  table_->setSelectionBehavior(QAbstractItemView::SelectRows);
  table_->setSelectionMode(QAbstractItemView::SingleSelection);
  tree_->setModel(&facts_);
  tree_->setAlternatingRowColors(true);
  tree_->setAccessibleName(tr("Facts of the preset, with sources"));
  tree_->setObjectName(QStringLiteral("preset-facts"));
  tree_->setTextElideMode(Qt::ElideRight);
  count_->setForegroundRole(QPalette::PlaceholderText);

  auto *head = new QHBoxLayout;
  head->addWidget(kind_);
  head->addWidget(words_, 1);
  head->addWidget(count_);
  auto *split = new QSplitter(Qt::Vertical, this);
  split->setObjectName(QStringLiteral("presets"));
  split->setChildrenCollapsible(false);
  split->addWidget(table_);
  split->addWidget(tree_);
  split->setSizes({300, 330});
  auto *layout = new QVBoxLayout(this);
  layout->addLayout(head);
  layout->addWidget(split, 1);

  connect(kind_, &QComboBox::currentIndexChanged, this, &PresetsPage::list);
  connect(words_, &QLineEdit::textChanged, this, &PresetsPage::list);
  connect(table_->selectionModel(), &QItemSelectionModel::currentRowChanged, this,
          &PresetsPage::show_chosen);
}

void PresetsPage::show_input(const PageInput & /*input*/) {
  if (found_.empty() && words_->text().isEmpty())
    list();
}

void PresetsPage::list() {
  std::vector<QStringList> rows{{tr("id"), tr("name"), tr("more")}};
  try {
    std::vector<std::string> words;
    for (const QString &word : words_->text().split(u' ', Qt::SkipEmptyParts))
      words.push_back(word.toStdString());
    found_ = summaries(session_->catalog(), kind_->currentText().toStdString());
    if (!words.empty())
      found_ = search(std::move(found_), words);
  } catch (const InputError &error) { // a broken preset of the user's own
    found_.clear();
    rows.push_back({QString(), QString::fromUtf8(error.what())});
  }
  for (const PresetSummary &preset : found_)
    rows.push_back({QString::fromStdString(preset.id), QString::fromStdString(preset.name),
                    QString::fromStdString(preset.detail)});
  rows_.set_rows(std::move(rows));
  table_->resizeColumnsToContents();
  count_->setText(tr("%n found", nullptr, static_cast<int>(found_.size())));
  table_->setCurrentIndex(rows_.index(0, 0));
  show_chosen();
}

void PresetsPage::show_chosen() {
  const int row = table_->currentIndex().row();
  Report report;
  if (row >= 0 && static_cast<std::size_t>(row) < found_.size()) {
    const PresetSummary &preset = found_[static_cast<std::size_t>(row)];
    const bool of_table = preset.kind == "prices" || preset.kind == "energy";
    try {
      if (!of_table)
        report = preset_report(session_->catalog().load(preset.kind, preset.id),
                               preset.kind + "/" + preset.id);
    } catch (const InputError &error) {
      report.sections.push_back({error.what(), {}});
    }
  }
  report.left_aligned = true;
  tree_->setVisible(!report.sections.empty());
  facts_.set_report(std::move(report));
  unfold(*tree_);
}

} // namespace flopcast
