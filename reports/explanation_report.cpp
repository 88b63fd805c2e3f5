// SPDX-License-Identifier: Apache-2.0
#include "reports/explanation_report.hpp"

#include "reports/csv_text.hpp"
#include "reports/json_text.hpp"
#include "reports/quantity_rows.hpp"

#include <fmt/format.h>

#include <cmath>

namespace flopcast {
namespace {

/// A plan that cannot run has no step, so nothing that follows from one.
bool has_value(const Explanation &explanation) {
  return explanation.text != missing_text && std::isfinite(explanation.value.value);
}

Json explanation_node(const Explanation &explanation, int depth) {
  Json node{{"key", explanation.key},
            {"label", explanation.label},
            {"value", has_value(explanation) ? Json(explanation.value.value) : Json(nullptr)},
            {"text", explanation.text},
            {"origin", to_text(explanation.origin)},
            {"formula", explanation.formula},
            {"source", explanation.source},
            {"inputs", Json::array()}};
  if (explanation.range)
    node["range"] = {{"low", explanation.range->low},
                     {"high", explanation.range->high},
                     {"text", explanation.range->text}};
  if (depth > 0)
    for (const Explanation &input : explanation.inputs)
      node["inputs"].push_back(explanation_node(input, depth - 1));
  return node;
}

template <class Visit>
void walk(const Explanation &explanation, int depth, int level, const Visit &visit) {
  visit(explanation, level);
  if (level < depth)
    for (const Explanation &input : explanation.inputs)
      walk(input, depth, level + 1, visit);
}

} // namespace

std::string explanation_text(const Explanation &explanation, int depth, TextStyle style) {
  std::string text;
  walk(explanation, depth, 0, [&](const Explanation &node, int level) {
    const std::string indent(static_cast<std::size_t>(2 * level), ' ');
    const std::string strong = style.colour ? "\x1b[1m" : "";
    const std::string end = style.colour ? "\x1b[0m" : "";
    text += fmt::format("{}{} = {}{}{}  [{}]\n", indent, node.label, strong, node.text, end,
                        to_text(node.origin));
    if (!node.formula.empty())
      text += fmt::format("{}    = {}\n", indent, node.formula);
    if (!node.source.empty())
      text += fmt::format("{}    {}{}\n", indent, has_value(node) ? "from " : "", node.source);
    if (node.range)
      text += fmt::format("{}    range {}\n", indent, node.range->text);
  });
  return text;
}

std::string explanation_json(const Explanation &explanation, int depth) {
  Json root{{"schema_version", json_schema_version}, {"kind", "explanation"}};
  root.update(explanation_node(explanation, depth));
  return dumped(root);
}

std::string explanation_markdown(const Explanation &explanation, int depth) {
  std::string text;
  walk(explanation, depth, 0, [&](const Explanation &node, int level) {
    text += fmt::format(
        "{}- **{}** = {} ({})", std::string(static_cast<std::size_t>(2 * level), ' '),
        escaped_markdown(node.label), escaped_markdown(node.text), to_text(node.origin));
    if (!node.formula.empty())
      text += fmt::format(": {}", escaped_markdown(node.formula));
    if (!node.source.empty())
      text += fmt::format("; {}", escaped_markdown(node.source));
    if (node.range)
      text += fmt::format("; range {}", escaped_markdown(node.range->text));
    text += '\n';
  });
  return text;
}

std::string explanation_csv(const Explanation &explanation, int depth) {
  std::string text = csv_line({"depth", "key", "value", "text", "origin", "formula", "source"});
  walk(explanation, depth, 0, [&](const Explanation &node, int level) {
    text += csv_line({fmt::format("{}", level), node.key,
                      has_value(node) ? fmt::format("{}", node.value.value) : "", node.text,
                      std::string(to_text(node.origin)), node.formula, node.source});
  });
  return text;
}

} // namespace flopcast
