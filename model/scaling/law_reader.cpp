// SPDX-License-Identifier: Apache-2.0
#include "model/scaling/law_reader.hpp"

#include "hardware/preset_fields.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace flopcast {
namespace {

/// Far outside anything that a law holds; catches what is no number of a law.
constexpr double most = 1e60;

/// FLOPs of the unit in which the law's file counts compute.
constexpr std::array<Spelled<double>, 2> compute_units{{
    {"FLOP", 1.0},
    {"PF-day", 8.64e19},
}};

struct LawReader {
  TableReader &root;
  double compute_unit = 1;

  double scaled(LawQuantity variable, double scale) const {
    return variable == LawQuantity::compute ? scale * compute_unit : scale;
  }

  LawConventions conventions() {
    TableReader table = root.table("conventions");
    LawConventions read;
    read.params = table.choice("params", params_convention_names()).value_or(read.params);
    read.compute = table.choice("compute", compute_convention_names()).value_or(read.compute);
    read.loss = table.choice("loss", loss_unit_names()).value_or(read.loss);
    read.tokenizer = table.text("tokenizer").value_or("");
    read.data = table.text("data").value_or("");
    compute_unit =
        table.choice("compute_unit", std::span<const Spelled<double>>(compute_units)).value_or(1);
    table.finish();
    return read;
  }

  LawRange range() {
    TableReader table = root.table("range");
    const auto bounds = [&](const std::string &what) {
      return Bounds{table.number(what + "_min", 0, most), table.number(what + "_max", 0, most)};
    };
    LawRange read{bounds("params"), bounds("tokens"), bounds("compute")};
    table.finish();
    return read;
  }

  std::optional<LawForm> form() {
    const auto name = root.text("form");
    if (!name)
      return std::nullopt;
    std::optional<LawForm> read = form_of_name(*name);
    if (!read) {
      std::vector<std::string> names;
      for (const std::string_view known : form_names())
        names.emplace_back(known);
      const std::string nearest = nearest_name(*name, names);
      root.report("form",
                  fmt::format("no form is called \"{}\"; {}", *name,
                              nearest.empty() ? "presets/README.md lists them"
                                              : fmt::format("did you mean \"{}\"?", nearest)));
      return std::nullopt;
    }
    if (auto *power = std::get_if<PowerForm>(&*read)) {
      if (!root.has("variable"))
        root.report_missing("variable", "params, tokens or compute");
      power->variable = root.choice("variable", law_variable_names()).value_or(LawVariable::params);
    }
    TableReader table = root.table("coefficients");
    std::vector<double> values;
    for (const Coefficient &coefficient : coefficients(*read)) {
      const std::string key(coefficient.letter);
      if (!table.has(key))
        table.report_missing(key, fmt::format("a number: the form is {}", form_formula(*read)));
      values.push_back(table.number(key, -most, most).value_or(0));
    }
    table.finish();
    read = with_coefficients(*read, values);
    if (auto *power = std::get_if<PowerForm>(&*read))
      if (power->variable == LawVariable::compute)
        power->scale *= compute_unit;
    return read;
  }

  LawUncertainty uncertainty(const std::optional<LawForm> &form) {
    LawUncertainty read;
    const std::vector<Coefficient> letters =
        form ? coefficients(*form) : std::vector<Coefficient>{};
    if (root.has("standard_errors")) {
      TableReader table = root.table("standard_errors");
      for (const Coefficient &coefficient : letters) {
        const std::string key(coefficient.letter);
        if (!table.has(key))
          table.report_missing(key, "the coefficient's standard error");
        read.standard_errors.push_back(table.number(key, 0, most).value_or(0));
      }
      table.finish();
    }
    TableReader table = root.table("uncertainty");
    read.residual_spread = table.number("residual_spread", 0, 10);
    read.basis = table.text("basis").value_or("");
    if (table.has("covariance")) {
      const std::vector<double> block = table.number_block("covariance");
      if (block.size() != letters.size() * letters.size())
        table.report("covariance", fmt::format("holds {} numbers; expected {} rows of {}",
                                               block.size(), letters.size(), letters.size()));
      else
        for (std::size_t row = 0; row < letters.size(); ++row) {
          const auto begin = block.begin() + static_cast<std::ptrdiff_t>(row * letters.size());
          read.covariance.emplace_back(begin, begin + static_cast<std::ptrdiff_t>(letters.size()));
        }
    }
    table.finish();
    return read;
  }

  [[nodiscard]] LawRelation relation(TableReader &table) const {
    LawRelation read;
    if (!table.has("result"))
      table.report_missing("result", "what the relation gives, such as \"params\"");
    read.result = table.choice("result", law_quantity_names()).value_or(LawQuantity::params);
    read.name = table.text("name").value_or("");
    read.note = table.text("note").value_or("");
    read.offset = table.number("offset", -most, most).value_or(0);
    read.coefficient = table.number("coefficient", -most, most).value_or(1);
    if (table.flag("exponents_alone").value_or(false))
      read.coefficient.reset();
    read.exponent_range = {table.number("exponent_low", -100, 100),
                           table.number("exponent_high", -100, 100)};
    const std::vector<std::string> variables = table.texts("variables");
    const std::vector<double> exponents = table.numbers("exponents", -100, 100);
    std::vector<double> scales(variables.size(), 1.0);
    if (table.has("scales"))
      scales = table.numbers("scales", 0, most);
    if (variables.empty() || exponents.size() != variables.size() ||
        scales.size() != variables.size())
      table.report("variables", "expected as many exponents, and scales if there are any, as "
                                "variables, and at least one");
    else
      for (std::size_t i = 0; i < variables.size(); ++i)
        append_factor(table, read, variables[i], scales[i], exponents[i]);
    table.finish();
    return read;
  }

  void append_factor(TableReader &table, LawRelation &read, const std::string &variable,
                     double scale, double exponent) const {
    for (const auto &[name, quantity] : law_quantity_names())
      if (name == variable) {
        read.factors.push_back({quantity, scaled(quantity, scale), exponent});
        return;
      }
    table.report("variables", fmt::format("no variable is called \"{}\"", variable));
  }
};

DownstreamError read_downstream(TableReader table) {
  const auto required = [&](const char *key) {
    if (!table.has(key))
      table.report_missing(key, "a number");
    return table.number(key, 0, most).value_or(0);
  };
  DownstreamError read{required("epsilon"), required("k"), required("gamma"),
                       table.text("tasks").value_or("")};
  table.finish();
  return read;
}

} // namespace

ScalingLaw read_law(const InputValue &root_value, const std::string &id, Diagnostics &diagnostics) {
  TableReader root(root_value, "", diagnostics);
  LawReader reader{root};
  ScalingLaw law;
  law.id = id;
  law.name = required_text(root, "name", "the law's full name");
  law.family = root.text("family").value_or(id);
  law.provenance = read_provenance(root);
  if (!root.has("status"))
    root.report_missing("status", "seen, computed, second-hand or unverified");
  law.status = root.choice("status", law_status_names()).value_or(LawStatus::unverified);
  law.unrounded = root.text("unrounded").value_or("");
  law.caveats = root.texts("caveats");
  (void)root.texts("unverified");
  (void)root.text("note");
  law.conventions = reader.conventions();
  law.range = reader.range();
  law.form = reader.form();
  law.uncertainty = reader.uncertainty(law.form);
  if (root.has("downstream"))
    law.downstream = read_downstream(root.table("downstream"));
  for (TableReader &table : root.tables("relations"))
    law.relations.push_back(reader.relation(table));
  if (!law.form && law.relations.empty() && !root.has("form"))
    root.report("form", "a law has a form with its coefficients, or [[relations]], or both");
  root.finish();
  return law;
}

ScalingLaw load_law(const PresetCatalog &catalog, const std::string &where) {
  const std::filesystem::path file = catalog.locate("laws", where);
  Diagnostics diagnostics;
  ScalingLaw law = read_law(load_toml(file.string()), file.stem().string(), diagnostics);
  diagnostics.throw_if_any();
  return law;
}

std::vector<ScalingLaw> load_laws(const PresetCatalog &catalog) {
  std::vector<ScalingLaw> laws;
  for (const std::string &id : catalog.ids("laws"))
    laws.push_back(load_law(catalog, catalog.path("laws", id).string()));
  return laws;
}

} // namespace flopcast
