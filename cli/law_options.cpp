// SPDX-License-Identifier: Apache-2.0
#include "cli/law_commands.hpp"
#include "cli/session.hpp"

#include "model/scaling/law_reader.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>
#include <utility>

namespace flopcast {

double count_of(const std::string &text, const std::string &option) {
  constexpr std::array<std::pair<std::string_view, double>, 5> suffixes{
      {{"", 1}, {"K", 1e3}, {"M", 1e6}, {"B", 1e9}, {"T", 1e12}}};
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const std::string_view rest(end, static_cast<std::size_t>(text.data() + text.size() - end));
  for (const auto &[suffix, factor] : suffixes)
    if (error == std::errc() && rest == suffix && std::isfinite(number) && number > 0)
      return number * factor;
  throw InputError({option, 0, 0},
                   fmt::format("expected a number above zero such as 7e9 or 7B, got \"{}\"", text));
}

void LawPointOptions::add_to(CLI::App &command) {
  const auto number = [&](const char *name, std::optional<double> &value, const char *description,
                          double least, double most, const char *text) {
    command.add_option(name, value, description)->check(CLI::Range(least, most))->option_text(text);
  };
  command.add_option("--params", params, "parameters N, such as 7e9 or 7B")->option_text("N");
  command.add_option("--tokens", tokens, "training tokens D, repeats included")->option_text("D");
  command
      .add_option("--unique-tokens", unique_tokens,
                  "tokens that are there; more of them are repeats")
      ->option_text("U");
  number("--experts", experts, "experts of a routed model", 1, 1e6, "E");
  number("--granularity", granularity, "by how much experts are finer than the feed-forward", 1e-3,
         1e6, "G");
  number("--sparsity", sparsity, "share of experts that rest", 0, 0.999999, "S");
  number("--weight-bits", weight_bits, "bits of weights in training", 0.1, 64, "BITS");
  number("--activation-bits", activation_bits, "bits of activations in training", 0.1, 64, "BITS");
  number("--kv-bits", kv_bits, "bits of keys and values in training", 0.1, 64, "BITS");
  number("--streams", streams, "parallel streams", 1, 1e6, "P");
  command
      .add_option("--vocabulary-params", vocabulary_params,
                  "parameters of the vocabulary, where the law counts them apart")
      ->option_text("N");
}

LawPoint LawPointOptions::point() const {
  LawPoint at;
  if (!params.empty())
    at.params = count_of(params, "--params");
  if (!tokens.empty())
    at.tokens = count_of(tokens, "--tokens") * units::token;
  if (!unique_tokens.empty())
    at.unique_tokens = count_of(unique_tokens, "--unique-tokens") * units::token;
  if (!vocabulary_params.empty())
    at.vocabulary_params = count_of(vocabulary_params, "--vocabulary-params");
  at.experts = experts;
  at.granularity = granularity;
  at.sparsity = sparsity;
  at.weight_bits = weight_bits;
  at.activation_bits = activation_bits;
  at.kv_bits = kv_bits;
  at.streams = streams;
  return at;
}

ScalingLaw named_law(CommandContext &context, const std::string &name) {
  return load_law(context.catalog(), name);
}

} // namespace flopcast
