// SPDX-License-Identifier: Apache-2.0
// Every row of the collected acceptance table that presets, predictions and allocation answer for,
// within the row's own tolerance. Rows of others are told by acceptance_rows.hpp.
#include "tests/model/scaling/acceptance_rows.hpp"

#include "hardware/input/csv.hpp"
#include "model/scaling/allocation.hpp"
#include "model/scaling/law_reader.hpp"
#include "model/scaling/prediction.hpp"
#include "tests/support/paths.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace flopcast::tests {
namespace {

using Answer = std::function<double()>;

constexpr double pf_day = 8.64e19;

/// Read once: some rows bisect over hundreds of optima.
const ScalingLaw &law(const std::string &id) {
  static std::map<std::string, ScalingLaw> read;
  const auto found = read.find(id);
  return found != read.end() ? found->second
                             : read.emplace(id, load_law(shipped_presets(), id)).first->second;
}

LawPoint point(double params, double tokens) {
  return {.params = params, .tokens = tokens * units::token};
}

double loss_of(const std::string &id, const LawPoint &at) { return loss(*law(id).form, at); }

double relation(const std::string &id, LawQuantity result, const std::string &name,
                std::vector<std::pair<LawQuantity, double>> inputs) {
  const ScalingLaw read = law(id);
  const LawRelation *found = find_relation(read, result, name);
  if (found == nullptr)
    throw std::logic_error(id + " has no such relation: " + name);
  return evaluate(*found, {std::move(inputs)});
}

double exponent(const std::string &id, LawQuantity result, const std::string &name) {
  const ScalingLaw read = law(id);
  return find_relation(read, result, name)->factors.front().exponent;
}

BudgetProblem on_flops(const std::string &id, double served = 0) {
  return {.form = *law(id).form, .point = {}, .cost = flop_cost(1, served * units::token)};
}

BudgetSplit optimum(const std::string &id, double compute) {
  return *best_split(on_flops(id), compute);
}

double ratio(const BudgetSplit &split) { return split.tokens.in(units::token) / split.params; }

/// a = beta/(alpha + beta), the exponent of N* ~ C^a, from two budgets.
double optimal_exponent(const std::string &id) {
  return std::log(optimum(id, 1e22).params / optimum(id, 1e20).params) / std::log(100.0);
}

/// The budget whose optimum has so many parameters; N* rises with C.
double budget_of(const std::string &id, double params) {
  double low = std::log(1e15);
  double high = std::log(1e30);
  for (int i = 0; i < 100; ++i) {
    const double middle = 0.5 * (low + high);
    (optimum(id, std::exp(middle)).params < params ? low : high) = middle;
  }
  return std::exp(low);
}

struct Lifetime {
  BudgetSplit cheapest;
  double share; ///< of what the Chinchilla-optimal model costs
};

/// The quality of the optimum with so many parameters, at the least cost with its serving.
Lifetime lifetime(const std::string &id, double params, double served) {
  const BudgetSplit usual = optimum(id, budget_of(id, params));
  const BudgetProblem with_serving = on_flops(id, served);
  const SizeCost cost = with_serving.cost(usual.params);
  const double whole = usual.tokens.in(units::token)*cost.training + cost.serving;
  const BudgetSplit cheapest = *cheapest_split(with_serving, usual.loss);
  return {cheapest, cheapest.cost / whole};
}

BudgetProblem capped() {
  BudgetProblem allocation = on_flops("muennighoff-2023");
  allocation.point.unique_tokens = 25e9 * units::token;
  return allocation;
}

/// A run of the over-training testbed that Gadre's law did not see: its loss and error.
struct HeldBack {
  double params, tokens, loss, error;
};
HeldBack gadre_run(const std::string &name) {
  const auto file =
      (shared_data() / "laws/mlfoundations_scaling/overtraining_testbed.csv").string();
  const CsvTable table = parse_csv_table(read_file(file), file);
  const auto column = [&](const std::string &wanted) {
    return static_cast<std::size_t>(std::ranges::find(table.columns, wanted) -
                                    table.columns.begin());
  };
  for (const auto &record : table.records)
    if (record.fields[column("name")] == name) {
      const auto number = [&](const std::string &wanted) {
        return std::stod(record.fields[column(wanted)]);
      };
      return {number("N"), number("D"), number("loss_c4_val"), number("err_avg_subset17")};
    }
  throw std::logic_error("no run " + name);
}
double gadre_loss_error(const std::string &name) {
  const HeldBack run = gadre_run(name);
  return 100 *
         std::abs(loss_of("gadre-2024-redpajama", point(run.params, run.tokens)) / run.loss - 1);
}
double gadre_top1_error(const std::string &name) {
  const HeldBack run = gadre_run(name);
  const ScalingLaw read = law("gadre-2024-redpajama");
  const double value =
      downstream_error(*read.downstream, loss(*read.form, point(run.params, run.tokens)));
  return 100 * std::abs(value / run.error - 1);
}

void add_kaplan(std::map<std::string, Answer> &rows) {
  using enum LawQuantity;
  const auto kaplan = [](LawQuantity result, const char *name, LawQuantity variable, double value) {
    return [=] { return relation("kaplan-2020", result, name, {{variable, value}}); };
  };
  rows["LAW-001"] = kaplan(LawQuantity::loss, "converged", params, 1e8);
  rows["LAW-002"] = [] { return loss_of("kaplan-2020-converged", point(1e9, 0)); };
  rows["LAW-005"] = kaplan(LawQuantity::loss, "early stopped", tokens, 1e9);
  rows["LAW-006"] = kaplan(LawQuantity::loss, "early stopped", tokens, 1e10);
  rows["LAW-008"] = kaplan(LawQuantity::loss, "optimal", compute, pf_day);
  rows["LAW-009"] = kaplan(LawQuantity::loss, "fixed batch", compute, pf_day);
  rows["LAW-010"] = kaplan(params, "", compute, pf_day);
  rows["LAW-017"] = kaplan(batch_tokens, "critical", LawQuantity::loss, 3);
  rows["LAW-018"] = [] {
    return relation("critical-batch", batch_tokens, "critical", {{LawQuantity::loss, 2}});
  };
  rows["LAW-021"] = [] { return loss_of("kaplan-2020", point(1e9, 2.2e10)); };
  rows["LAW-022"] = [] { return loss_of("kaplan-2020", point(1e8, 1e9)); };
  rows["LAW-024"] = kaplan(tokens, "no overfitting", params, 1e9);
  rows["UNIT-001"] = [] {
    // The preset's N*(C) is 1.3e9 at one PF-day: the budget in FLOP that gives it.
    const ScalingLaw read = law("kaplan-2020");
    return find_relation(read, params)->factors.front().scale;
  };
  rows["LAW-025"] = [] {
    // 1/alpha_C = 1/alpha_S + 1/alpha_B + 1/alpha_N: alpha_S = .76 of Table 3, the others shipped.
    const double by_batch = -1 / exponent("critical-batch", batch_tokens, "critical");
    const double by_size = -exponent("kaplan-2020", LawQuantity::loss, "converged");
    return 1 / (1 / 0.76 + 1 / by_batch + 1 / by_size);
  };
}

void add_additive(std::map<std::string, Answer> &rows, const std::string &id, const char *first,
                  const char *second, const std::vector<std::string> &allocation) {
  rows[first] = [=] { return loss_of(id, point(7e10, 1.4e12)); };
  rows[second] = [=] { return loss_of(id, point(1e9, 2e10)); };
  rows[allocation[0]] = [=] { return optimum(id, 1e19).params; };
  rows[allocation[1]] = [=] { return ratio(optimum(id, 1e19)); };
  rows[allocation[2]] = [=] { return optimum(id, 1e19).loss; };
  rows[allocation[3]] = [=] { return optimum(id, 5.76e23).params; };
  rows[allocation[4]] = [=] { return ratio(optimum(id, 5.76e23)); };
  rows[allocation[5]] = [=] { return optimum(id, 5.76e23).loss; };
  rows[allocation[6]] = [=] { return optimal_exponent(id); };
}

void add_hoffmann_table3(std::map<std::string, Answer> &rows) {
  // "as printed (6ND within 3%)": tokens that the row's FLOPs and parameters leave.
  const auto row = [](double params, double compute) {
    return [=] { return compute / (6 * params); };
  };
  rows["PUB-001"] = row(400e6, 1.92e19);
  rows["PUB-002"] = row(1e9, 1.21e20);
  rows["PUB-003"] = row(10e9, 1.23e22);
  rows["PUB-004"] = [] {
    return relation("hoffmann-2022-approach-1", LawQuantity::tokens, "",
                    {{LawQuantity::compute, 5.76e23}});
  };
  rows["PUB-008"] = row(1e12, 1.27e26);
}

void add_lifetime(std::map<std::string, Answer> &rows) {
  const struct {
    const char *ids[3];
    const char *law;
    double params, served;
  } cases[]{{{"INFER-001", "INFER-002", "INFER-003"}, "sardana-2023", 7e9, 1e11},
            {{"INFER-004", "INFER-005", "INFER-006"}, "sardana-2023", 30e9, 5e12},
            {{"INFER-007", "INFER-008", "INFER-009"}, "besiroglu-2024", 7e9, 2e12}};
  for (const auto &c : cases) {
    const std::string id = c.law;
    const double params = c.params;
    const double served = c.served;
    rows[c.ids[0]] = [=] { return lifetime(id, params, served).cheapest.params; };
    rows[c.ids[1]] = [=] { return lifetime(id, params, served).cheapest.tokens.in(units::token); };
    rows[c.ids[2]] = [=] { return lifetime(id, params, served).share; };
  }
}

void add_data_constrained(std::map<std::string, Answer> &rows) {
  const auto repeated = [](double params, double tokens) {
    return [=] {
      LawPoint at = point(params, tokens);
      at.unique_tokens = 25e9 * units::token;
      return loss_of("muennighoff-2023", at);
    };
  };
  rows["DATAC-001"] = repeated(6.34e9, 2.42e11);
  rows["DATAC-002"] = repeated(8.67e9, 1.78e11);
  const auto best = [] { return *best_split(capped(), 1e22); };
  rows["DATAC-003"] = [=] { return best().params; };
  rows["DATAC-004"] = [=] { return best().tokens.in(units::token); };
  rows["DATAC-005"] = rows["DATAC-003"];
  rows["DATAC-006"] = [=] { return best().loss; };
  rows["DATAC-007"] = [=] { return best().tokens.in(25e9 * units::token); };
  rows["DATAC-008"] = [] {
    return params_for_unique_tokens(
        std::get<DataConstrainedForm>(*law("muennighoff-2023").form).base, 25e9 * units::token);
  };
}

void add_relations(std::map<std::string, Answer> &rows) {
  using enum LawQuantity;
  const auto deepseek = [](LawQuantity result, double budget) {
    return [=] { return relation("deepseek-2024", result, "", {{compute, budget}}); };
  };
  const LawQuantity results[]{learning_rate, batch_tokens, flops_per_token, tokens};
  for (int i = 0; i < 4; ++i) {
    rows["LAW-0" + std::to_string(38 + i)] = deepseek(results[i], 1e20);
    rows["LAW-0" + std::to_string(42 + i)] = deepseek(results[i], 8.4e22);
  }
  rows["PUB-010"] = [] { return exponent("deepseek-2024", flops_per_token, "OpenWebText2"); };
  rows["PUB-011"] = [] {
    return exponent("deepseek-2024", flops_per_token, "early in-house data");
  };
  rows["LAW-054"] = [] {
    return relation("step-law-2025", learning_rate, "", {{params, 1e9}, {tokens, 1e11}});
  };
  rows["LAW-055"] = [] { return relation("step-law-2025", batch_tokens, "", {{tokens, 1e11}}); };
  rows["LAW-075"] = [] {
    return relation("hernandez-2021", transferred_tokens, "",
                    {{fine_tuning_tokens, 3e5}, {params, 4e7}});
  };
  rows["PUB-013"] = [] { return exponent("porian-2024", params, "Kaplan-like"); };
  rows["PUB-014"] = [] { return exponent("porian-2024", params, "output head counted"); };
  rows["PUB-015"] = [] { return exponent("porian-2024", params, "warm-up fixed"); };
  rows["PUB-016"] = [] { return exponent("porian-2024", params, "cosine decay"); };
  rows["PUB-017"] = [] { return exponent("porian-2024", params, ""); };
  const char *domains[]{"image-32", "math"};
  const int first[]{63, 69};
  for (int i = 0; i < 2; ++i) {
    const std::string id = std::string("henighan-2020-") + domains[i];
    const int row = first[i];
    rows["LAW-0" + std::to_string(row)] = [=] { return loss_of(id, point(1e9, 0)); };
    rows["LAW-0" + std::to_string(row + 1)] = [=] {
      return relation(id, LawQuantity::loss, "compute", {{compute, pf_day}});
    };
    rows["LAW-0" + std::to_string(row + 2)] = [=] {
      return relation(id, params, "", {{compute, pf_day}});
    };
  }
}

void add_experts_and_precision(std::map<std::string, Answer> &rows) {
  const auto granular = [](double granularity) {
    return [=] {
      LawPoint at = point(1e9, 2e10);
      at.granularity = granularity;
      return loss_of("krajewski-2024-moe", at);
    };
  };
  rows["LAW-056"] = granular(1);
  rows["LAW-057"] = granular(8);
  rows["LAW-059"] = [] { return loss_of("krajewski-2024-dense", point(1e9, 2e10)); };
  const struct {
    const char *loss, *effective;
    double params, experts;
  } routed[]{{"MOE-001", "MOE-002", 5e6, 128},
             {"MOE-003", "MOE-004", 1.3e9, 8},
             {"MOE-005", "MOE-006", 1.3e9, 128}};
  for (const auto &c : routed) {
    const auto answer = [params = c.params, experts = c.experts] {
      LawPoint at = point(params, 0);
      at.experts = experts;
      return predict(law("clark-2022-s-base"), {.point = at, .tokenizer = {}}, nullptr);
    };
    rows[c.loss] = [=] { return answer().loss; };
    rows[c.effective] = [=] { return *answer().effective_params; };
  }
  rows["MOE-019"] = [] { return loss_of("abnar-2025", point(1e9, 2e10)); };
  const auto kept = [](double bits) {
    return [=] {
      // What training in so few bits loses equals what fewer parameters lose: N_eff of the law.
      LawPoint narrow = point(1e9, 2e10);
      narrow.weight_bits = bits;
      const double wanted = loss_of("kumar-2024", narrow);
      double low = 0.0;
      double high = 1.0;
      for (int i = 0; i < 100; ++i) {
        const double middle = 0.5 * (low + high);
        (loss_of("kumar-2024", point(middle * 1e9, 2e10)) > wanted ? low : high) = middle;
      }
      return low;
    };
  };
  rows["LAW-077"] = kept(4);
  rows["LAW-078"] = kept(8);
}

void add_published_errors(std::map<std::string, Answer> &rows) {
  rows["FIT-017"] = [] { return gadre_loss_error("rpj-open_lm_1b-32.0"); };
  rows["FIT-018"] = [] { return gadre_loss_error("rpj-open_lm_7b-1.0"); };
  rows["FIT-019"] = [] { return gadre_top1_error("rpj-open_lm_1b-32.0"); };
  rows["FIT-020"] = [] { return gadre_top1_error("rpj-open_lm_7b-1.0"); };
  // The preset's standard errors in the form's order: E, A, B, alpha, beta.
  const std::size_t order[]{1, 2, 0, 3, 4};
  for (std::size_t i = 0; i < 5; ++i)
    rows["BOOT-0" + std::to_string(38 + i)] = [k = order[i]] {
      return law("besiroglu-2024").uncertainty.standard_errors.at(k);
    };
}

std::map<std::string, Answer> answers() {
  std::map<std::string, Answer> rows;
  add_kaplan(rows);
  add_additive(
      rows, "hoffmann-2022-printed", "LAW-026", "LAW-027",
      {"ALLOC-001", "ALLOC-002", "ALLOC-003", "ALLOC-004", "ALLOC-005", "ALLOC-006", "ALLOC-013"});
  add_additive(
      rows, "hoffmann-2022", "LAW-030", "LAW-031",
      {"ALLOC-014", "ALLOC-015", "ALLOC-016", "ALLOC-017", "ALLOC-018", "ALLOC-019", "ALLOC-026"});
  add_additive(
      rows, "besiroglu-2024", "LAW-034", "LAW-035",
      {"ALLOC-027", "ALLOC-028", "ALLOC-029", "ALLOC-030", "ALLOC-031", "ALLOC-032", "ALLOC-039"});
  add_hoffmann_table3(rows);
  add_lifetime(rows);
  add_data_constrained(rows);
  add_relations(rows);
  add_experts_and_precision(rows);
  add_published_errors(rows);
  return rows;
}

/// How far off the row lets an answer be: "1e-9 rel", "0.5% (flat optimum)", "5e-4 abs", "exact".
double allowed(const std::string &tolerance, double value) {
  if (tolerance == "exact" || tolerance == "context") // context: a number that the source prints
    return 1e-12 * std::abs(value);
  if (tolerance == "as printed")
    return 1e-12 * std::abs(value);
  if (tolerance.starts_with("as printed (6ND within 3%)"))
    return 0.03 * std::abs(value);
  std::size_t read = 0;
  const double number = std::stod(tolerance, &read);
  const std::string unit = tolerance.substr(read);
  if (unit.starts_with("%"))
    return number / 100 * std::abs(value);
  if (unit.starts_with(" rel"))
    return number * std::abs(value);
  EXPECT_TRUE(unit.empty() || unit.starts_with(" abs"))
      << "a tolerance of a new kind: " << tolerance;
  return number;
}

TEST(LawAcceptance, EveryRowOfPresetsPredictionsAndAllocationHoldsWithinItsTolerance) {
  FLOPCAST_REQUIRE_SHARED("laws/acceptance.csv");
  const std::string file = (shared_data() / "laws/acceptance.csv").string();
  const auto rows = parse_csv(
      read_file(file), file, {"id", "group", "quantity", "value", "tolerance", "source", "status"});
  const std::map<std::string, Answer> known = answers();
  std::set<std::string> held;
  for (const CsvRow &row : rows) {
    const std::string &id = row.at("id");
    if (owner_of(id) != RowOwner::laws)
      continue;
    const auto answer = known.find(id);
    if (answer == known.end()) {
      ADD_FAILURE() << id << " is held by no test: " << row.at("quantity");
      continue;
    }
    const double expected = std::stod(row.at("value"));
    EXPECT_NEAR(answer->second(), expected, allowed(row.at("tolerance"), expected))
        << id << ": " << row.at("quantity");
    held.insert(id);
  }
  EXPECT_EQ(held.size(), known.size()) << "an answer belongs to no row";
}

} // namespace
} // namespace flopcast::tests
