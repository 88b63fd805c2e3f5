// SPDX-License-Identifier: Apache-2.0
#include "gui/autosave.hpp"
#include "gui/document.hpp"
#include "tests/gui/gui_fixture.hpp"

#include <QFile>

namespace flopcast {
namespace {

using namespace tests;

const PlanRequest first{"a.toml", "", "text"};

class Document : public testing::Test {
protected:
  Document() { document_.open(first, "open"); }
  [[nodiscard]] std::string changes() const { return document_.request().changes; }

  PlanDocument document_;
};

TEST_F(Document, OpensTheFirstPlanWithoutAStep) {
  EXPECT_EQ(document_.request(), first);
  EXPECT_FALSE(document_.undo_stack()->canUndo());
}

TEST_F(Document, MakesOneStepOfOneDrag) {
  for (const char *value : {"2", "3", "4"})
    document_.edit({{"training.micro_batch", value}}, "slide", "training.micro_batch#1");
  EXPECT_EQ(document_.undo_stack()->count(), 1);
  document_.edit({{"training.micro_batch", "5"}}, "slide", "training.micro_batch#2");
  EXPECT_EQ(document_.undo_stack()->count(), 2);
  document_.undo_stack()->undo();
  EXPECT_EQ(changes(), "training.micro_batch=4\n");
  document_.undo_stack()->undo();
  EXPECT_EQ(changes(), "");
  document_.undo_stack()->redo();
  EXPECT_EQ(changes(), "training.micro_batch=4\n");
}

TEST_F(Document, BringsBackWhatWasOpenBeforeAnother) {
  document_.edit({{"run.goodput", "0.5"}}, "edit", {});
  document_.open({"b.toml", "", "other"}, "open");
  EXPECT_FALSE(document_.is_modified());
  document_.undo_stack()->undo();
  EXPECT_EQ(document_.request().where, "a.toml");
  EXPECT_EQ(changes(), "run.goodput=0.5\n");
}

TEST_F(Document, TellsOfEveryChangeOnce) {
  int told = 0;
  QObject::connect(&document_, &PlanDocument::changed, [&told] { ++told; });
  document_.edit({{"a", "1"}, {"b", "2"}}, "edit", {});
  document_.edit({{"a", "1"}}, "the same again", {});
  document_.reset("a", "reset");
  EXPECT_EQ(told, 3) << "the second changes the order of the lines";
  document_.reset("a", "reset");
  EXPECT_EQ(told, 3);
}

TEST_F(Document, IsCleanOnceSaved) {
  document_.edit({{"run.goodput", "0.5"}}, "edit", {});
  EXPECT_TRUE(document_.is_modified());
  document_.saved("c.toml", "merged");
  EXPECT_FALSE(document_.is_modified());
  EXPECT_EQ(document_.request(), (PlanRequest{"c.toml", "", "merged"}));
}

TEST(Requests, SurviveJson) {
  const PlanRequest request{"a \"b\".toml", "x=1\n-y\n", "näme = \"模型\"\n"};
  EXPECT_EQ(request_of_json(request_json(request)), request);
  EXPECT_EQ(request_of_json(request_json({"a", "", std::nullopt})),
            (PlanRequest{"a", "", std::nullopt}));
  for (const char *broken : {"", "[]", "{\"where\": 5}", "{\"where\":"})
    EXPECT_EQ(request_of_json(broken), std::nullopt) << broken;
}

TEST(Autosaves, AreFoundAfterACrashAndNotAfterAnEnd) {
  const Folder folder;
  { // a crash: nobody clears
    Autosave autosave(folder.path("state"));
    autosave.write(first);
  }
  {
    Autosave autosave(folder.path("state"));
    EXPECT_EQ(autosave.take_recovered(), first);
    EXPECT_EQ(autosave.take_recovered(), std::nullopt);
    autosave.clear();
  }
  EXPECT_EQ(Autosave(folder.path("state")).take_recovered(), std::nullopt);
}

TEST(Autosaves, OfTwoWindowsAreApart) {
  const Folder folder;
  Autosave one(folder.path("state"));
  Autosave two(folder.path("state"));
  one.write(first);
  two.write({"b.toml", "", "other"});
  two.clear();
  EXPECT_TRUE(QFile::exists(folder.path("state/autosave-0.json")));
  EXPECT_FALSE(QFile::exists(folder.path("state/autosave-1.json")));
}

TEST(Autosaves, DoNothingWhereNothingCanBeWritten) {
  Autosave autosave("/proc/no-such-folder");
  autosave.write(first);
  EXPECT_EQ(autosave.take_recovered(), std::nullopt);
}

} // namespace
} // namespace flopcast
