// SPDX-License-Identifier: Apache-2.0
#include "cli/law_commands.hpp"
#include "cli/session.hpp"

#include "model/scaling/law_reader.hpp"
#include "model/scaling/prediction.hpp"
#include "reports/law_report.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <memory>

namespace flopcast {
namespace {

struct LawOptions {
  std::string law;
  LawPointOptions point;
  std::string params_are;
  std::string flops;
  std::string tokenizer;
  OutputOptions output;
};

int list(const LawOptions &options, CommandContext &context) {
  const std::vector<ScalingLaw> laws = load_laws(context.catalog());
  options.output.write_as(
      context, [&] { return laws_report(laws); }, [&] { return laws_csv(laws); },
      [&] { return laws_json(laws); });
  return exit_ok;
}

int show(const LawOptions &options, CommandContext &context) {
  const ScalingLaw law = named_law(context, options.law);
  options.output.write_as(
      context, [&] { return law_report(law); }, [&] { return laws_csv({law}); },
      [&] { return law_json(law); });
  return exit_ok;
}

int predict_loss(const LawOptions &options, CommandContext &context) {
  const ScalingLaw law = named_law(context, options.law);
  LawQuestion question{options.point.point(), ParamsConvention::unstated, options.tokenizer};
  for (const auto &[name, convention] : params_convention_names())
    if (name == options.params_are)
      question.params = convention;
  if (!options.flops.empty())
    question.point.compute = count_of(options.flops, "--flops") * units::flop;
  std::optional<ScalingLaw> unrounded;
  if (!law.unrounded.empty())
    unrounded = named_law(context, law.unrounded);
  try {
    const LossPrediction prediction = predict(law, question, unrounded ? &*unrounded : nullptr);
    options.output.write_as(
        context, [&] { return prediction_report(law, prediction); },
        [&] { return prediction_csv(prediction); },
        [&] { return prediction_json(law, prediction); });
  } catch (const LawInputError &error) {
    throw InputError({}, fmt::format("law {} {}", law.id, error.what()));
  }
  return exit_ok;
}

template <class Action>
void set_command(CLI::App &command, const std::shared_ptr<LawOptions> &options,
                 CommandContext &context, Action action) {
  options->output.add_to(command);
  command.callback([options, &context, action] {
    context.command = [options, &context, action] { return action(*options, context); };
  });
}

CLI::Option *add_law(CLI::App &command, std::string &law) {
  return command.add_option("law", law, "id or alias of a law, or a file")
      ->required()
      ->option_text("LAW");
}

} // namespace

void add_law_show_commands(CLI::App &law, CommandContext &context) {
  set_command(*law.add_subcommand("list", "The laws that are known"),
              std::make_shared<LawOptions>(), context, list);
  auto options = std::make_shared<LawOptions>();
  auto *command =
      law.add_subcommand("show", "Formula, coefficients, conventions and range of a law");
  add_law(*command, options->law);
  set_command(*command, options, context, show);
}

void add_law_predict_command(CLI::App &law, CommandContext &context) {
  auto options = std::make_shared<LawOptions>();
  auto *command = law.add_subcommand("predict", "The loss that a law expects, with its interval");
  add_law(*command, options->law);
  options->point.add_to(*command);
  command->add_option("--flops", options->flops, "training FLOPs, for laws of compute")
      ->option_text("C");
  command
      ->add_option("--params-are", options->params_are,
                   "what --params counts: total, non-embedding; converted where the law counts "
                   "otherwise")
      ->check(CLI::IsMember({"total", "non-embedding"}))
      ->option_text("KIND");
  command
      ->add_option("--tokenizer", options->tokenizer,
                   "your tokenizer: another than the law's is warned of")
      ->option_text("TEXT");
  set_command(*command, options, context, predict_loss);
}

} // namespace flopcast
