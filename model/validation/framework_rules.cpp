// SPDX-License-Identifier: Apache-2.0
#include "model/validation/framework_rules.hpp"

#include "hardware/preset_fields.hpp"
#include "model/validation/text_match.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace flopcast {
namespace {

constexpr std::array countings{
    Spelled<FlopCounting>{"model", FlopCounting::model},
    Spelled<FlopCounting>{"model_causal", FlopCounting::model_causal},
    Spelled<FlopCounting>{"hardware", FlopCounting::hardware},
    Spelled<FlopCounting>{"model_6n", FlopCounting::model_6n},
    Spelled<FlopCounting>{"hardware_8n", FlopCounting::hardware_8n},
};

template <class T> void replace(T &value, std::optional<T> read) {
  if (read)
    value = *read;
}

} // namespace

std::span<const Spelled<FlopCounting>> flop_counting_names() { return countings; }

FrameworkRules read_framework_rules(const InputValue &root_value, const std::string &id,
                                    Diagnostics &diagnostics) {
  constexpr std::array formats{Spelled<NumberFormat>{"fp32", NumberFormat::fp32},
                               Spelled<NumberFormat>{"fp16", NumberFormat::fp16},
                               Spelled<NumberFormat>{"bf16", NumberFormat::bf16}};
  constexpr std::array attention_kernels{Spelled<bool>{"flash", true},
                                         Spelled<bool>{"unfused", false}};
  constexpr std::array stages{Spelled<bool>{"first_stage", true},
                              Spelled<bool>{"fullest_stage", false}};
  constexpr std::array peaks{Spelled<bool>{"precision", true}, Spelled<bool>{"bf16", false}};
  TableReader root(root_value, "", diagnostics);
  FrameworkRules rules;
  rules.id = id;
  rules.name = required_text(root, "name", "the framework's name");
  rules.family = root.text("family").value_or(id);
  rules.provenance = read_provenance(root);
  rules.match = root.texts("match");
  if (rules.match.empty())
    root.report_missing("match", "texts by which a run's framework is known, in lower case");
  rules.sources = root.texts("sources");

  TableReader unstated = root.table("unstated");
  replace(rules.data_parallel_only, unstated.flag("data_parallel_only"));
  replace(rules.precision, unstated.choice<NumberFormat>("precision", formats));
  replace(rules.gradient_format, unstated.choice<NumberFormat>("gradient_format", formats));
  replace(rules.recompute, unstated.choice("recompute", recompute_names()));
  replace(rules.selective, unstated.choice("selective", recompute_names()));
  replace(rules.flash_attention, unstated.choice<bool>("attention", attention_kernels));
  replace(rules.sequence_parallel, unstated.flag("sequence_parallel"));
  replace(rules.context_split, unstated.choice("context_split", context_split_names()));
  if (const auto stage = unstated.integer("zero_stage", 0, 3))
    rules.zero_stage = static_cast<int>(*stage);
  rules.layers_per_chunk = unstated.integer("layers_per_chunk", 1, 10'000);
  replace(rules.dropout, unstated.flag("dropout"));
  replace(rules.overlap_gradient_exchange, unstated.flag("overlap_gradient_exchange"));
  replace(rules.expert_dispatch, unstated.choice("expert_dispatch", expert_dispatch_names()));
  rules.cuda_graphs_on = unstated.texts("cuda_graphs_on");
  rules.fp8_weight_exchange = unstated.texts("fp8_weight_exchange");
  replace(rules.vocabulary_multiple, unstated.integer("vocabulary_multiple", 1, 1'000'000));
  replace(rules.pads_whole_vocabulary, unstated.flag("pads_whole_vocabulary"));
  replace(rules.counting, unstated.choice("flops", flop_counting_names()));
  replace(rules.peak_of_precision, unstated.choice<bool>("mfu_peak", peaks));
  replace(rules.memory_of_first_stage, unstated.choice<bool>("memory_of", stages));
  unstated.finish();
  rules.software = read_software(root.table("software"), id);
  root.finish();
  return rules;
}

std::vector<FrameworkRules> load_framework_rules(const PresetCatalog &catalog) {
  Diagnostics diagnostics;
  std::vector<FrameworkRules> all;
  for (const std::string &id : catalog.ids("frameworks"))
    all.push_back(read_framework_rules(catalog.load("frameworks", id), id, diagnostics));
  diagnostics.throw_if_any();
  return all;
}

const FrameworkRules *find_rules(const std::vector<FrameworkRules> &rules,
                                 std::string_view framework, std::string_view source) {
  const std::string name = lower_case(framework);
  const std::string where = lower_case(source);
  const FrameworkRules *best = nullptr;
  std::pair<std::size_t, std::size_t> closest; // lengths of the texts in source and name
  for (const FrameworkRules &candidate : rules) {
    std::size_t of_source = 0;
    for (const std::string &text : candidate.sources)
      if (holds(where, text))
        of_source = std::max(of_source, text.size());
    if (!candidate.sources.empty() && of_source == 0)
      continue;
    for (const std::string &part : candidate.match)
      if (const std::pair close{of_source, part.size()}; holds(name, part) && close > closest) {
        best = &candidate;
        closest = close;
      }
  }
  return best;
}

} // namespace flopcast
