// SPDX-License-Identifier: Apache-2.0
#include "model/validation/run_plan.hpp"

#include "model/planning/legality.hpp"
#include "model/validation/run_decoder.hpp"
#include "model/validation/run_settings.hpp"
#include "model/validation/text_match.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace flopcast {
namespace {

// As the plan reader takes them: parameters and batches stay far inside 2^63.
constexpr std::int64_t most_layers = 10'000;
constexpr std::int64_t most_sequences = 1'000'000'000;
// Of a run that states none: papers that leave it out train GPT with GPT-2's tokenizer.
constexpr std::int64_t usual_vocabulary = 50'257;

/// Why the library cannot build what the run trained; "" where it can.
std::string unmodelled(const RunRecord &run) {
  if (run.record_kind == "vision_benchmark")
    return "family not modelled yet: vision";
  if (run.record_kind == "lora_benchmark")
    return "family not modelled yet: LoRA fine-tuning";
  if (run.record_kind == "layer_microbenchmark")
    return "no training step: one layer alone";
  if (run.moe_experts && !run.moe_topk)
    return "not stated: moe_topk";
  if (!run.moe_experts && (run.params_active || run.ep.value_or(1) > 1))
    return "not stated: moe_experts";
  // A table has no column for the family, and these have a decoder's dimensions.
  const std::string model = lower_case(run.model);
  for (const std::string_view encoder : {"bert", "resnet", "retinanet", "diffusion", "vit-", "t5-"})
    if (holds(model, encoder))
      return "family not modelled yet: encoder or vision";
  return {};
}

/// The order of the stages, where the framework's text names one.
std::optional<PipelineSchedule> schedule_of(const std::string &framework) {
  static constexpr std::array spellings{
      Spelled<PipelineSchedule>{"zb-1p", PipelineSchedule::zb_h1},
      Spelled<PipelineSchedule>{"zb1p", PipelineSchedule::zb_h1},
      Spelled<PipelineSchedule>{"zb-h1", PipelineSchedule::zb_h1},
      Spelled<PipelineSchedule>{"zb-2p", PipelineSchedule::zb_h2},
      Spelled<PipelineSchedule>{"zb-h2", PipelineSchedule::zb_h2},
      Spelled<PipelineSchedule>{"zb-v", PipelineSchedule::zb_v},
      Spelled<PipelineSchedule>{"zbv", PipelineSchedule::zb_v},
      Spelled<PipelineSchedule>{"dualpipe", PipelineSchedule::dual_pipe},
      Spelled<PipelineSchedule>{"1f1b-i", PipelineSchedule::interleaved},
  };
  const std::string lower = lower_case(framework);
  for (const auto &[text, schedule] : spellings)
    if (holds(lower, text))
      return schedule;
  return std::nullopt;
}

/// What tells editions of a framework apart: a page of one source may hold several releases, which
/// its reference names, and a source several pages.
std::string source_text(const RunRecord &run) {
  std::string text = run.source;
  for (const std::string_view column : {"source_ref", "source_url_or_repo_path"})
    if (const auto field = run.fields.find(column); field != run.fields.end())
      text += " " + field->second;
  return text;
}

/// Names of what must be stated and is not.
std::vector<std::string_view> missing(const RunRecord &run, const FrameworkRules &rules) {
  std::vector<std::string_view> names;
  const auto need = [&](std::string_view name, bool there) {
    if (!there)
      names.push_back(name);
  };
  need("layers", run.layers.has_value());
  need("hidden", run.hidden.has_value());
  need("heads", run.heads.has_value());
  need("ffn", run.ffn.has_value());
  need("seq_len", run.seq_len.has_value());
  need("n_gpus", run.n_gpus.has_value());
  need("tp", run.tp.has_value() || rules.data_parallel_only);
  need("pp", run.pp.has_value() || rules.data_parallel_only);
  return names;
}

/// Collects the settings of one run; the first that makes no sense ends in `skipped`.
class Settings {
public:
  Settings(const RunRecord &run, const FrameworkRules &rules, std::vector<std::string> &inferred)
      : run_(run), rules_(rules), inferred_(inferred) {}

  Parallelism parallelism() {
    Parallelism p;
    p.tensor_parallel = run_.tp.value_or(1);
    p.pipeline_parallel = run_.pp.value_or(1);
    p.context_parallel = run_.cp.value_or(1);
    p.virtual_pipeline = run_.vpp.value_or(1);
    if (p.pipeline_parallel == 1 && p.virtual_pipeline > 1) {
      p.virtual_pipeline = 1;
      inferred_.emplace_back("vpp: 1, since there is no pipeline");
    }
    // The first two are looked at alone: the product of three absurd degrees would overflow.
    std::int64_t model_parallel = p.tensor_parallel * p.pipeline_parallel;
    if (model_parallel <= *run_.n_gpus)
      model_parallel *= p.context_parallel;
    if (*run_.n_gpus % model_parallel != 0)
      skip(fmt::format("tp x pp x cp does not divide {} GPUs", *run_.n_gpus));
    // 126 layers on 128 chunks is Llama 405B's split: embedding and logits count as layers there.
    if (p.pipeline_parallel * p.virtual_pipeline > 2 * *run_.layers)
      skip(fmt::format("{} layers are less than half of pp x vpp", *run_.layers));
    p.expert_parallel = run_.ep.value_or(1);
    // Experts are narrow: stacks leave them whole where they spread them over ranks.
    if (run_.moe_experts && p.expert_parallel > 1)
      p.expert_tensor_parallel = 1;
    p.data_parallel = std::max<std::int64_t>(*run_.n_gpus / model_parallel, 1);
    if (run_.dp && *run_.dp != p.data_parallel)
      skip(fmt::format("dp = {} is stated, but {} GPUs leave {}", *run_.dp, *run_.n_gpus,
                       p.data_parallel));
    p.zero_stage = setting("zero_or_fsdp", run_.zero_or_fsdp, zero_stage_of, rules_.zero_stage);
    p.sequence_parallel =
        p.tensor_parallel > 1 &&
        setting("sequence_parallel", run_.sequence_parallel, flag_of, rules_.sequence_parallel);
    p.expert_dispatch = expert_dispatch_of(notes()).value_or(rules_.expert_dispatch);
    p.expert_overlap = expert_overlap_of(notes()).value_or(ExpertOverlap::none);
    p.context_split = rules_.context_split;
    if (p.tensor_parallel > 1 && p.sequence_parallel)
      p.tensor_overlap = tensor_overlap_of(notes()).value_or(TensorOverlap::framework);
    return p;
  }

  Training training(std::int64_t data_parallel) {
    Training t;
    t.precision = setting("precision", run_.precision, precision_of, rules_.precision);
    t.gradient_format = gradient_format_of(run_.precision).value_or(rules_.gradient_format);
    t.recompute = setting("recompute", run_.recompute, recompute_of, rules_.recompute);
    if (t.recompute == Recompute::selective)
      t.recompute = rules_.selective;
    t.flash_attention =
        setting("flash attention", run_.attention, flash_of, rules_.flash_attention);
    t.operators = operators_of(notes()).value_or(OperatorFusion::fused);
    t.dropout = rules_.dropout;
    t.overlap_gradient_exchange = rules_.overlap_gradient_exchange;
    if (std::ranges::any_of(rules_.fp8_weight_exchange,
                            [precision = lower_case(run_.precision)](const std::string &text) {
                              return holds(precision, text);
                            }))
      t.weight_exchange_format = NumberFormat::fp8;
    batch(t, data_parallel);
    return t;
  }

  /// Chunks of a stage where the source names none. Interleaving needs layers and micro-batches
  /// that divide.
  void interleave(Plan &plan) {
    Parallelism &p = plan.parallelism;
    if (run_.vpp || p.pipeline_parallel == 1)
      return;
    // Interleaved by name: a layer a chunk, embedding and logits counted as one each if need be.
    if (p.schedule == PipelineSchedule::interleaved) {
      const std::int64_t layers = plan.model.decoder.layers;
      const bool with_ends = layers % p.pipeline_parallel != 0;
      p.virtual_pipeline =
          std::max<std::int64_t>((layers + (with_ends ? 2 : 0)) / p.pipeline_parallel, 1);
      inferred_.push_back(fmt::format("vpp: {}, a layer a chunk", p.virtual_pipeline));
      return;
    }
    if (!rules_.layers_per_chunk)
      return;
    const std::int64_t chunk_layers = p.pipeline_parallel * *rules_.layers_per_chunk;
    const std::int64_t round = p.pipeline_parallel * p.data_parallel * plan.training.micro_batch;
    if (plan.model.decoder.layers % chunk_layers != 0 || plan.training.global_batch % round != 0)
      return;
    p.virtual_pipeline = plan.model.decoder.layers / chunk_layers;
    inferred_.push_back(fmt::format("vpp: {} ({})", p.virtual_pipeline, rules_.id));
  }

  [[nodiscard]] const std::string &skipped() const { return skipped_; }

private:
  [[nodiscard]] std::string notes() const {
    const auto field = run_.fields.find("notes");
    return field == run_.fields.end() ? std::string() : field->second;
  }

  void skip(std::string why) {
    if (skipped_.empty())
      skipped_ = std::move(why);
  }

  /// What the text says, or what the rule says where the source leaves it open.
  template <class T>
  T setting(std::string_view column, const std::string &text,
            SettingText<T> (*read)(const std::string &), T rule) {
    const SettingText<T> said = read(text);
    if (said.value)
      return *said.value;
    if (!said.unstated)
      skip(fmt::format("{}: \"{}\" is not understood", column, text));
    inferred_.push_back(fmt::format("{}: {} ({})", column, spelled(rule), rules_.id));
    return rule;
  }

  void batch(Training &t, std::int64_t data_parallel) {
    const auto micro = run_.micro_batch;
    const auto global = run_.global_batch_seqs;
    const auto rounds = run_.grad_accum;
    if (global && (micro || rounds)) {
      t.global_batch = *global;
      t.micro_batch =
          micro ? *micro : std::max<std::int64_t>(*global / (data_parallel * *rounds), 1);
    } else if (micro && rounds) {
      t.micro_batch = *micro;
      t.global_batch = *micro * *rounds;
      if (t.global_batch > most_sequences)
        skip("the batch is beyond all reason");
      else
        t.global_batch *= data_parallel;
    } else {
      skip("two of micro_batch, global_batch_seqs and grad_accum must be stated");
    }
  }

  const RunRecord &run_;
  const FrameworkRules &rules_;
  std::vector<std::string> &inferred_;
  std::string skipped_;
};

/// As many layers on each stage, one more on some in the middle.
void list_stages(Plan &plan, std::vector<std::string> &inferred) {
  Parallelism &p = plan.parallelism;
  const std::int64_t stages = p.pipeline_parallel;
  const std::int64_t fuller = plan.model.decoder.layers % stages;
  p.layers_by_stage.assign(static_cast<std::size_t>(stages), plan.model.decoder.layers / stages);
  const auto middle = p.layers_by_stage.begin() + (stages - fuller) / 2;
  std::for_each(middle, middle + fuller, [](std::int64_t &layers) { ++layers; });
  inferred.push_back(fmt::format("stages: {} layers", fmt::join(p.layers_by_stage, ", ")));
}

/// Layers that do not divide among the stages: embedding and logits, or the logits alone, count as
/// a layer where that makes them divide, as BLOOM's and Llama 405B's stages do. Else the last stage
/// has what the others, all alike, leave: 4 fifteen times and 1 of DeepSeek-V3's 61.
void lighten_ends(Plan &plan, std::vector<std::string> &inferred) {
  Parallelism &p = plan.parallelism;
  const std::int64_t layers = plan.model.decoder.layers;
  const std::int64_t stages = p.pipeline_parallel;
  const std::int64_t chunks = stages * p.virtual_pipeline;
  if (stages < 2 || layers % chunks == 0)
    return;
  if ((layers + 2) % chunks == 0) {
    p.first_stage_layers = (layers + 2) / stages - 1;
    p.last_stage_layers = p.first_stage_layers;
    inferred.emplace_back("stages: embedding and logits count as a layer each");
  } else if ((layers + 1) % chunks == 0) {
    p.last_stage_layers = (layers + 1) / stages - 1;
    inferred.emplace_back("stages: the logits count as a layer");
  } else {
    const std::int64_t most = (layers + stages - 1) / stages;
    const std::int64_t left = layers - most * (stages - 1);
    if (left < 0)
      return list_stages(plan, inferred);
    p.last_stage_layers = left;
    inferred.push_back(fmt::format("stages: {} layers, {} on the last", most, left));
  }
}

} // namespace

RunPlanner::RunPlanner(const PresetCatalog &catalog)
    : catalog_(&catalog), rules_(load_framework_rules(catalog)), machines_(catalog) {}

const std::vector<ModelPreset> &RunPlanner::models_with_experts() {
  if (models_with_experts_.empty())
    for (const std::string &id : catalog_->ids("models"))
      if (ModelPreset model = load_model(*catalog_, id); model.decoder.experts)
        models_with_experts_.push_back(std::move(model));
  return models_with_experts_;
}

void RunPlanner::use_everywhere(const SoftwarePreset &software) {
  for (FrameworkRules &rules : rules_)
    rules.software = software;
}

SoftwarePreset RunPlanner::software_of(std::string_view framework) const {
  const auto found = std::ranges::find(rules_, framework, &FrameworkRules::id);
  return found == rules_.end() ? SoftwarePreset{} : found->software;
}

void RunPlanner::use(const SoftwarePresets &software) {
  for (FrameworkRules &rules : rules_)
    if (const auto found = software.find(rules.id); found != software.end())
      rules.software = found->second;
}

RunPlanning RunPlanner::plan_of(const RunRecord &run) {
  if (run.vocab)
    return stated_plan(run);
  RunRecord with_vocabulary = run;
  with_vocabulary.vocab = usual_vocabulary;
  RunPlanning planning = stated_plan(with_vocabulary);
  if (planning.run)
    planning.run->inferred.push_back(fmt::format("vocab: {}, GPT-2's", usual_vocabulary));
  return planning;
}

RunPlanning RunPlanner::stated_plan(const RunRecord &run) {
  const auto skip = [](std::string why) { return RunPlanning{std::nullopt, std::move(why)}; };
  if (!run.problems.empty())
    return skip(to_text(run.problems.front()));
  if (std::string why = unmodelled(run); !why.empty())
    return skip(std::move(why));
  const FrameworkRules *rules = find_rules(rules_, run.framework, source_text(run));
  if (rules == nullptr)
    rules = find_rules(rules_, "default", {});
  if (rules == nullptr)
    return skip("no rules for the framework, and no presets/frameworks/default.toml");
  if (const auto names = missing(run, *rules); !names.empty())
    return skip(fmt::format("not stated: {}", fmt::join(names, ", ")));
  if (*run.layers > most_layers)
    return skip(fmt::format("{} layers are beyond all reason", *run.layers));
  if (!run.moe_experts && *run.hidden % *run.heads != 0)
    return skip(fmt::format("heads = {} does not divide hidden = {}", *run.heads, *run.hidden));
  const RunMachine &machine = machines_.machine_of(run);
  if (!machine.problem.empty())
    return skip(machine.problem);

  RunPlan planned;
  planned.rules = rules;
  planned.gpu_family = machine.gpu_family;
  planned.inferred = machine.inferred;
  planned.cluster = machine.cluster;
  planned.cluster.gpus = *run.n_gpus;
  Plan &plan = planned.plan;
  plan.name = run.id;
  plan.model.name = run.model;
  if (run.moe_experts) {
    auto decoder = known_expert_decoder_of(run, models_with_experts(), *rules, planned.inferred);
    if (!decoder)
      decoder = counted_expert_decoder_of(run, *rules, planned.inferred);
    if (!decoder)
      return skip(fmt::format("no model preset has {} experts, {} a token, {} wide, and the "
                              "columns give no such model",
                              *run.moe_experts, *run.moe_topk, *run.hidden));
    plan.model.decoder = *decoder;
  } else {
    plan.model.decoder = dense_decoder_of(run, *rules, planned.inferred);
  }
  Settings settings(run, *rules, planned.inferred);
  plan.parallelism = settings.parallelism();
  plan.training = settings.training(plan.parallelism.data_parallel);
  if (!settings.skipped().empty())
    return skip(settings.skipped());
  plan.training.software = rules->software.on(planned.cluster.device.architecture);
  plan.training.memory_reserve = plan.training.software.context;
  if (std::ranges::find(rules->cuda_graphs_on, planned.cluster.device.id) !=
      rules->cuda_graphs_on.end()) {
    plan.training.cuda_graphs = true;
    planned.inferred.push_back(fmt::format("CUDA graphs: on ({})", rules->id));
  }
  if (const auto schedule = schedule_of(run.framework))
    plan.parallelism.schedule = *schedule;
  settings.interleave(plan);
  lighten_ends(plan, planned.inferred);
  plan.data.sequence_length = *run.seq_len;
  plan.data.tokens = run.tokens_total.value_or(static_cast<double>(plan.training.global_batch) *
                                               static_cast<double>(*run.seq_len)) *
                     units::token;
  if (const auto problems = layout_problems(plan, planned.cluster); !problems.empty())
    return skip(problems.front().text);
  return {std::move(planned), {}};
}

} // namespace flopcast
