// SPDX-License-Identifier: Apache-2.0
#include "gui/editor/plan_field.hpp"

#include "gui/plan_text.hpp"

#include <QCoreApplication>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

namespace flopcast {
namespace {

using namespace units;

struct Fields {
  Q_DECLARE_TR_FUNCTIONS(Fields)
};

using Number = std::optional<double>;

template <auto Member> Number degree(const PlannedRun &run) {
  return static_cast<double>(run.plan.parallelism.*Member);
}
template <auto Member> Number of_training(const PlannedRun &run) {
  return static_cast<double>(run.plan.training.*Member);
}
template <auto Member> Number of_decoder(const PlannedRun &run) {
  return static_cast<double>(run.plan.model.decoder.*Member);
}

PlanField integer(std::string key, QString label, double highest,
                  Number (*number)(const PlannedRun &), QString help) {
  PlanField field;
  field.key = std::move(key);
  field.label = std::move(label);
  field.help = std::move(help);
  field.kind = FieldKind::integer;
  field.lowest = 1;
  field.highest = highest;
  field.logarithmic = true;
  field.number = number;
  return field;
}

PlanField doubling(std::string key, QString label, double highest,
                   Number (*number)(const PlannedRun &), QString help) {
  PlanField field = integer(std::move(key), std::move(label), highest, number, std::move(help));
  field.doubles = true;
  return field;
}

PlanField real(std::string key, QString label, double lowest, double highest, QString suffix,
               std::string unit, Number (*value)(const PlannedRun &), QString help) {
  PlanField field;
  field.key = std::move(key);
  field.label = std::move(label);
  field.help = std::move(help);
  field.kind = FieldKind::number;
  field.lowest = lowest;
  field.highest = highest;
  field.logarithmic = lowest > 0 && highest / lowest > 100;
  field.suffix = std::move(suffix);
  field.unit = std::move(unit);
  field.number = value;
  return field;
}

PlanField choice(std::string key, QString label, std::vector<std::string> choices,
                 std::string (*text)(const PlannedRun &), QString help) {
  PlanField field;
  field.key = std::move(key);
  field.label = std::move(label);
  field.help = std::move(help);
  field.kind = FieldKind::choice;
  field.choices = std::move(choices);
  field.text = text;
  return field;
}

std::string flag_text(bool flag) { return flag ? "true" : "false"; }

template <class E> std::vector<std::string> names(std::span<const Spelled<E>> spelled) {
  std::vector<std::string> found;
  for (const auto &[name, value] : spelled)
    found.emplace_back(name);
  return found;
}

/// Collects fields under the group that was named last.
class FieldList {
public:
  void group(const QString &name) { group_ = name; }
  PlanField &add(PlanField field) {
    field.group = group_;
    fields_.push_back(std::move(field));
    return fields_.back();
  }
  std::vector<PlanField> take() { return std::move(fields_); }

private:
  QString group_;
  std::vector<PlanField> fields_;
};

void add_model(FieldList &list) {
  list.group(Fields::tr("Model"));
  PlanField &preset = list.add(choice(
      "model.preset", Fields::tr("model"), {"models"},
      [](const PlannedRun &run) { return run.plan.model.id; },
      Fields::tr("A model preset; the keys below change it.")));
  preset.kind = FieldKind::preset;
  list.add(integer("model.layers", Fields::tr("layers"), 10'000, of_decoder<&Decoder::layers>,
                   Fields::tr("Transformer layers.")));
  list.add(integer("model.hidden", Fields::tr("hidden size"), 1'000'000,
                   of_decoder<&Decoder::hidden>, Fields::tr("Width of the residual stream.")));
  list.add(integer("model.ffn_hidden", Fields::tr("MLP width"), 4'000'000,
                   of_decoder<&Decoder::ffn_hidden>,
                   Fields::tr("Inner width of the MLP, of each branch where it is gated.")));
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
}

void add_hardware(FieldList &list) {
  list.group(Fields::tr("Hardware"));
  PlanField &gpu = list.add(choice(
      "hardware.gpu", Fields::tr("GPU"), {"devices"},
      [](const PlannedRun &run) { return run.cluster.device.id; },
      Fields::tr("A device preset. Another GPU stands in its usual node.")));
  gpu.kind = FieldKind::preset;
  gpu.excludes = {"hardware.node"};
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
  list.add(doubling("parallelism.context_parallel", Fields::tr("context parallel"), 1024,
                    degree<&Parallelism::context_parallel>,
                    Fields::tr("Ranks that share a sequence.")));
  list.add(doubling("parallelism.expert_parallel", Fields::tr("expert parallel"), 1024,
                    degree<&Parallelism::expert_parallel>,
                    Fields::tr("Ranks that share the experts of a layer.")));
  list.add(choice(
      "parallelism.zero_stage", Fields::tr("ZeRO stage"), {"0", "1", "2", "3"},
      [](const PlannedRun &run) { return std::to_string(run.plan.parallelism.zero_stage); },
      Fields::tr("1 shares optimizer states, 2 gradients too, 3 weights too (FSDP).")));
  list
      .add(choice(
          "parallelism.sequence_parallel", Fields::tr("sequence parallel"), {},
          [](const PlannedRun &run) { return flag_text(run.plan.parallelism.sequence_parallel); },
          Fields::tr("Norms and sums are split along the sequence too.")))
      .kind = FieldKind::flag;
}

void add_training(FieldList &list) {
  list.group(Fields::tr("Training"));
  list.add(choice(
      "training.precision", Fields::tr("precision"), {"bf16", "fp16", "fp8", "fp4", "tf32", "fp32"},
      [](const PlannedRun &run) { return std::string(to_text(run.plan.training.precision)); },
      Fields::tr("Number format of the matrix products.")));
  list.add(choice(
      "training.recompute", Fields::tr("recompute"),
      {"none", "selective", "full"}, // modules need a list beside them: the Changes tab takes it
      [](const PlannedRun &run) { return std::string(to_text(run.plan.training.recompute)); },
      Fields::tr("What is computed again in the backward pass to save memory.")));
  list.add(choice(
      "training.attention", Fields::tr("attention"), {"flash", "unfused"},
      [](const PlannedRun &run) {
        return std::string(run.plan.training.flash_attention ? "flash" : "unfused");
      },
      Fields::tr("Flash: one fused kernel that does not write the scores.")));
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
}

void add_run(FieldList &list) {
  list.group(Fields::tr("Run"));
  list.add(real(
               "run.goodput", Fields::tr("goodput"), 0.05, 1, {}, "",
               [](const PlannedRun &run) -> Number { return run.plan.run.goodput; },
               Fields::tr("Productive share of the held time: failures, restarts, waiting.")))
      .excludes = {"run.allocation"};
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
      "energy.pue", QStringLiteral("PUE"), 1, 3, {}, "",
      [](const PlannedRun &run) -> Number { return run.plan.energy.pue; },
      Fields::tr("Energy of the data centre for that of its servers.")));
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

FieldStatus field_status(const PlanField &field, const EstimatedPlan &plan,
                         const std::string &changes) {
  if (const auto value = changed_value(changes, field.key); value && !value->empty())
    return {FieldSource::changed, Fields::tr("changed here")};
  if (const InputValue *value = value_at(plan.written, field.key)) {
    const Place &place = value->place;
    return {
        FieldSource::in_plan,
        Fields::tr("in the plan, %1:%2").arg(QString::fromStdString(place.file)).arg(place.line)};
  }
  for (const Assumption &assumption : plan.run.plan.assumptions)
    if (assumption.key == field.key)
      return {FieldSource::by_default,
              QString::fromStdString(assumption.value + ": " + assumption.why)};
  const std::string table = field.key.substr(0, field.key.find('.'));
  for (const Assumption &assumption : plan.run.plan.assumptions)
    if (assumption.key == table)
      return {FieldSource::by_default, QString::fromStdString(assumption.why)};
  if (table == "model")
    return {FieldSource::preset,
            Fields::tr("from the preset %1").arg(QString::fromStdString(plan.run.plan.model.id))};
  if (table == "hardware")
    return {FieldSource::preset,
            Fields::tr("from the preset %1").arg(QString::fromStdString(plan.run.cluster.node.id))};
  if (table == "price")
    return {FieldSource::by_default, QString::fromStdString(plan.run.plan.price.description)};
  return {FieldSource::by_default, Fields::tr("not in the plan")};
}

std::string written_number(const PlanField &field, double value) {
  if (field.kind == FieldKind::integer)
    return fmt::format("{:.0f}", value);
  return fmt::format("{}", value) + field.unit;
}

} // namespace flopcast
