// SPDX-License-Identifier: Apache-2.0
#include "hardware/units/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <optional>
#include <span>

namespace flopcast {
namespace {

constexpr Exponents power_of(Base base, int power) {
  Exponents exponents{};
  exponents[static_cast<std::size_t>(base)] = power;
  return exponents;
}

enum class Prefixes { none, decimal, decimal_and_binary };

struct UnitName {
  std::string_view symbol;
  double scale;
  Exponents exponents;
  Prefixes prefixes;
};

constexpr double joules_per_watt_hour = 3600;
constexpr Exponents watt_exponents{0, 0, -1, 1, 0, 0, 0, 0};

constexpr std::array unit_names{
    UnitName{"FLOP", 1, power_of(Base::flop, 1), Prefixes::decimal},
    UnitName{"B", 1, power_of(Base::byte, 1), Prefixes::decimal_and_binary},
    UnitName{"byte", 1, power_of(Base::byte, 1), Prefixes::none},
    UnitName{"b", 0.125, power_of(Base::byte, 1), Prefixes::decimal},
    UnitName{"s", 1, power_of(Base::second, 1), Prefixes::decimal},
    UnitName{"min", 60, power_of(Base::second, 1), Prefixes::none},
    UnitName{"h", 3600, power_of(Base::second, 1), Prefixes::none},
    UnitName{"d", 86400, power_of(Base::second, 1), Prefixes::none},
    // One convention for a month, that of the clouds' price lists: 730 h.
    UnitName{"month", 730 * 3600.0, power_of(Base::second, 1), Prefixes::none},
    UnitName{"Hz", 1, power_of(Base::second, -1), Prefixes::decimal},
    UnitName{"J", 1, power_of(Base::joule, 1), Prefixes::decimal},
    UnitName{"W", 1, watt_exponents, Prefixes::decimal},
    UnitName{"Wh", joules_per_watt_hour, power_of(Base::joule, 1), Prefixes::decimal},
    UnitName{"USD", 1, power_of(Base::usd, 1), Prefixes::none},
    UnitName{"GPU", 1, power_of(Base::gpu, 1), Prefixes::none},
    UnitName{"token", 1, power_of(Base::token, 1), Prefixes::none},
    UnitName{"tokens", 1, power_of(Base::token, 1), Prefixes::none},
    UnitName{"g", 1, power_of(Base::gram, 1), Prefixes::decimal},
    UnitName{"t", 1e6, power_of(Base::gram, 1), Prefixes::none},
};

struct Prefix {
  std::string_view symbol;
  double scale;
};

constexpr std::array decimal_prefixes{
    Prefix{"p", 1e-12}, Prefix{"n", 1e-9}, Prefix{"u", 1e-6}, Prefix{"µ", 1e-6}, Prefix{"m", 1e-3},
    Prefix{"k", 1e3},   Prefix{"M", 1e6},  Prefix{"G", 1e9},  Prefix{"T", 1e12}, Prefix{"P", 1e15},
    Prefix{"E", 1e18},  Prefix{"Z", 1e21}, Prefix{"Y", 1e24},
};

constexpr std::array binary_prefixes{
    Prefix{"Ki", 1024.0},          Prefix{"Mi", 1048576.0},          Prefix{"Gi", 1073741824.0},
    Prefix{"Ti", 1099511627776.0}, Prefix{"Pi", 1125899906842624.0},
};

std::optional<AnyQuantity> with_prefix(std::string_view symbol, const UnitName &unit,
                                       std::span<const Prefix> prefixes) {
  for (const Prefix &prefix : prefixes)
    if (symbol.size() == prefix.symbol.size() + unit.symbol.size() &&
        symbol.starts_with(prefix.symbol) && symbol.ends_with(unit.symbol))
      return AnyQuantity{prefix.scale * unit.scale, unit.exponents};
  return std::nullopt;
}

std::optional<AnyQuantity> find_unit(std::string_view symbol) {
  for (const UnitName &unit : unit_names)
    if (symbol == unit.symbol)
      return AnyQuantity{unit.scale, unit.exponents};
  for (const UnitName &unit : unit_names) {
    if (unit.prefixes != Prefixes::none)
      if (auto found = with_prefix(symbol, unit, decimal_prefixes))
        return found;
    if (unit.prefixes == Prefixes::decimal_and_binary)
      if (auto found = with_prefix(symbol, unit, binary_prefixes))
        return found;
  }
  return std::nullopt;
}

/// text := ['/'] unit, unit := factor (('*' | '/') factor)*, factor := symbol | '(' unit ')'
class UnitParser {
public:
  explicit UnitParser(std::string_view text) : rest_(text) {}

  AnyQuantity parse_all() {
    AnyQuantity unit{.value = 1};
    // "5 /s": a rate without a numerator, as Hz is written out.
    if (accept('/'))
      combine(unit, factor(), -1);
    else
      unit = factor();
    multiply_rest(unit);
    skip_spaces();
    if (!rest_.empty())
      throw UnitError(fmt::format("unexpected \"{}\" in a unit", rest_));
    return unit;
  }

private:
  // A unit nests a level or two; the bound keeps a hostile text from exhausting the stack.
  static constexpr int max_depth = 8;

  void skip_spaces() {
    while (!rest_.empty() && rest_.front() == ' ')
      rest_.remove_prefix(1);
  }

  bool accept(char c) {
    skip_spaces();
    if (rest_.empty() || rest_.front() != c)
      return false;
    rest_.remove_prefix(1);
    return true;
  }

  void multiply_rest(AnyQuantity &result) {
    for (;;) {
      if (accept('*'))
        combine(result, factor(), 1);
      else if (accept('/'))
        combine(result, factor(), -1);
      else
        return;
    }
  }

  static void combine(AnyQuantity &result, const AnyQuantity &factor, int sign) {
    result.value = sign > 0 ? result.value * factor.value : result.value / factor.value;
    for (std::size_t i = 0; i < base_count; ++i) {
      result.exponents[i] += sign * factor.exponents[i];
      if (std::abs(result.exponents[i]) > 9)
        throw UnitError("a unit with a power above 9");
    }
  }

  AnyQuantity factor() {
    if (accept('(')) {
      if (++depth_ > max_depth)
        throw UnitError("too many brackets in a unit");
      AnyQuantity inner = factor();
      multiply_rest(inner);
      if (!accept(')'))
        throw UnitError("a bracket in a unit is not closed");
      --depth_;
      return inner;
    }
    skip_spaces();
    const std::size_t length = std::min(rest_.find_first_of(" */()"), rest_.size());
    const std::string_view symbol = rest_.substr(0, length);
    rest_.remove_prefix(length);
    if (symbol.empty())
      throw UnitError("a unit is missing");
    if (auto unit = find_unit(symbol))
      return *unit;
    throw UnitError(fmt::format("\"{}\" is no unit that Flopcast knows", symbol));
  }

  std::string_view rest_;
  int depth_ = 0;
};

/// How people write one dimension: steps in falling order, each with the value from which it
/// serves.
struct Scale {
  double unit;
  std::string_view symbol;
};

struct Spelling {
  Exponents exponents;
  std::string_view name;    ///< "a bandwidth"
  std::string_view example; ///< "900 GB/s"
  std::string_view base;    ///< text of the base unit, parseable
  std::span<const Scale> scales;
};

// Work is written as the literature writes it: 3.143e+23 FLOP.
constexpr std::array flop_scales{Scale{1, "FLOP"}};
constexpr std::array flop_rate_scales{Scale{1e15, "PFLOP/s"}, Scale{1e12, "TFLOP/s"},
                                      Scale{1e9, "GFLOP/s"}, Scale{1, "FLOP/s"}};
constexpr std::array byte_scales{Scale{1e15, "PB"}, Scale{1e12, "TB"}, Scale{1e9, "GB"},
                                 Scale{1e6, "MB"},  Scale{1e3, "kB"},  Scale{1, "B"}};
constexpr std::array bandwidth_scales{Scale{1e12, "TB/s"}, Scale{1e9, "GB/s"}, Scale{1e6, "MB/s"},
                                      Scale{1, "B/s"}};
constexpr std::array second_scales{Scale{86400, "d"}, Scale{3600, "h"},  Scale{1, "s"},
                                   Scale{1e-3, "ms"}, Scale{1e-6, "us"}, Scale{1e-9, "ns"}};
constexpr std::array joule_scales{Scale{3.6e12, "GWh"}, Scale{3.6e9, "MWh"}, Scale{3.6e6, "kWh"},
                                  Scale{1, "J"}};
constexpr std::array flop_energy_scales{Scale{1e-12, "pJ/FLOP"}};
constexpr std::array byte_energy_scales{Scale{1e-12, "pJ/B"}};
constexpr std::array watt_scales{Scale{1e6, "MW"}, Scale{1e3, "kW"}, Scale{1, "W"}};
constexpr std::array gpu_watt_scales{Scale{1e3, "kW/GPU"}, Scale{1, "W/GPU"}};
constexpr std::array usd_scales{Scale{1, "USD"}};
constexpr std::array gpu_scales{Scale{1, "GPU"}};
constexpr std::array gpu_time_scales{Scale{3600, "GPU*h"}};
constexpr std::array gpu_price_scales{Scale{1 / 3600.0, "USD/(GPU*h)"}};
constexpr std::array purchase_scales{Scale{1, "USD/GPU"}};
constexpr std::array token_scales{Scale{1e12, "e12 token"}, Scale{1e9, "e9 token"},
                                  Scale{1e6, "e6 token"}, Scale{1, "token"}};
constexpr std::array token_rate_scales{Scale{1, "token/s"}};
constexpr std::array gpu_token_rate_scales{Scale{1, "token/(s*GPU)"}};
constexpr std::array flop_per_token_scales{Scale{1e12, "TFLOP/token"}, Scale{1e9, "GFLOP/token"},
                                           Scale{1, "FLOP/token"}};
constexpr std::array mass_scales{Scale{1e6, "t"}, Scale{1e3, "kg"}, Scale{1, "g"}};
constexpr std::array energy_price_scales{Scale{1 / 3.6e6, "USD/kWh"}};
constexpr std::array carbon_scales{Scale{1 / 3.6e6, "g/kWh"}};
constexpr std::array storage_scales{Scale{1 / (1e9 * 730 * 3600.0), "USD/(GB*month)"}};
constexpr std::array frequency_scales{Scale{1e9, "GHz"}, Scale{1e6, "MHz"}, Scale{1, "Hz"}};

const std::array spellings{
    Spelling{FlopCount::dimension::exponents, "an amount of work", "3.14e23 FLOP", "FLOP",
             flop_scales},
    Spelling{FlopRate::dimension::exponents, "a rate of work", "312 TFLOP/s", "FLOP/s",
             flop_rate_scales},
    Spelling{Bytes::dimension::exponents, "an amount of data", "80 GB", "B", byte_scales},
    Spelling{Bandwidth::dimension::exponents, "a bandwidth", "900 GB/s", "B/s", bandwidth_scales},
    Spelling{Seconds::dimension::exponents, "a time", "10 us", "s", second_scales},
    Spelling{Joules::dimension::exponents, "an energy", "1.5 kWh", "J", joule_scales},
    Spelling{EnergyPerFlop::dimension::exponents, "an energy per FLOP", "0.8 pJ/FLOP", "J/FLOP",
             flop_energy_scales},
    Spelling{EnergyPerByte::dimension::exponents, "an energy per byte", "100 pJ/B", "J/B",
             byte_energy_scales},
    Spelling{Power::dimension::exponents, "a power", "400 W", "W", watt_scales},
    Spelling{PowerPerGpu::dimension::exponents, "a power per GPU", "700 W/GPU", "W/GPU",
             gpu_watt_scales},
    Spelling{Money::dimension::exponents, "an amount of money", "200000 USD", "USD", usd_scales},
    Spelling{GpuCount::dimension::exponents, "a number of GPUs", "8 GPU", "GPU", gpu_scales},
    Spelling{GpuTime::dimension::exponents, "a GPU time", "1000 GPU*h", "GPU*s", gpu_time_scales},
    Spelling{GpuPrice::dimension::exponents, "a price of GPU time", "2.10 USD/(GPU*h)",
             "USD/(GPU*s)", gpu_price_scales},
    Spelling{PurchasePrice::dimension::exponents, "a purchase price", "30000 USD/GPU", "USD/GPU",
             purchase_scales},
    Spelling{TokenCount::dimension::exponents, "a number of tokens", "300e9 token", "token",
             token_scales},
    Spelling{TokenRate::dimension::exponents, "a rate of tokens", "238300 token/s", "token/s",
             token_rate_scales},
    Spelling{TokenRatePerGpu::dimension::exponents, "a rate of tokens per GPU", "400 token/(s*GPU)",
             "token/(s*GPU)", gpu_token_rate_scales},
    Spelling{FlopPerToken::dimension::exponents, "work per token", "1.05e12 FLOP/token",
             "FLOP/token", flop_per_token_scales},
    Spelling{Mass::dimension::exponents, "a mass of CO2e", "120 kg", "g", mass_scales},
    Spelling{EnergyPrice::dimension::exponents, "a price of electricity", "0.08 USD/kWh", "USD/J",
             energy_price_scales},
    Spelling{CarbonIntensity::dimension::exponents, "a carbon intensity", "429 g/kWh", "g/J",
             carbon_scales},
    Spelling{StoragePrice::dimension::exponents, "a price of storage", "0.02 USD/(GB*month)",
             "USD/(B*s)", storage_scales},
    Spelling{Frequency::dimension::exponents, "a frequency", "1410 MHz", "Hz", frequency_scales},
};

const Spelling *find_spelling(const Exponents &exponents) {
  const auto *found = std::ranges::find(spellings, exponents, &Spelling::exponents);
  return found == spellings.end() ? nullptr : found;
}

/// For a dimension that has no spelling of its own: base units multiplied out.
std::string base_unit_text(const Exponents &exponents) {
  constexpr std::array<std::string_view, base_count> symbols{"FLOP", "B",   "s",     "J",
                                                             "USD",  "GPU", "token", "g"};
  std::string over;
  std::string under;
  for (std::size_t i = 0; i < base_count; ++i)
    for (int power = 0; power < std::abs(exponents[i]); ++power) {
      std::string &side = exponents[i] > 0 ? over : under;
      side += side.empty() ? "" : "*";
      side += symbols[i];
    }
  if (over.empty() && !under.empty())
    return fmt::format("/({})", under);
  return under.empty() ? over : fmt::format("{}/({})", over, under);
}

bool is_counted(const Exponents &exponents) {
  return exponents == Money::dimension::exponents || exponents == GpuCount::dimension::exponents ||
         exponents == GpuTime::dimension::exponents;
}

} // namespace

AnyQuantity parse_any_quantity(std::string_view text) {
  while (!text.empty() && text.front() == ' ')
    text.remove_prefix(1);
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || !std::isfinite(number))
    throw UnitError(fmt::format("\"{}\" does not begin with a finite number", text));
  std::string_view unit_text = text.substr(static_cast<std::size_t>(end - text.data()));
  while (!unit_text.empty() && unit_text.back() == ' ')
    unit_text.remove_suffix(1);
  if (unit_text.find_first_not_of(' ') == std::string_view::npos)
    return {number, Exponents{}};
  AnyQuantity unit = UnitParser(unit_text).parse_all();
  unit.value *= number;
  if (!std::isfinite(unit.value))
    throw UnitError(fmt::format("\"{}\" is too large", text));
  return unit;
}

std::string describe_dimension(const Exponents &exponents) {
  if (exponents == Exponents{})
    return "a plain number";
  if (const Spelling *spelling = find_spelling(exponents))
    return fmt::format("{} such as \"{}\"", spelling->name, spelling->example);
  return fmt::format("a quantity in {}", base_unit_text(exponents));
}

std::string exact_text(double base_value, const Exponents &exponents) {
  if (exponents == Exponents{})
    return fmt::format("{}", base_value);
  const Spelling *spelling = find_spelling(exponents);
  return fmt::format("{} {}", base_value,
                     spelling ? std::string(spelling->base) : base_unit_text(exponents));
}

std::string grouped_integer(double value) {
  std::string digits = fmt::format("{:.0f}", std::abs(value));
  for (auto position = static_cast<std::ptrdiff_t>(digits.size()) - 3; position > 0; position -= 3)
    digits.insert(static_cast<std::size_t>(position), 1, ',');
  return value < 0 && digits != "0" ? "-" + digits : digits;
}

std::string human_number(double value) {
  const double size = std::abs(value);
  if (size != 0 && (size >= 1e15 || size < 1e-3))
    return fmt::format("{:.4g}", value);
  if (size >= 1000)
    return grouped_integer(value);
  if (value == std::floor(value))
    return fmt::format("{:.0f}", value);
  return fmt::format("{:.4g}", value);
}

std::string human_text(double base_value, const Exponents &exponents) {
  if (exponents == Exponents{})
    return human_number(base_value);
  const Spelling *spelling = find_spelling(exponents);
  if (spelling == nullptr)
    return fmt::format("{:.4g} {}", base_value, base_unit_text(exponents));
  const Scale *scale = &spelling->scales.back();
  if (base_value == 0) // in the base unit: "0 s" and "0 B", neither "0 ns" nor "0 PB"
    if (const auto base = std::ranges::find(spelling->scales, 1.0, &Scale::unit);
        base != spelling->scales.end())
      scale = &*base;
  for (const Scale &candidate : spelling->scales)
    // A little above one, so that 36 h reads as hours and 60 h as days, but 1.0 s stays "1 s".
    if (std::abs(base_value) >= candidate.unit * (candidate.symbol == "d" ? 2 : 1)) {
      scale = &candidate;
      break;
    }
  const double number = base_value / scale->unit;
  if (scale->symbol.starts_with('e')) // a power of ten: "300e9 token"
    return fmt::format("{:.6g}{}", number, scale->symbol);
  if (is_counted(exponents) && std::abs(number) >= 100)
    return fmt::format("{} {}", grouped_integer(number), scale->symbol);
  if (std::abs(number) >= 1e5)
    return fmt::format("{:.4g} {}", number, scale->symbol);
  if (std::abs(number) >= 1000)
    return fmt::format("{} {}", grouped_integer(number), scale->symbol);
  return fmt::format("{:.4g} {}", number, scale->symbol);
}

} // namespace flopcast
