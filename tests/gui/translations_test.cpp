// SPDX-License-Identifier: Apache-2.0
#include "gui/charts/step_timeline.hpp"
#include "gui/core_texts.hpp"
#include "gui/editor/plan_field.hpp"
#include "gui/language.hpp"
#include "gui/pages/page_registry.hpp"
#include "tests/gui/gui_fixture.hpp"
#include "tests/support/source_directory.hpp"

#include <QFile>
#include <QRegularExpression>
#include <QXmlStreamReader>

namespace flopcast {
namespace {

using namespace tests;

TEST(Translation, ToChineseIsFinishedAndKeepsPlaceholders) {
  QFile file(
      QString::fromStdString((source_directory() / "gui/translations/flopcast_zh_CN.ts").string()));
  ASSERT_TRUE(file.open(QIODevice::ReadOnly));
  QXmlStreamReader reader(&file);
  const QRegularExpression placeholder(QStringLiteral("%[1-9n]"));
  const auto placeholders = [&](const QString &text) {
    QStringList found;
    for (auto match = placeholder.globalMatch(text); match.hasNext();)
      found.append(match.next().captured());
    found.sort();
    return found;
  };
  QString source;
  int texts = 0;
  while (!reader.atEnd()) {
    reader.readNext();
    if (!reader.isStartElement())
      continue;
    if (reader.name() == u"source") {
      source = reader.readElementText();
    } else if (reader.name() == u"translation") {
      EXPECT_FALSE(reader.attributes().hasAttribute(QStringLiteral("type")))
          << source.toStdString();
      const QString text = reader.readElementText(QXmlStreamReader::IncludeChildElements).trimmed();
      EXPECT_FALSE(text.isEmpty()) << source.toStdString();
      EXPECT_EQ(placeholders(text), placeholders(source)) << source.toStdString();
      ++texts;
    }
  }
  EXPECT_FALSE(reader.hasError()) << reader.errorString().toStdString();
  EXPECT_GT(texts, 300);
}

class InChinese : public testing::Test {
protected:
  InChinese() { apply_language(Language::chinese); }
  ~InChinese() override { apply_language(Language::english); }

  static bool has_chinese(const QString &text) {
    static const QRegularExpression han(QStringLiteral("\\p{Han}"));
    return text.contains(han);
  }
};

TEST_F(InChinese, PagesAndFieldsAreNamed) {
  for (const PageEntry &page : page_registry())
    EXPECT_TRUE(has_chinese(page.title)) << page.id.toStdString();
  for (const PlanField &field : plan_fields()) {
    EXPECT_TRUE(has_chinese(field.group)) << field.key;
    EXPECT_TRUE(has_chinese(field.help)) << field.key;
  }
}

TEST_F(InChinese, LabelsOfTheCoreAreTranslatedAndUnknownOnesStay) {
  EXPECT_TRUE(has_chinese(core_text("pipeline bubble")));
  EXPECT_EQ(core_text("some new part"), "some new part");
  EXPECT_EQ(core_text("  by law"), "  " + core_text("by law")) << "an indented label";
  EXPECT_TRUE(has_chinese(core_text("Matrix products in bf16")));
  EXPECT_TRUE(core_text("share of peak, tiles of 64 x 128").contains("64 x 128"));
}

TEST_F(InChinese, EveryLineOfAnEstimateHasALabel) {
  const EstimatedPlanPointer plan = answered("training.precision=fp8", "llama3-70b-h100");
  for (const ReportSection &section : plan->report.sections) {
    EXPECT_TRUE(has_chinese(core_text(section.title))) << section.title;
    for (const ReportRow &row : section.rows) {
      // Names that are the same in both languages.
      if (row.label == "6ND" || row.label == "HFU")
        continue;
      EXPECT_TRUE(has_chinese(core_text(row.label))) << row.label;
    }
  }
  EXPECT_TRUE(has_chinese(core_text(plan->report.remarks_title)));
}

TEST_F(InChinese, EveryQuantityHasALabel) {
  for (const NamedQuantity &quantity : named_quantities()) {
    const std::string label(quantity.label);
    // Names that are the same in both languages.
    if (label == "6ND" || label == "HFU")
      continue;
    EXPECT_TRUE(has_chinese(core_text(quantity.label))) << label;
  }
}

TEST_F(InChinese, TasksOfATimelineAreNamed) {
  for (std::size_t kind = 0; kind < interval_kind_count; ++kind)
    EXPECT_TRUE(has_chinese(kind_name(static_cast<IntervalKind>(kind)))) << kind;
  for (std::size_t lane = 0; lane < timeline_lane_count; ++lane)
    EXPECT_TRUE(has_chinese(lane_name(static_cast<TimelineLane>(lane)))) << lane;
}

TEST(LanguageChoice, IsSpelledOneWay) {
  for (const Language language : {Language::english, Language::chinese})
    EXPECT_EQ(language_of(to_text(language)), language);
  EXPECT_EQ(language_of("de"), std::nullopt);
}

} // namespace
} // namespace flopcast
