// SPDX-License-Identifier: Apache-2.0
// The keys of plans that the editor offers.
#include "gui/editor/field_makers.hpp"
#include "gui/editor/plan_field.hpp"

#include "model/planning/expected_loss.hpp"

#include <QCoreApplication>

#include <utility>

namespace flopcast {
namespace {

using namespace units;

struct Fields {
  Q_DECLARE_TR_FUNCTIONS(Fields)
};

template <auto Member> Number degree(const PlannedRun &run) {
  return static_cast<double>(run.plan.parallelism.*Member);
}
template <auto Member> Number of_training(const PlannedRun &run) {
  return static_cast<double>(run.plan.training.*Member);
}
Number whole(const std::optional<std::int64_t> &value) {
  return value ? Number(static_cast<double>(*value)) : std::nullopt;
}
template <auto Member> Number of_decoder(const PlannedRun &run) {
  return static_cast<double>(run.plan.model.decoder.*Member);
}

void add_model(FieldList &list) {
  list.group(Fields::tr("Model"));
  list.add(preset(
      "model.preset", Fields::tr("model"), "models",
      [](const PlannedRun &run) { return run.plan.model.id; },
      Fields::tr("A model preset; the keys below change it.")));
  list.add(integer("model.layers", Fields::tr("layers"), 10'000, of_decoder<&Decoder::layers>,
                   Fields::tr("Transformer layers.")));
  list.add(integer("model.hidden", Fields::tr("hidden size"), 1'000'000,
                   of_decoder<&Decoder::hidden>, Fields::tr("Width of the residual stream.")));
  list.add(integer("model.heads", Fields::tr("attention heads"), 1024, of_decoder<&Decoder::heads>,
                   Fields::tr("Heads of the attention; they divide the hidden size.")));
  list.add(
      integer("model.kv_heads", Fields::tr("key-value heads"), 1024, of_decoder<&Decoder::kv_heads>,
              Fields::tr("Fewer than the heads: grouped queries; 1: multi-query attention. They "
                         "divide the heads.")));
  list.add(integer("model.ffn_hidden", Fields::tr("MLP width"), 4'000'000,
                   of_decoder<&Decoder::ffn_hidden>,
                   Fields::tr("Inner width of the MLP, of each branch where it is gated.")));
  list.add(integer("model.vocabulary", Fields::tr("vocabulary"), 1'000'000,
                   of_decoder<&Decoder::vocabulary>, Fields::tr("Token embeddings.")));
  list.group(Fields::tr("Data"));
  list.add(real(
               "data.tokens", Fields::tr("tokens"), 0.001, 1e6, Fields::tr(" billion"), "e9 token",
               [](const PlannedRun &run) -> Number { return run.plan.data.tokens.in(1e9 * token); },
               Fields::tr("Tokens that are processed, epochs included.")))
      .excludes = {"data.dataset_tokens", "data.epochs"};
  list.add(doubling(
      "data.sequence_length", Fields::tr("sequence length"), 1 << 20,
      [](const PlannedRun &run) -> Number {
        return static_cast<double>(run.plan.data.sequence_length);
      },
      Fields::tr("Tokens of a sequence.")));
  list.add(preset(
               "data.law", Fields::tr("scaling law"), "laws",
               [](const PlannedRun &run) {
                 return run.plan.data.law ? run.plan.data.law->law.id : std::string("none");
               },
               Fields::tr("Tells the loss to expect; the page Scaling laws shows more. None: no "
                          "loss.")))
      .choices.emplace_back("none");
}

void add_hardware(FieldList &list) {
  list.group(Fields::tr("Hardware"));
  list.add(preset(
               "hardware.gpu", Fields::tr("GPU"), "devices",
               [](const PlannedRun &run) { return run.cluster.device.id; },
               Fields::tr("A device preset. Another GPU stands in its usual node.")))
      .excludes = {"hardware.node"};
  list.add(preset(
               "hardware.node", Fields::tr("node"), "nodes",
               [](const PlannedRun &run) { return run.cluster.node.id; },
               Fields::tr("A node preset: GPUs, their links and network cards. Another node brings "
                          "its own GPUs.")))
      .excludes = {"hardware.gpu"};
  list
      .add(doubling(
          "hardware.count", Fields::tr("number of GPUs"), 1'000'000,
          [](const PlannedRun &run) -> Number { return static_cast<double>(run.cluster.gpus); },
          Fields::tr("GPUs that train.")))
      .excludes = {"hardware.nodes"};
  list.add(real(
      "hardware.scale_out_bandwidth", Fields::tr("network"), 0.1, 1000, QStringLiteral(" GB/s"),
      " GB/s",
      [](const PlannedRun &run) -> Number {
        if (!run.cluster.node.scale_out_bandwidth)
          return std::nullopt;
        return run.cluster.node.scale_out_bandwidth->in(gigabyte / second);
      },
      Fields::tr("Bandwidth between nodes, per GPU and direction.")));
  list.add(real(
      "hardware.scale_up_bandwidth", Fields::tr("links in a domain"), 1, 10'000,
      QStringLiteral(" GB/s"), " GB/s",
      [](const PlannedRun &run) -> Number {
        return run.cluster.node.scale_up_bandwidth.in(gigabyte / second);
      },
      Fields::tr("Bandwidth inside a domain of fast links, per GPU and direction.")));
  list.add(doubling(
      "hardware.scale_up_domain", Fields::tr("GPUs of a domain"), 4096,
      [](const PlannedRun &run) -> Number {
        return static_cast<double>(run.cluster.node.scale_up_domain);
      },
      Fields::tr("GPUs that reach each other over the fast links.")));
  list.add(real(
      "hardware.memory_capacity", Fields::tr("memory of a GPU"), 1, 2000, QStringLiteral(" GB"),
      " GB",
      [](const PlannedRun &run) -> Number {
        return run.cluster.device.memory_capacity.in(gigabyte);
      },
      Fields::tr("What a GPU can hold: a what-if, or a share of one.")));
  PlanField &fabric = list.add(preset(
      "hardware.fabric", Fields::tr("network fabric"), "fabrics",
      [](const PlannedRun &run) {
        return run.cluster.fabric ? run.cluster.fabric->id : std::string("none");
      },
      Fields::tr("Switches between the domains: oversubscription, rails, racks. None: each GPU has "
                 "all of its network card.")));
  fabric.none = "none";
  list.add(preset(
      "hardware.calibration", Fields::tr("calibration"), "calibrations",
      [](const PlannedRun &run) { return run.cluster.calibration.id; },
      Fields::tr("Measured speeds of kernels and collectives. Without a choice: those of this GPU "
                 "or of its nearest relative.")));
}

void add_parallelism(FieldList &list) {
  list.group(Fields::tr("Parallelism"));
  list.add(doubling("parallelism.tensor_parallel", Fields::tr("tensor parallel"), 1024,
                    degree<&Parallelism::tensor_parallel>,
                    Fields::tr("Ranks that share every layer's matrices.")));
  list.add(doubling("parallelism.pipeline_parallel", Fields::tr("pipeline parallel"), 1024,
                    degree<&Parallelism::pipeline_parallel>,
                    Fields::tr("Stages that the layers are divided into.")));
  list.add(integer("parallelism.virtual_pipeline", Fields::tr("chunks of a stage"), 64,
                   degree<&Parallelism::virtual_pipeline>,
                   Fields::tr("Above 1: interleaved 1F1B.")));
  list.add(choice(
      "parallelism.schedule", Fields::tr("schedule"), names(pipeline_schedule_names()),
      [](const PlannedRun &run) { return std::string(to_text(run.plan.parallelism.schedule)); },
      Fields::tr("The order in which stages work on micro-batches; the page Timeline shows it.")));
  const auto end_layers = [](std::string key, QString label, Number (*number)(const PlannedRun &),
                             QString help) {
    PlanField field = integer(std::move(key), std::move(label), 200, number, std::move(help));
    field.lowest = 0;
    field.logarithmic = false;
    return field;
  };
  list.add(end_layers(
      "parallelism.first_stage_layers", Fields::tr("layers of the first stage"),
      [](const PlannedRun &run) -> Number {
        return stage_layers(run.plan.parallelism, run.plan.model.decoder.layers).first;
      },
      Fields::tr("Fewer than the others', where the embedding has its place.")));
  list.add(end_layers(
      "parallelism.last_stage_layers", Fields::tr("layers of the last stage"),
      [](const PlannedRun &run) -> Number {
        return stage_layers(run.plan.parallelism, run.plan.model.decoder.layers).last;
      },
      Fields::tr("Fewer than the others', where the logits have their place.")));
  list.add(doubling("parallelism.context_parallel", Fields::tr("context parallel"), 1024,
                    degree<&Parallelism::context_parallel>,
                    Fields::tr("Ranks that share a sequence.")));
  list.add(choice(
      "parallelism.context_exchange", Fields::tr("context exchange"),
      names(context_exchange_names()),
      [](const PlannedRun &run) {
        for (const auto &[name, exchange] : context_exchange_names())
          if (exchange == run.plan.parallelism.context_exchange)
            return std::string(name);
        return std::string();
      },
      Fields::tr("How ranks that share a sequence see its keys and values: passed on in a ring, "
                 "gathered, or all tokens of a share of the heads (Ulysses).")));
  list.add(choice(
      "parallelism.context_split", Fields::tr("context split"), names(context_split_names()),
      [](const PlannedRun &run) {
        const auto split = static_cast<std::size_t>(run.plan.parallelism.context_split);
        return std::string(context_split_names()[split].first);
      },
      Fields::tr("Whether each of these ranks has an early and a late part of the sequence, or one "
                 "part: the last then sees most keys, and the others wait.")));
  list.add(doubling("parallelism.expert_parallel", Fields::tr("expert parallel"), 1024,
                    degree<&Parallelism::expert_parallel>,
                    Fields::tr("Ranks that share the experts of a layer.")));
  list.add(doubling(
      "parallelism.expert_tensor_parallel", Fields::tr("expert tensor parallel"), 1024,
      [](const PlannedRun &run) -> Number {
        return static_cast<double>(run.plan.parallelism.expert_tensor());
      },
      Fields::tr("Ranks that share the width of an expert; as many as tensor parallel if not "
                 "given.")));
  list.add(real(
      "parallelism.expert_imbalance", Fields::tr("expert imbalance"), 1, 8, {}, "",
      [](const PlannedRun &run) -> Number { return run.plan.parallelism.expert_imbalance; },
      Fields::tr(
          "Tokens that come to the busiest rank's experts over the mean; 1: evenly spread.")));
  list.add(choice(
      "parallelism.expert_dispatch", Fields::tr("expert dispatch"), names(expert_dispatch_names()),
      [](const PlannedRun &run) {
        return std::string(spelled(expert_dispatch_names(), run.plan.parallelism.expert_dispatch));
      },
      Fields::tr("What goes to the ranks of a token's experts: a row for each expert, or one for "
                 "each domain or rank (DeepEP).")));
  list.add(choice(
      "parallelism.expert_overlap", Fields::tr("expert exchange overlap"),
      names(expert_overlap_names()),
      [](const PlannedRun &run) {
        return std::string(spelled(expert_overlap_names(), run.plan.parallelism.expert_overlap));
      },
      Fields::tr("What hides tokens on their way to experts: nothing, or layers of another "
                 "micro-batch (1F1B; stages need more than one chunk).")));
  list.add(doubling("parallelism.data_parallel", Fields::tr("data parallel"), 1 << 19,
                    degree<&Parallelism::data_parallel>,
                    Fields::tr("Copies that share the batch; the GPUs that the other degrees leave "
                               "if not given.")));
  list.add(choice(
      "parallelism.zero_stage", Fields::tr("ZeRO stage"), {"0", "1", "2", "3"},
      [](const PlannedRun &run) { return std::to_string(run.plan.parallelism.zero_stage); },
      Fields::tr("1 shares optimizer states, 2 gradients too, 3 weights too (FSDP).")));
  list.add(doubling(
      "parallelism.shard_group", Fields::tr("ranks that share states"), 1 << 19,
      [](const PlannedRun &run) -> Number {
        const Parallelism &parallel = run.plan.parallelism;
        return static_cast<double>(parallel.shard_group.value_or(parallel.gradient_group().size));
      },
      Fields::tr("Neighbours among which ZeRO shares (hybrid sharding); all that hold the same "
                 "weights if not given.")));
  list
      .add(choice(
          "parallelism.sequence_parallel", Fields::tr("sequence parallel"), {},
          [](const PlannedRun &run) { return flag_text(run.plan.parallelism.sequence_parallel); },
          Fields::tr("Norms and sums are split along the sequence too.")))
      .kind = FieldKind::flag;
  list.add(choice(
               "parallelism.tensor_overlap", Fields::tr("tensor exchange overlap"),
               names(tensor_overlap_names()),
               [](const PlannedRun &run) {
                 return std::string(
                     spelled(tensor_overlap_names(), run.plan.parallelism.tensor_overlap));
               },
               Fields::tr("What hides exchanges among tensor-parallel ranks: the framework's usual "
                          "share, or tiles of the products.")))
      .beside = [](const std::string &value) {
    return value == "tiles" ? std::vector<PlanEdit>{{"parallelism.sequence_parallel", "true"}}
                            : std::vector<PlanEdit>();
  };
}

std::string recomputed_modules(const PlannedRun &run) {
  std::string found;
  for (const auto &[name, roles] : recompute_module_names())
    if ((run.plan.training.recomputed & roles) == roles)
      found += (found.empty() ? "" : ", ") + std::string(name);
  return found;
}

void add_recompute(FieldList &list) {
  PlanField &recompute = list.add(choice(
      "training.recompute", Fields::tr("recompute"), names(recompute_names()),
      [](const PlannedRun &run) { return std::string(to_text(run.plan.training.recompute)); },
      Fields::tr("What is computed again in the backward pass to save memory: nothing, the "
                 "attention without its projections, the modules below, whole layers.")));
  recompute.excludes = {"training.recompute_modules", "training.recompute_layers"};
  // Modules without a list are no plan: the attention's core is what selective redoes too.
  recompute.beside = [](const std::string &value) {
    return value == "modules"
               ? std::vector<PlanEdit>{{"training.recompute_modules", "[\"core_attention\"]"}}
               : std::vector<PlanEdit>();
  };
  PlanField modules = choice("training.recompute_modules", Fields::tr("recomputed modules"),
                             names(recompute_module_names()), recomputed_modules,
                             Fields::tr("Parts of a layer that are computed again."));
  modules.kind = FieldKind::several;
  modules.none = "[]";
  modules.excludes = {"training.recompute_layers"};
  modules.beside = [](const std::string &value) {
    return std::vector<PlanEdit>{{"training.recompute", value == "[]" ? "none" : "modules"}};
  };
  list.add(std::move(modules));
  PlanField layers = integer(
      "training.recompute_layers", Fields::tr("recomputed layers"), 200,
      [](const PlannedRun &run) -> Number {
        const Training &training = run.plan.training;
        if (training.recompute_layers || training.recompute != Recompute::full)
          return whole(training.recompute_layers);
        return stage_layers(run.plan.parallelism, run.plan.model.decoder.layers).middle;
      },
      Fields::tr("Layers of a stage that are computed again as a whole; all if not given."));
  layers.lowest = 0;
  layers.logarithmic = false;
  layers.excludes = {"training.recompute_modules"};
  layers.beside = [](const std::string & /*value*/) {
    return std::vector<PlanEdit>{{"training.recompute", "full"}};
  };
  list.add(std::move(layers));
}

void add_training(FieldList &list) {
  list.group(Fields::tr("Training"));
  list.add(choice(
      "training.precision", Fields::tr("precision"), {"bf16", "fp16", "fp8", "fp4", "tf32", "fp32"},
      [](const PlannedRun &run) { return std::string(to_text(run.plan.training.precision)); },
      Fields::tr("Number format of the matrix products.")));
  list.add(choice(
      "training.gradient_format", Fields::tr("gradient format"), {"fp32", "bf16", "fp16"},
      [](const PlannedRun &run) { return std::string(to_text(run.plan.training.gradient_format)); },
      Fields::tr("Number format in which gradients are summed and exchanged.")));
  add_recompute(list);
  list.add(choice(
      "training.attention", Fields::tr("attention"), {"flash", "unfused"},
      [](const PlannedRun &run) {
        return std::string(run.plan.training.flash_attention ? "flash" : "unfused");
      },
      Fields::tr("Flash: one fused kernel that does not write the scores.")));
  list.add(choice(
      "training.operators", Fields::tr("operators without products"),
      names(operator_fusion_names()),
      [](const PlannedRun &run) {
        return std::string(spelled(operator_fusion_names(), run.plan.training.operators));
      },
      Fields::tr("Norms, gated activations and rotary embedding as one kernel each, or as the "
                 "kernels that eager PyTorch launches for them.")));
  list.add(choice(
               "training.cuda_graphs", Fields::tr("CUDA graphs"), {},
               [](const PlannedRun &run) { return flag_text(run.plan.training.cuda_graphs); },
               Fields::tr("Layers are captured in graphs, so that the device never waits for the "
                          "host to launch their operators.")))
      .kind = FieldKind::flag;
  list.add(doubling("training.micro_batch", Fields::tr("micro-batch"), 4096,
                    of_training<&Training::micro_batch>,
                    Fields::tr("Sequences that a rank works on at once.")));
  list.add(doubling("training.global_batch", Fields::tr("global batch"), 1 << 20,
                    of_training<&Training::global_batch>, Fields::tr("Sequences of a step.")))
      .excludes = {"training.global_batch_tokens"};
  list.add(choice(
      "training.optimizer", Fields::tr("optimizer"), names(optimizer_names()),
      [](const PlannedRun &run) { return std::string(to_text(run.plan.training.optimizer)); },
      Fields::tr("Decides how many bytes of state a parameter takes.")));
  list.add(choice(
               "training.overlap_gradient_exchange", Fields::tr("overlap gradient exchange"), {},
               [](const PlannedRun &run) {
                 return flag_text(run.plan.training.overlap_gradient_exchange);
               },
               Fields::tr("Gradients are exchanged during the backward pass.")))
      .kind = FieldKind::flag;
  PlanField &framework = list.add(preset(
      "training.framework", Fields::tr("framework"), "frameworks",
      [](const PlannedRun &run) {
        const std::string &id = run.plan.training.software.framework;
        return id.empty() ? std::string("none") : id;
      },
      Fields::tr("What the training software adds to the device's own times: launches, fused "
                 "kernels, overlap, memory. None adds nothing.")));
  framework.choices.emplace_back("none");
  list.add(choice(
      "training.dropout", Fields::tr("dropout"), {"0", "0.1"},
      [](const PlannedRun &run) { return std::string(run.plan.training.dropout ? "0.1" : "0"); },
      Fields::tr("Above 0 masks are kept for the backward pass; how much above does not count.")));
  list.add(real(
      "training.memory_reserve", Fields::tr("memory reserve"), 0, 40, QStringLiteral(" GB"), " GB",
      [](const PlannedRun &run) -> Number { return run.plan.training.memory_reserve.in(gigabyte); },
      Fields::tr("Driver context, libraries and communication buffers, which no tensor "
                 "explains.")));
  list.add(real(
      "training.offload_optimizer", Fields::tr("optimizer on the host"), 0, 1, {}, "",
      [](const PlannedRun &run) -> Number { return run.plan.training.offload.optimizer; },
      Fields::tr("Share of the optimizer's states in host memory; the host updates their "
                 "weights.")));
  list.add(choice(
      "training.offload_activations", Fields::tr("activations on the host"),
      names(activation_offload_names()),
      [](const PlannedRun &run) {
        return std::string(
            spelled(activation_offload_names(), run.plan.training.offload.activations));
      },
      Fields::tr("What waits in host memory for its backward pass: nothing, what stands between "
                 "layers, all that layers keep.")));
}

void add_run(FieldList &list) {
  list.group(Fields::tr("Stated speed"));
  list.add(real(
               "stated.mfu", Fields::tr("stated MFU"), 0.01, 1, {}, "",
               [](const PlannedRun &run) -> Number { return run.plan.stated.mfu; },
               Fields::tr("A utilisation that is known takes the place of the predicted step.")))
      .excludes = {"stated.flops_per_gpu", "stated.tokens_per_second", "stated.step_time"};
  list.group(Fields::tr("Run"));
  list.add(real(
               "run.goodput", Fields::tr("goodput"), 0.05, 1, {}, "",
               [](const PlannedRun &run) -> Number { return run.plan.run.goodput; },
               Fields::tr("Productive share of the held time: failures, restarts, waiting.")))
      .excludes = {"run.allocation"};
  list.add(integer(
      "run.checkpoints_kept", Fields::tr("checkpoints kept"), 1000,
      [](const PlannedRun &run) -> Number {
        return static_cast<double>(run.plan.run.checkpoints_kept);
      },
      Fields::tr("Checkpoints that storage is paid for.")));
  list.group(Fields::tr("Price and energy"));
  list.add(real(
               "price.rate", Fields::tr("price of GPU time"), 0.01, 100,
               QStringLiteral(" USD/(GPU*h)"), " USD/(GPU*h)",
               [](const PlannedRun &run) -> Number {
                 return gpu_time_price(run.plan.price).in(usd / (gpu * hour));
               },
               Fields::tr("Your own rent; it comes before every price list.")))
      .excludes = {"price.purchase"};
  list.add(real(
               "price.purchase", Fields::tr("purchase of a GPU"), 100, 200'000,
               QStringLiteral(" USD/GPU"), " USD/GPU",
               [](const PlannedRun &run) -> Number {
                 if (!run.plan.price.purchase)
                   return std::nullopt;
                 return run.plan.price.purchase->in(usd / gpu);
               },
               Fields::tr("Your own hardware, with its share of the server, written off over its "
                          "lifetime.")))
      .excludes = {"price.rate"};
  list.add(real(
      "price.lifetime", Fields::tr("lifetime"), 30, 3650, Fields::tr(" days"), " d",
      [](const PlannedRun &run) -> Number { return run.plan.price.lifetime.in(day); },
      Fields::tr("Over which own hardware is written off.")));
  list.add(real(
      "energy.pue", QStringLiteral("PUE"), 1, 3, {}, "",
      [](const PlannedRun &run) -> Number { return run.plan.energy.pue; },
      Fields::tr("Energy of the data centre for that of its servers.")));
  list.add(real(
      "energy.power_per_gpu", Fields::tr("power per GPU"), 10, 5000, QStringLiteral(" W/GPU"),
      " W/GPU",
      [](const PlannedRun &run) -> Number {
        if (!run.plan.energy.power)
          return std::nullopt;
        return run.plan.energy.power->in(watt / gpu);
      },
      Fields::tr("Mean power of the server for each GPU.")));
  list.add(real(
      "energy.electricity", Fields::tr("electricity"), 0, 1, QStringLiteral(" USD/kWh"), " USD/kWh",
      [](const PlannedRun &run) -> Number {
        if (!run.plan.energy.electricity)
          return std::nullopt;
        return run.plan.energy.electricity->in(usd / kilowatt_hour);
      },
      Fields::tr("Paid apart by owners; a rent usually contains it.")));
  list.add(real(
      "energy.carbon_intensity", Fields::tr("carbon intensity"), 1, 1500, QStringLiteral(" g/kWh"),
      " g/kWh",
      [](const PlannedRun &run) -> Number {
        return run.plan.energy.carbon_intensity.in(gram / kilowatt_hour);
      },
      Fields::tr("CO2 equivalent of the electricity.")));
}

} // namespace

std::vector<PlanField> plan_fields() {
  FieldList list;
  add_model(list);
  add_hardware(list);
  add_parallelism(list);
  add_training(list);
  add_run(list);
  return list.take();
}

} // namespace flopcast
