// SPDX-License-Identifier: Apache-2.0
#include "gui/editor/plan_editor.hpp"
#include "gui/editor/value_spin_box.hpp"
#include "tests/cli/command_line_fixture.hpp"
#include "tests/gui/gui_fixture.hpp"

#include <gmock/gmock.h>

#include <QComboBox>
#include <QLineEdit>
#include <QMenu>
#include <QSlider>
#include <QToolButton>

#include <algorithm>

namespace flopcast {
namespace {

using namespace tests;

class Editor : public CommandLine {
protected:
  Editor() {
    editor_.show_plan(answered(), "");
    QObject::connect(
        &editor_, &PlanEditor::edited,
        [this](const std::vector<PlanEdit> &edits, const QString &, const QString &key) {
          edits_ = edits;
          merge_keys_.push_back(key);
        });
  }
  [[nodiscard]] FieldRow &row(const std::string &key) const {
    const auto found = std::ranges::find(editor_.rows(), key,
                                         [](const FieldRow *one) { return one->field().key; });
    EXPECT_NE(found, editor_.rows().end()) << key;
    return **found;
  }
  [[nodiscard]] std::string edit_text() const {
    std::string text;
    for (const PlanEdit &edit : edits_)
      text = with_edit(text, edit);
    return text;
  }

  /// Of the example, when the field gets the value.
  static std::string changes_by(const PlanField &field, const std::string &value) {
    std::string changes;
    for (const PlanEdit &edit : edits_of(field, value, answered()->written))
      changes = with_edit(changes, edit);
    return changes;
  }

  PlanSession session_ = shipped_session();
  PlanEditor editor_{session_, nullptr};
  std::vector<PlanEdit> edits_;
  std::vector<QString> merge_keys_;
};

TEST_F(Editor, ShowsThePlansValuesAndEditsNothingByThat) {
  EXPECT_EQ(row("hardware.count").findChild<ValueSpinBox *>()->value(), 1024);
  EXPECT_EQ(row("data.tokens").findChild<ValueSpinBox *>()->value(), 300);
  EXPECT_EQ(row("model.preset").findChild<QComboBox *>()->currentText(), "gpt3-175b");
  EXPECT_EQ(row("training.recompute").findChild<QComboBox *>()->currentText(), "selective");
  EXPECT_TRUE(merge_keys_.empty());
}

TEST_F(Editor, WritesWhatASpinBoxSays) {
  row("data.tokens").findChild<ValueSpinBox *>()->setValue(1500.5);
  EXPECT_EQ(edit_text(), "data.tokens=1500.5e9 token\n");
  row("price.rate").findChild<ValueSpinBox *>()->setValue(2.1);
  EXPECT_EQ(edit_text(), "price.rate=2.1 USD/(GPU*h)\n");
}

TEST_F(Editor, TakesAwayWhatSaysTheSameInAnotherWay) {
  // The plan counts nodes.
  row("hardware.count").findChild<ValueSpinBox *>()->setValue(512);
  EXPECT_EQ(edit_text(), "hardware.count=512\n-hardware.nodes\n");
}

TEST_F(Editor, MergesTheStepsOfOneDrag) {
  auto *slider = row("training.micro_batch").findChild<QSlider *>();
  emit slider->sliderPressed();
  slider->setValue(1);
  slider->setValue(3);
  ASSERT_EQ(merge_keys_.size(), 2U);
  EXPECT_EQ(merge_keys_[0], merge_keys_[1]);
  EXPECT_EQ(edit_text(), "training.micro_batch=8\n"); // 2^3
  emit slider->sliderPressed();
  slider->setValue(2);
  EXPECT_NE(merge_keys_[2], merge_keys_[1]);
}

TEST_F(Editor, EveryFieldIsAKeyThatPlansHaveAndEditsGiveTheValueBack) {
  for (const PlanField &field : plan_fields()) {
    if (field.number == nullptr || field.key.starts_with("parallelism."))
      continue; // one degree alone contradicts the others
    const double wanted = field.key == "model.hidden"     ? 9600 // its 96 heads divide it
                          : field.key == "model.kv_heads" ? 48   // divides the heads
                          : field.kind == FieldKind::integer
                              ? (field.highest >= 64 ? 64 : 2)
                              : std::clamp(0.5 * (field.lowest + field.highest), 0.3, 2.0);
    const std::string changes = changes_by(field, written_number(field, wanted));
    const EstimatedPlanPointer plan = answered(changes);
    const auto value = field.number(plan->run);
    ASSERT_TRUE(value) << field.key;
    EXPECT_NEAR(*value, wanted, 1e-9 * wanted) << field.key; // of the way through base units
    EXPECT_EQ(field_status(field, *plan, changes).source, FieldSource::changed) << field.key;
  }
}

TEST_F(Editor, OffersOnlyChoicesThatPlansTake) {
  for (const PlanField &field : plan_fields())
    if (field.kind == FieldKind::choice)
      for (const std::string &choice : field.choices) {
        const std::string error = refused({std::string(example), changes_by(field, choice)});
        EXPECT_EQ(error, "") << field.key << "=" << choice;
      }
}

TEST_F(Editor, TakesPresetsAndTheirAbsence) {
  for (const PlanField &field : plan_fields()) {
    if (field.key == "hardware.fabric") {
      const auto plan = answered(changes_by(field, "fat-tree-3-ndr400"), "llama3.1-405b-h100");
      EXPECT_EQ(field.text(plan->run), "fat-tree-3-ndr400");
      EXPECT_EQ(changes_by(field, "none"), "-hardware.fabric\n");
    }
    if (field.key == "training.framework") {
      EXPECT_EQ(field.text(answered(changes_by(field, "none"))->run), "none");
      EXPECT_EQ(field.text(answered(changes_by(field, "fsdp"))->run), "fsdp");
    }
  }
}

TEST_F(Editor, WritesWhatRecomputationNeedsBesideIt) {
  auto &modules = row("training.recompute_modules");
  auto *menu = modules.findChild<QMenu *>();
  for (QAction *action : menu->actions())
    if (action->text() == "mlp")
      action->trigger();
  EXPECT_EQ(edit_text(), "training.recompute_modules=[\"mlp\"]\ntraining.recompute=modules\n");
  const EstimatedPlanPointer plan = answered(edit_text());
  EXPECT_EQ(modules.field().text(plan->run), "mlp");
  editor_.show_plan(plan, edit_text());
  EXPECT_EQ(modules.findChild<QToolButton *>("several")->text(), "mlp");
  row("training.recompute_layers").findChild<ValueSpinBox *>()->setValue(3);
  EXPECT_EQ(edit_text(), "training.recompute_layers=3\n-training.recompute_modules\n"
                         "training.recompute=full\n");
}

TEST_F(Editor, LeavesAnAbsentValueBlank) {
  auto *box = row("stated.mfu").findChild<ValueSpinBox *>();
  EXPECT_EQ(box->text(), "");
  EXPECT_FALSE(row("stated.mfu").findChild<QSlider *>()->isEnabled());
  editor_.show_plan(answered("stated.mfu=0.5"), "stated.mfu=0.5");
  EXPECT_EQ(box->value(), 0.5);
  EXPECT_TRUE(row("stated.mfu").findChild<QSlider *>()->isEnabled());
}

TEST_F(Editor, SaysWhereAValueComesFrom) {
  const EstimatedPlanPointer plan = answered();
  for (const PlanField &field : plan_fields()) {
    const FieldStatus status = field_status(field, *plan, "");
    EXPECT_FALSE(status.detail.isEmpty()) << field.key;
    if (field.key == "run.goodput") {
      EXPECT_EQ(status.source, FieldSource::in_plan);
    }
    if (field.key == "price.rate") {
      EXPECT_EQ(status.source, FieldSource::by_default);
    }
  }
}

TEST_F(Editor, FindsFieldsByTheirWordsAndKeys) {
  auto *filter = editor_.findChild<QLineEdit *>("field-filter");
  const auto shown = [this] {
    return std::ranges::count_if(editor_.rows(), [](FieldRow *one) { return !one->isHidden(); });
  };
  const auto all = shown();
  filter->setText("micro_batch");
  EXPECT_EQ(shown(), 1);
  filter->setText("parallel rank");
  EXPECT_GT(shown(), 1);
  EXPECT_LT(shown(), all);
  filter->clear();
  EXPECT_EQ(shown(), all);
}

} // namespace
} // namespace flopcast
