// SPDX-License-Identifier: Apache-2.0
#include "model/scaling/fit/run_filter.hpp"

#include "hardware/input/diagnostic.hpp"

#include <fmt/format.h>

#include <cctype>
#include <charconv>
#include <cmath>
#include <limits>
#include <vector>

namespace flopcast {

/// An operation with its operands; a leaf has a value or names a column.
struct RunFilter::Node {
  std::string operation; ///< "" for a leaf
  std::vector<std::shared_ptr<const Node>> operands;
  Value value;
  std::string column;
  int place = 0;
};

namespace {

using Node = RunFilter::Node;
using NodePointer = std::shared_ptr<const Node>;
using Value = RunFilter::Value;

/// Parentheses and signs within each other: no sensible condition needs more, and the stack holds.
constexpr int deepest = 100;

class Parser {
public:
  explicit Parser(std::string_view text) : text_(text) { advance(); }

  NodePointer whole() {
    NodePointer node = alternatives();
    if (!token_.empty())
      fail(fmt::format("\"{}\" was not expected", token_));
    return node;
  }

private:
  enum class Kind { end, word, number, text, column, symbol };

  [[noreturn]] void fail(const std::string &message) const {
    throw InputError({"--where", 1, static_cast<int>(begin_) + 1},
                     message + "; a condition looks like C < 1e21 and dataset == \"rpj\"");
  }

  void advance() {
    while (at_ < text_.size() && std::isspace(static_cast<unsigned char>(text_[at_])) != 0)
      ++at_;
    begin_ = at_;
    token_.clear();
    kind_ = Kind::end;
    if (at_ == text_.size())
      return;
    const char c = text_[at_];
    if (c == '"' || c == '\'')
      take_until(c, Kind::text);
    else if (c == '[')
      take_until(']', Kind::column);
    else if (std::isdigit(static_cast<unsigned char>(c)) != 0 || c == '.')
      take_number();
    else if (std::isalpha(static_cast<unsigned char>(c)) != 0 || c == '_')
      take_word();
    else
      take_symbol();
  }

  void take_until(char end, Kind kind) {
    const auto found = text_.find(end, at_ + 1);
    if (found == std::string_view::npos)
      fail(fmt::format("{} has no end", text_.substr(at_)));
    token_ = std::string(text_.substr(at_, found + 1 - at_));
    kind_ = kind;
    at_ = found + 1;
  }

  void take_number() {
    const char *first = text_.data() + at_;
    const auto [end, error] = std::from_chars(first, text_.data() + text_.size(), number_);
    if (error != std::errc{})
      fail(fmt::format("\"{}\" is no number", text_.substr(at_)));
    token_ = std::string(first, end);
    kind_ = Kind::number;
    at_ += token_.size();
  }

  void take_word() {
    while (at_ < text_.size() && (std::isalnum(static_cast<unsigned char>(text_[at_])) != 0 ||
                                  text_[at_] == '_' || text_[at_] == '.'))
      token_ += text_[at_++];
    kind_ = Kind::word;
  }

  void take_symbol() {
    for (const std::string_view symbol : {"<=", ">=", "==", "!=", "&&", "||"})
      if (text_.substr(at_).starts_with(symbol))
        token_ = symbol;
    if (token_.empty())
      token_ = std::string(1, text_[at_]);
    if (token_.size() == 1 && std::string_view("<>=!+-*/()").find(token_) == std::string_view::npos)
      fail(fmt::format("\"{}\" has no meaning here", token_));
    kind_ = Kind::symbol;
    at_ += token_.size();
  }

  bool accept(std::initializer_list<std::string_view> words, std::string &taken) {
    if (kind_ == Kind::text || kind_ == Kind::column || kind_ == Kind::number)
      return false;
    for (const std::string_view word : words)
      if (token_ == word) {
        taken = token_;
        advance();
        return true;
      }
    return false;
  }

  NodePointer made(std::string operation, std::vector<NodePointer> operands) const {
    return std::make_shared<Node>(
        Node{std::move(operation), std::move(operands), 0.0, "", static_cast<int>(begin_) + 1});
  }

  NodePointer alternatives() {
    NodePointer left = conjunction();
    for (std::string taken; accept({"or", "||"}, taken);)
      left = made("or", {left, conjunction()});
    return left;
  }
  NodePointer conjunction() {
    NodePointer left = negation();
    for (std::string taken; accept({"and", "&&"}, taken);)
      left = made("and", {left, negation()});
    return left;
  }
  NodePointer negation() {
    const Deeper guard(*this);
    std::string taken;
    if (accept({"not", "!"}, taken))
      return made("not", {negation()});
    return comparison();
  }
  NodePointer comparison() {
    NodePointer left = sum();
    std::string taken;
    if (accept({"<=", ">=", "==", "!=", "<", ">", "="}, taken))
      return made(taken == "=" ? "==" : taken, {left, sum()});
    return left;
  }
  NodePointer sum() {
    NodePointer left = product();
    for (std::string taken; accept({"+", "-"}, taken);)
      left = made(taken, {left, product()});
    return left;
  }
  NodePointer product() {
    NodePointer left = factor();
    for (std::string taken; accept({"*", "/"}, taken);)
      left = made(taken, {left, factor()});
    return left;
  }
  NodePointer factor() {
    const Deeper guard(*this);
    std::string taken;
    if (accept({"-"}, taken))
      return made("negate", {factor()});
    if (accept({"("}, taken)) {
      NodePointer inside = alternatives();
      if (!accept({")"}, taken))
        fail("\")\" is missing");
      return inside;
    }
    Node leaf{.operation = "",
              .operands = {},
              .value = 0.0,
              .column = "",
              .place = static_cast<int>(begin_) + 1};
    if (kind_ == Kind::number)
      leaf.value = number_;
    else if (kind_ == Kind::text)
      leaf.value = token_.substr(1, token_.size() - 2);
    else if (kind_ == Kind::column)
      leaf.column = token_.substr(1, token_.size() - 2);
    else if (kind_ == Kind::word)
      leaf.column = token_;
    else
      fail(token_.empty() ? "the condition ends too soon"
                          : fmt::format("\"{}\" where a column or a value should be", token_));
    advance();
    return std::make_shared<Node>(std::move(leaf));
  }

  struct Deeper {
    explicit Deeper(Parser &p) : parser(p) {
      if (++parser.depth_ > deepest)
        parser.fail("nested too deeply");
    }
    Deeper(const Deeper &) = delete;
    Deeper &operator=(const Deeper &) = delete;
    ~Deeper() { --parser.depth_; }
    Parser &parser;
  };

  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t begin_ = 0;
  Kind kind_ = Kind::end;
  std::string token_;
  double number_ = 0;
  int depth_ = 0;
};

constexpr double nothing = std::numeric_limits<double>::quiet_NaN();

double number_of(const Value &value) {
  const double *number = std::get_if<double>(&value);
  return number == nullptr ? nothing : *number;
}

bool truth(const Value &value) {
  const double number = number_of(value);
  return !std::isnan(number) && number != 0;
}

template <class T> bool compared(const std::string &operation, const T &a, const T &b) {
  if (operation == "<")
    return a < b;
  if (operation == "<=")
    return a <= b;
  if (operation == ">")
    return a > b;
  if (operation == ">=")
    return a >= b;
  return operation == "==" ? a == b : a != b;
}

Value evaluated(const Node &node, const RunFilter::Lookup &lookup) {
  const std::string &operation = node.operation;
  if (operation.empty())
    return node.column.empty() ? node.value : lookup(node.column);
  const Value first = evaluated(*node.operands[0], lookup);
  if (operation == "not")
    return truth(first) ? 0.0 : 1.0;
  if (operation == "negate")
    return -number_of(first);
  if (operation == "and" && !truth(first))
    return 0.0;
  if (operation == "or" && truth(first))
    return 1.0;
  const Value second = evaluated(*node.operands[1], lookup);
  if (operation == "and" || operation == "or")
    return truth(second) ? 1.0 : 0.0;
  const double a = number_of(first);
  const double b = number_of(second);
  if (operation == "+")
    return a + b;
  if (operation == "-")
    return a - b;
  if (operation == "*")
    return a * b;
  if (operation == "/")
    return a / b;
  if (first.index() == 1 && second.index() == 1)
    return compared(operation, std::get<std::string>(first), std::get<std::string>(second)) ? 1.0
                                                                                            : 0.0;
  return !std::isnan(a) && !std::isnan(b) && compared(operation, a, b) ? 1.0 : 0.0;
}

void visit(const Node &node, const std::function<void(const std::string &, int)> &call) {
  if (!node.column.empty())
    call(node.column, node.place);
  for (const NodePointer &operand : node.operands)
    visit(*operand, call);
}

} // namespace

RunFilter::RunFilter(std::string_view expression) : root_(Parser(expression).whole()) {}

bool RunFilter::holds(const Lookup &lookup) const { return truth(evaluated(*root_, lookup)); }

void RunFilter::for_each_column(const std::function<void(const std::string &, int)> &call) const {
  visit(*root_, call);
}

} // namespace flopcast
