// SPDX-License-Identifier: Apache-2.0
#include "cli/law_commands.hpp"
#include "cli/session.hpp"

#include "hardware/units/text.hpp"
#include "model/planning/expected_loss.hpp"
#include "model/scaling/hardware_allocation.hpp"
#include "model/scaling/prediction.hpp"
#include "reports/law_report.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <memory>

namespace flopcast {
namespace {

/// The decoder whose proportions the family keeps where no plan names one.
constexpr const char *usual_family = "llama3.1-8b";

struct LawPlanOptions {
  std::string law;
  LawPointOptions point;
  std::string flops;
  std::string gpu_hours;
  std::string usd;
  std::string deadline;
  std::string inference_tokens;
  std::optional<double> target_loss;
  double active_share = 1;
  Serving serving;
  std::string plan;
  PlanOptions machine;
  OutputOptions output;

  [[nodiscard]] bool on_hardware() const {
    return !gpu_hours.empty() || !usd.empty() || !deadline.empty() || !plan.empty() ||
           !machine.gpu.empty();
  }
};

template <class Dim> Quantity<Dim> quantity_of(const std::string &text, const std::string &option) {
  try {
    return parse_quantity<Dim>(text);
  } catch (const UnitError &error) {
    throw InputError({option, 0, 0}, error.what());
  }
}

/// What the law is asked, without a cost.
BudgetProblem problem_of(const LawPlanOptions &options, const ScalingLaw &law,
                         std::vector<std::string> &warnings) {
  BudgetProblem problem{.form = *law.form, .point = options.point.point(), .cost = {}};
  if (problem.point.params > 0)
    problem.params = problem.point.params;
  if (problem.point.tokens > TokenCount{})
    problem.tokens = problem.point.tokens;
  if (problem.point.unique_tokens && !std::holds_alternative<DataConstrainedForm>(*law.form)) {
    problem.most_tokens = problem.point.unique_tokens;
    problem.point.unique_tokens.reset();
    warnings.emplace_back("the law knows nothing of repeats: --unique-tokens caps the tokens; "
                          "muennighoff-2023 weighs repeats");
  }
  return problem;
}

/// `active_share`: of N, what a token uses.
void append_checks(LawPlan &plan, const ScalingLaw &law, const BudgetProblem *problem,
                   double active_share) {
  const BudgetSplit &best = plan.answer.best;
  const double active = active_share * best.params;
  std::ranges::move(range_warnings(law, best.params, best.tokens,
                                   6 * active * best.tokens.in(units::token)*units::flop),
                    std::back_inserter(plan.warnings));
  if (problem != nullptr && problem->point.unique_tokens)
    plan.epochs = std::max(1.0, best.tokens / *problem->point.unique_tokens);
  if (plan.has_loss)
    if (std::string caveat = interval_caveat(law); !caveat.empty())
      plan.warnings.push_back(std::move(caveat));
}

void append_batch(LawPlan &plan, CommandContext &context) {
  if (!plan.has_loss || plan.law.conventions.loss != LossUnit::nats_per_token)
    return;
  plan.batch = batch_advice(named_law(context, "critical-batch"),
                            named_law(context, "step-law-2025"), plan.answer.best);
}

/// What rounding does to the optimum: a law's printed digits may change it several times over.
void append_rounding(LawPlan &plan, CommandContext &context, const BudgetProblem &problem,
                     const AllocationGoal &goal) {
  if (plan.law.unrounded.empty())
    return;
  const ScalingLaw exact = named_law(context, plan.law.unrounded);
  BudgetProblem other = problem;
  other.form = *exact.form;
  if (const auto answer = allocate(exact, other, goal)) {
    const auto ratio = [](const BudgetSplit &split) {
      return split.tokens.in(units::token) / split.params;
    };
    plan.warnings.push_back(fmt::format(
        "rounded constants: {:.1f} tokens per parameter here, {:.1f} with the unrounded ones ({})",
        ratio(plan.answer.best), ratio(answer->best), exact.id));
  }
}

LawPlan plan_of_flops(const LawPlanOptions &options, const ScalingLaw &law,
                      CommandContext &context) {
  LawPlan plan{
      .law = law, .goal = {}, .cost_unit = "FLOP", .answer = {}, .gpu_name = {}, .warnings = {}};
  const std::optional<double> flops =
      options.flops.empty() ? std::nullopt : std::optional(count_of(options.flops, "--flops"));
  plan.goal = flops ? fmt::format("{} FLOP", human_number(*flops))
                    : fmt::format("loss {}", options.target_loss.value_or(0));
  if (!law.form || !divides_budget(*law.form)) {
    const auto split = flops ? stated_optimum(law, *flops * units::flop) : std::nullopt;
    if (!split)
      throw InputError({}, fmt::format("law {} does not divide {}: it is a law of one variable, or "
                                       "gives no prefactors; \"flopcast law show {}\" tells",
                                       law.id, flops ? "a budget" : "a loss", law.id));
    plan.answer.best = *split;
    plan.has_loss = false;
    const StatedIntervals ranges = stated_intervals(law, *flops * units::flop);
    plan.answer.params = ranges.params;
    plan.answer.tokens = ranges.tokens;
    plan.warnings.emplace_back(
        ranges.params || ranges.tokens
            ? fmt::format(
                  "intervals are of the printed ranges of exponents alone, about {} FLOP, the "
                  "middle of the paper's budgets: prefactors are taken as exact",
                  human_number(ranges.about.in(units::flop)))
            : std::string("no interval: the source gives no range of its exponents"));
    append_checks(plan, law, nullptr, 1);
    return plan;
  }
  BudgetProblem problem = problem_of(options, law, plan.warnings);
  const TokenCount served =
      options.inference_tokens.empty()
          ? TokenCount{}
          : count_of(options.inference_tokens, "--inference-tokens") * units::token;
  problem.cost = flop_cost(options.active_share, served);
  const AllocationGoal goal{flops, flops ? std::nullopt : options.target_loss};
  auto answer = allocate(law, problem, goal);
  if (!answer)
    throw InputError({}, flops ? "the budget leaves nothing to train with; raise it or serve fewer "
                                 "tokens"
                               : fmt::format("no model reaches a loss of {} by law {}",
                                             *options.target_loss, law.id));
  plan.answer = *answer;
  if (flops && std::holds_alternative<CoupledForm>(*law.form))
    if (const auto split = stated_optimum(law, *flops * units::flop))
      plan.warnings.push_back(fmt::format(
          "the paper's own fit of the optimum at this budget is N = {}, of C_min and converged "
          "batches",
          human_number(split->params)));
  append_checks(plan, law, &problem, options.active_share);
  append_rounding(plan, context, problem, goal);
  append_batch(plan, context);
  return plan;
}

HardwareQuestion question_of(const LawPlanOptions &options, const ScalingLaw &law,
                             CommandContext &context, std::vector<std::string> &warnings) {
  PlanOptions machine = options.machine;
  if (options.active_share != 1)
    throw InputError({"--active-share", 0, 0},
                     "is for --flops; on a machine the model tells what a token uses: --model");
  const bool whole_plan = !options.plan.empty();
  if (!whole_plan && machine.model.empty())
    machine.model = usual_family;
  if (!whole_plan && machine.gpu.empty())
    throw InputError({}, "on which machine? give --gpu, such as --gpu h100, or a --plan");
  const bool count_is_given = machine.count.has_value() || whole_plan;
  if (!machine.count && !whole_plan)
    machine.count = 64; // read_plan asks for one; the search replaces it
  PlannedRun run = machine.read(context, options.plan);
  HardwareQuestion question;
  question.plan = std::move(run.plan);
  question.cluster = std::move(run.cluster);
  question.count_is_given = count_is_given;
  if (!options.gpu_hours.empty())
    question.budget.gpu_time = count_of(options.gpu_hours, "--gpu-hours") * units::gpu_hour;
  if (!options.usd.empty())
    question.budget.money = count_of(options.usd, "--usd") * units::usd;
  if (!options.deadline.empty())
    question.budget.deadline = quantity_of<Seconds::dimension>(options.deadline, "--deadline");
  if (!question.budget.gpu_time && !question.budget.money && !question.budget.deadline)
    throw InputError({}, "a machine needs a budget: --gpu-hours, --usd or --deadline");
  if (!question.budget.gpu_time && !question.budget.money && !count_is_given)
    throw InputError({"--deadline", 0, 0},
                     "how many GPUs? give --count, or a budget with --gpu-hours or --usd");
  if (!count_is_given && !question.budget.deadline)
    warnings.emplace_back("assumed: 90 days for the run; --deadline or --count says otherwise");
  question.target_loss = options.target_loss;
  question.serving = options.serving;
  if (!options.inference_tokens.empty()) {
    question.serving.tokens =
        count_of(options.inference_tokens, "--inference-tokens") * units::token;
    warnings.push_back(fmt::format(
        "assumed: serving reaches {:.0f} % of the dense peak for prompts ({:.0f} % of the tokens) "
        "and {:.0f} % of the memory bandwidth for writing, {:g} sequences at once",
        100 * question.serving.compute_efficiency, 100 * question.serving.prompt_share,
        100 * question.serving.memory_efficiency, question.serving.batch));
  }
  question.law = problem_of(options, law, warnings);
  const Decoder &decoder = question.plan.model.decoder;
  question.law.point =
      completed(question.law.point, decoder_point(decoder, question.plan.training.precision));
  if (std::holds_alternative<GranularForm>(*law.form) && !question.law.point.granularity)
    throw InputError({}, fmt::format("law {} is of mixtures of experts, and the model has none; "
                                     "name one, such as --model deepseek-moe-16b",
                                     law.id));
  return question;
}

LawPlan plan_on_hardware(const LawPlanOptions &options, const ScalingLaw &law,
                         CommandContext &context) {
  if (!law.form || !divides_budget(*law.form))
    throw InputError({}, fmt::format("law {} gives no loss of N and D to weigh against money; "
                                     "\"flopcast law list\" shows those that do",
                                     law.id));
  LawPlan plan{
      .law = law, .goal = {}, .cost_unit = {}, .answer = {}, .gpu_name = {}, .warnings = {}};
  HardwareQuestion question = question_of(options, law, context, plan.warnings);
  // The batch hardly moves with N and D: that of a first guess finds the split, that of the split
  // the answer.
  const ScalingLaw critical = named_law(context, "critical-batch");
  const ScalingLaw step_law = named_law(context, "step-law-2025");
  BudgetProblem first = question.law;
  first.cost = flop_cost(1, TokenCount{});
  constexpr double usual_budget = 1e22;
  if (const auto split = best_split(first, usual_budget))
    question.batch = batch_advice(critical, step_law, *split);
  auto answer = allocate_on_hardware(law, question);
  if (answer) {
    question.batch = batch_advice(critical, step_law, answer->split.best);
    answer = allocate_on_hardware(law, question);
  }
  if (!answer)
    throw InputError({}, "no model of the family fits the machine, the budget and the law; raise "
                         "the budget or the deadline, or give more GPUs with --count");
  const bool money = question.budget.money.has_value();
  plan.cost_unit = money ? "USD" : "GPU-hours";
  plan.cost_scale = money ? 1 : (1.0 * units::gpu * units::second).in(units::gpu_hour);
  std::vector<std::string> parts;
  if (question.target_loss)
    parts.push_back(fmt::format("loss {}", *question.target_loss));
  if (question.budget.gpu_time)
    parts.push_back(human_text(*question.budget.gpu_time));
  if (question.budget.money)
    parts.push_back(human_text(*question.budget.money));
  if (question.budget.deadline)
    parts.push_back(human_text(*question.budget.deadline));
  plan.goal = fmt::format("{} on {}", fmt::join(parts, ", "), question.cluster.device.name);
  plan.gpu_name = question.cluster.device.name;
  plan.answer = answer->split;
  plan.hardware = std::move(answer);
  const SizeOnHardware &chosen = plan.hardware->chosen;
  append_checks(plan, law, &question.law, chosen.counts.active / chosen.params);
  if (plan.hardware->at_the_edge)
    plan.warnings.emplace_back("the optimum lies at the end of the sizes that the machine can "
                               "train: another number of GPUs or budget suits the law better");
  if (chosen.decoder.experts && !knows_experts(*law.form))
    plan.warnings.emplace_back("the law is of dense models: N counts the parameters that a token "
                               "uses; abnar-2025 and krajewski-2024-moe weigh experts");
  append_batch(plan, context);
  plan.warnings.emplace_back("intervals are of the law alone: step time and price are taken as "
                             "they are estimated");
  return plan;
}

int run(const LawPlanOptions &options, CommandContext &context) {
  if (options.flops.empty() && !options.target_loss && !options.on_hardware())
    throw InputError({}, "what is the budget? give --flops, --gpu-hours, --usd or --deadline, or a "
                         "loss to reach with --target-loss");
  if (!options.flops.empty() && (options.on_hardware() || options.target_loss))
    throw InputError({"--flops", 0, 0},
                     "is a budget of its own; leave out GPUs, money, deadline and target loss");
  const ScalingLaw law = named_law(context, options.law);
  try {
    const LawPlan plan = options.on_hardware() ? plan_on_hardware(options, law, context)
                                               : plan_of_flops(options, law, context);
    options.output.write_as(
        context, [&] { return law_plan_report(plan); }, [&] { return law_plan_csv(plan); },
        [&] { return law_plan_json(plan); });
  } catch (const LawInputError &error) {
    throw InputError({}, fmt::format("law {} {}", law.id, error.what()));
  }
  return exit_ok;
}

} // namespace

void add_law_plan_command(CLI::App &law, CommandContext &context) {
  auto *command =
      law.add_subcommand("plan", "Which model to train for a budget, or the cheapest for a loss");
  auto options = std::make_shared<LawPlanOptions>();
  command->add_option("law", options->law, "id or alias of a law, or a file")
      ->required()
      ->option_text("LAW");
  const auto text = [&](const char *name, std::string &value, const char *description,
                        const char *label) {
    command->add_option(name, value, description)->option_text(label);
  };
  text("--flops", options->flops, "budget of FLOPs, such as 1e21", "C");
  text("--gpu-hours", options->gpu_hours, "budget of GPU-hours, on the machine of --gpu or --plan",
       "H");
  text("--usd", options->usd, "budget of dollars, on the machine of --gpu or --plan", "USD");
  text("--deadline", options->deadline, "longest duration of the run, such as '30 d'", "TIME");
  command
      ->add_option("--target-loss", options->target_loss,
                   "the cheapest model with this loss, instead of the best for a budget")
      ->check(CLI::Range(1e-6, 1e6))
      ->option_text("LOSS");
  text("--inference-tokens", options->inference_tokens,
       "tokens that the model serves in its life: their cost counts too", "T");
  command
      ->add_option("--prompt-share", options->serving.prompt_share,
                   "share of served tokens that are prompt (0.75)")
      ->check(CLI::Range(0.0, 1.0))
      ->option_text("SHARE");
  command->add_option("--serving-batch", options->serving.batch, "sequences written at once (64)")
      ->check(CLI::Range(1.0, 1e6))
      ->option_text("N");
  command
      ->add_option("--serving-context", options->serving.context,
                   "tokens that a sequence holds when it is served (2048)")
      ->check(CLI::Range(0.0, 1e8))
      ->option_text("TOKENS");
  command
      ->add_option("--active-share", options->active_share,
                   "share of the parameters that a token uses, of a mixture of experts (1)")
      ->check(CLI::Range(1e-6, 1.0))
      ->option_text("SHARE");
  text("--plan", options->plan, "plan whose machine, price and model family are taken", "PLAN");
  options->point.add_to(*command);
  options->machine.add_to(*command);
  options->output.add_to(*command);
  command->callback([options, &context] {
    context.command = [options, &context] { return run(*options, context); };
  });
}

} // namespace flopcast
