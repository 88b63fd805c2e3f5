// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <string_view>

namespace flopcast {

/// Texts by name, in the order of the names' bytes.
using TextFields = std::map<std::string, std::string>;

/// What two records with the same contents share on every machine and in every version: SHA-256 of
/// a line "name=value" for each field. In both, a backslash is "\\" and the end of a line "\n".
[[nodiscard]] std::string content_key(const TextFields &fields);

/// A number as content_key() wants it: the shortest of the texts d.ddde+xx that read back as it.
[[nodiscard]] std::string key_number(double value);

/// The fields as a JSON object, in UTF-8. Throws StoreError for a text that is not.
[[nodiscard]] std::string json_text(const TextFields &fields);

/// The inverse of json_text(). Throws StoreError for anything else.
[[nodiscard]] TextFields fields_of_json(std::string_view json);

} // namespace flopcast
