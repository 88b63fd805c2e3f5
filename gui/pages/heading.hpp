// SPDX-License-Identifier: Apache-2.0
#pragma once

class QLabel;
class QString;
class QWidget;

namespace flopcast {

/// A bold label above `pane`; a mnemonic in the text leads into the pane, if
/// there is one.
[[nodiscard]] QLabel *heading(const QString &text, QWidget *pane, QWidget *parent);

} // namespace flopcast
