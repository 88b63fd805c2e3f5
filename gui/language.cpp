// SPDX-License-Identifier: Apache-2.0
#include "gui/language.hpp"

#include <QApplication>
#include <QFont>
#include <QLibraryInfo>
#include <QLocale>
#include <QTranslator>

#include <memory>
#include <vector>

// The library is linked statically: its resources are not found unless they are named.
static void add_translations() { Q_INIT_RESOURCE(flopcast_translations); }

namespace flopcast {
namespace {

constexpr auto english_text = "en";
constexpr auto chinese_text = "zh_CN";

/// What is installed in the application; its own while there is one.
struct Installed {
  Language language = Language::english;
  std::vector<std::unique_ptr<QTranslator>> translators;
};

// Translators are installed in the application, of which there is one: so there is one of this.
Installed &installed() {
  static Installed all;
  return all;
}

} // namespace

QString to_text(Language language) {
  return QString::fromLatin1(language == Language::chinese ? chinese_text : english_text);
}

std::optional<Language> language_of(const QString &text) {
  if (text == QLatin1String(english_text))
    return Language::english;
  if (text == QLatin1String(chinese_text))
    return Language::chinese;
  return std::nullopt;
}

Language desktop_language() {
  return QLocale::system().language() == QLocale::Chinese ? Language::chinese : Language::english;
}

Language current_language() { return installed().language; }

void apply_language(Language language) {
  add_translations();
  Installed &all = installed();
  all.translators.clear(); // takes them out of the application
  all.language = language;
  QFont font = QApplication::font();
  const QString family = font.families().value(0);
  // Qt would find a font with the characters, but not always one with the Chinese forms.
  font.setFamilies({family, QStringLiteral("Noto Sans CJK SC")});
  QApplication::setFont(font);
  if (language == Language::english)
    return;
  const auto install = [&](const QString &name, const QString &folder) {
    auto translator = std::make_unique<QTranslator>();
    if (translator->load(name, folder)) {
      QCoreApplication::installTranslator(translator.get());
      all.translators.push_back(std::move(translator));
    }
  };
  // Qt's own buttons and dialogs.
  install(QStringLiteral("qtbase_zh_CN"), QLibraryInfo::path(QLibraryInfo::TranslationsPath));
  install(QStringLiteral("flopcast_zh_CN"), QStringLiteral(":/translations"));
}

} // namespace flopcast
