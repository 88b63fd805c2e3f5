// SPDX-License-Identifier: Apache-2.0
#include "reports/csv_text.hpp"

namespace flopcast {

std::string csv_line(const std::vector<std::string> &fields) {
  std::string line;
  for (const std::string &field : fields) {
    if (!line.empty() || &field != &fields.front())
      line += ',';
    if (field.find_first_of(",\"\r\n") == std::string::npos) {
      line += field;
      continue;
    }
    line += '"';
    for (const char c : field) {
      if (c == '"')
        line += '"';
      line += c;
    }
    line += '"';
  }
  return line + "\n";
}

} // namespace flopcast
