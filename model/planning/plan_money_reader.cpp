// SPDX-License-Identifier: Apache-2.0
#include "hardware/preset_fields.hpp"
#include "hardware/price.hpp"
#include "hardware/units/text.hpp"
#include "model/planning/plan_fields.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace flopcast {
namespace {

using namespace units;

// Share of a cluster's time that its jobs really train; Llama 3 405B reports above 90 %.
constexpr double usual_goodput = 0.9;
// Four years: what servers bought since 2021 are written off over. Source: Epoch AI, cost script.
constexpr auto usual_lifetime = 4 * 365.0 * day;
constexpr double usual_pue = 1.25;
constexpr std::string_view usual_grid = "USA";
constexpr std::string_view usual_electricity_region = "US average industrial";

constexpr auto most_price = 1e6 * usd / gpu_hour;

/// The range of what providers ask, with the price that was taken inside.
void set_range(PriceTerms &price, const std::vector<PriceQuote> &quotes, const PriceQuery &query) {
  const auto typical = typical_rent(quotes, query);
  if (!price.rent || !typical || typical->providers < 2)
    return;
  price.rent_low = std::min(typical->low, *price.rent);
  price.rent_high = std::max(typical->high, *price.rent);
}

/// Looks the price up that the table describes; without one the typical rent.
void look_price_up(PlanReading &reading, TableReader &table) {
  PriceTerms &price = reading.run.plan.price;
  const std::string &gpu_id = reading.run.cluster.device.id;
  PriceQuery query{.gpu = gpu_id,
                   .provider = table.text("provider"),
                   .region = table.text("region"),
                   .kind = table.choice("kind", price_kind_names()),
                   .on_or_before = table.date("date")};
  if (gpu_id.empty())
    return; // the GPU itself was not understood, and said so
  const std::vector<PriceQuote> quotes = load_prices(reading.catalog);
  const bool asked = query.provider || query.region || query.kind || query.on_or_before;
  if (asked) {
    const std::string_view key = query.provider ? "provider"
                                 : query.region ? "region"
                                 : query.kind   ? "kind"
                                                : "date";
    if (!query.kind) {
      query.kind = PriceKind::on_demand;
      reading.log.defaulted("price.kind", "on_demand", "the kind that needs no commitment");
    }
    const auto quote = newest_quote(quotes, query);
    if (!quote) {
      table.report(key, fmt::format("no price of {} answers this; \"flopcast presets search "
                                    "prices {}\" lists what is known, or give price.rate",
                                    gpu_id, gpu_id));
      return;
    }
    price.rent = quote->rent;
    price.purchase = quote->purchase;
    price.origin = Origin::fact;
    price.description = fmt::format(
        "{} {} {}{}, {} ({})", quote->provider,
        quote->instance.empty() ? quote->gpu_name : quote->instance, to_text(quote->kind),
        quote->region.empty() ? "" : " in " + quote->region, to_text(quote->date), quote->source);
    if (!query.provider) // else the offer is chosen
      set_range(price, quotes, query);
    return;
  }
  if (const auto typical = typical_rent(quotes, gpu_id)) {
    price.rent = typical->rate;
    price.description =
        fmt::format("median of the newest on-demand prices of {} providers, {} to {}",
                    typical->providers, to_text(typical->oldest), to_text(typical->newest));
    query.kind = PriceKind::on_demand;
    set_range(price, quotes, query);
    reading.log.defaulted("price.rate", human_text(*price.rent), price.description);
  } else {
    price.description = "no price of this GPU is known: costs leave the accelerators out";
    reading.log.assumed("price.rate", human_text(GpuPrice{}), price.description);
    price.rent = GpuPrice{};
  }
}

} // namespace

void read_run_conditions(PlanReading &reading, TableReader table) {
  RunConditions &run = reading.run.plan.run;
  const auto goodput = table.number("goodput", 0.001, 1.0);
  run.goodput = goodput.value_or(usual_goodput);
  for (TableReader &allocation : table.tables("allocation")) {
    const auto gpus = allocation.integer("gpus", 1, 100'000'000);
    const auto duration = allocation.quantity("duration", 1e-6 * second, sane::most_time);
    if (!gpus && !allocation.has("gpus"))
      allocation.report_missing("gpus", "how many GPUs are held");
    if (!duration && !allocation.has("duration"))
      allocation.report_missing("duration", "for how long, such as \"1200 h\"");
    allocation.finish();
    run.allocations.push_back({gpus.value_or(1), duration.value_or(Seconds{})});
  }
  if (table.has("goodput") && !run.allocations.empty())
    table.report("goodput", "follows from the allocations; give one of them");
  else if (!table.has("goodput") && run.allocations.empty())
    reading.log.defaulted("run.goodput", fmt::format("{}", run.goodput),
                          "failures, restarts and waiting; Llama 3 405B reports above 0.9");
  run.checkpoint_interval = table.quantity("checkpoint_interval", 1.0 * second, sane::most_time);
  run.checkpoint_bandwidth =
      table.quantity("checkpoint_bandwidth", sane::least_bandwidth, sane::most_bandwidth);
  if (run.checkpoint_interval.has_value() != run.checkpoint_bandwidth.has_value())
    table.report(run.checkpoint_interval ? "checkpoint_interval" : "checkpoint_bandwidth",
                 "a checkpoint's pause needs both checkpoint_interval and checkpoint_bandwidth");
  else if (!run.checkpoint_interval)
    reading.log.defaulted("run.checkpoint_interval", "not given",
                          "pauses for checkpoints are part of the goodput");
  run.checkpoints_kept = table.integer("checkpoints_kept", 0, 1'000'000).value_or(1);
  table.finish();
}

void read_price(PlanReading &reading, TableReader table) {
  PriceTerms &price = reading.run.plan.price;
  const auto rate = table.quantity("rate", GpuPrice{}, most_price);
  const auto purchase = table.quantity("purchase", 0.0 * usd / gpu, 1e9 * usd / gpu);
  price.lifetime = table.quantity("lifetime", 1.0 * day, sane::most_time).value_or(usual_lifetime);
  price.storage = table.quantity("storage", StoragePrice{}, 1e6 * usd / (gigabyte * hour));
  const auto source = table.text("source");
  if (rate && purchase)
    table.report("rate", "is a rent, price.purchase a purchase; give one of them");
  if (table.has("rate") || table.has("purchase")) {
    price.rent = rate;
    price.purchase = purchase;
    price.origin = Origin::given;
    price.description = source.value_or("the plan's own price");
    for (const std::string_view key : {"provider", "region", "kind", "date"}) {
      // Said about an own price, these only describe it.
      (void)(key == "date" ? table.date(key).has_value() : table.text(key).has_value());
    }
  } else {
    look_price_up(reading, table);
  }
  if (price.purchase && !table.has("lifetime"))
    reading.log.defaulted("price.lifetime", human_text(price.lifetime),
                          "servers are written off over four years");
  table.finish();
}

void read_costs(PlanReading &reading, TableReader table, const InputValue &root) {
  const auto *plan = std::get_if<InputTable>(&root.data);
  const auto found = plan == nullptr ? InputTable::const_iterator{} : plan->find("cost");
  if (plan == nullptr || found == plan->end())
    return;
  const auto *items = std::get_if<InputTable>(&found->second.data);
  if (items == nullptr)
    return; // the reader has reported it
  for (const auto &[name, value] : *items) {
    TableReader item = table.table(name);
    CostItem cost{.name = name, .amount = std::nullopt, .share = std::nullopt};
    if (const auto label = item.text("name"))
      cost.name = *label;
    cost.amount = item.quantity("amount", -1e15 * usd, 1e15 * usd);
    cost.share = item.number("share", -1.0, 1000.0);
    if (item.has("amount") == item.has("share"))
      item.report(item.has("amount") ? "amount" : "share",
                  "expected one of amount, such as \"200000 USD\", and share, of the cost of "
                  "accelerator time");
    item.finish();
    reading.run.plan.cost_items.push_back(std::move(cost));
  }
}

namespace {

/// Own hardware pays for its electricity; rented hardware does not, unless the plan says so.
void read_electricity(PlanReading &reading, TableReader &table) {
  EnergyTerms &energy = reading.run.plan.energy;
  const bool own = reading.run.plan.price.purchase.has_value();
  energy.electricity = table.quantity("electricity", EnergyPrice{}, 1000.0 * usd / kilowatt_hour);
  if (energy.electricity && !own)
    reading.log.assumed("energy.electricity", human_text(*energy.electricity),
                        "paid on top of a rent, which usually holds it already");
  if (table.has("electricity") || !own)
    return;
  if (const auto usual = newest_electricity_price(load_electricity_prices(reading.catalog),
                                                  usual_electricity_region)) {
    energy.electricity = usual->price;
    reading.log.defaulted(
        "energy.electricity", human_text(usual->price),
        fmt::format("own hardware: {}, {} ({})", usual->region, usual->date, usual->source));
  }
}

} // namespace

namespace {

/// The power that the plan does not give: metered where the calibration knows it, else stated.
void find_power(PlanReading &reading) {
  EnergyTerms &energy = reading.run.plan.energy;
  const Cluster &cluster = reading.run.cluster;
  const ServerPower server = load_server_power(reading.catalog);
  energy.power = training_power(cluster, server);
  const NumberFormat format = reading.run.plan.training.precision;
  const auto model = device_power_model(cluster);
  const auto beside = power_beside_accelerator(cluster, server);
  const auto per_flop = model ? energy_per_flop(*model, format) : std::nullopt;
  if (per_flop && beside) {
    energy.beside_accelerator = beside;
    const std::string &metered = cluster.calibration.power->device;
    const std::string why = fmt::format(
        "{}: {}, {} in {}, {}, at most {}; the rest of the server {}",
        metered == cluster.device.id
            ? "metered on this GPU"
            : fmt::format("metered on {}, in proportion to the thermal design power", metered),
        human_text(model->idle), human_text(*per_flop), to_text(format),
        human_text(model->per_byte), human_text(model->limit), human_text(*beside));
    if (metered == cluster.device.id)
      reading.log.defaulted("energy.power_per_gpu", "by step", why);
    else
      reading.log.assumed("energy.power_per_gpu", "by step", why);
  } else if (energy.power) {
    reading.log.defaulted("energy.power_per_gpu", human_text(*energy.power),
                          cluster.node.maximum_power
                              ? "share of the node's maximum that training draws on average"
                              : "from the chip's thermal design power: server and average load");
  } else {
    reading.log.assumed("energy.power_per_gpu", "unknown",
                        "neither node nor device states a power: energy is left out");
  }
}

} // namespace

void read_energy(PlanReading &reading, TableReader table) {
  EnergyTerms &energy = reading.run.plan.energy;
  const Cluster &cluster = reading.run.cluster;
  energy.power = table.quantity("power_per_gpu", 0.1 * watt / gpu, 1e6 * watt / gpu);
  if (!table.has("power_per_gpu") && !cluster.device.id.empty())
    find_power(reading);
  const auto pue = table.number("pue", 1.0, 10.0);
  energy.pue = pue.value_or(cluster.node.pue.value_or(usual_pue));
  if (!table.has("pue"))
    reading.log.defaulted("energy.pue", fmt::format("{}", energy.pue),
                          "usual where such nodes stand");

  const auto intensity =
      table.quantity("carbon_intensity", CarbonIntensity{}, 1e5 * gram / kilowatt_hour);
  const auto region = table.text("region");
  if (region && table.has("carbon_intensity"))
    table.report("region", "looks up what carbon_intensity states; give one of them");
  if (intensity) {
    energy.carbon_intensity = *intensity;
  } else if (!table.has("carbon_intensity")) {
    const std::string wanted = region.value_or(std::string(usual_grid));
    const auto grid = find_grid(load_grids(reading.catalog), wanted);
    if (grid)
      energy.carbon_intensity = grid->intensity;
    else if (region)
      table.report("region", fmt::format("no carbon intensity of \"{}\" is known; \"flopcast "
                                         "presets search energy {}\" searches, or give "
                                         "energy.carbon_intensity",
                                         wanted, wanted));
    if (!region && grid)
      reading.log.defaulted("energy.region", wanted,
                            fmt::format("{}: mean of the United States, {}",
                                        human_text(grid->intensity), grid->date));
  }
  read_electricity(reading, table);
  table.finish();
}

} // namespace flopcast
