// SPDX-License-Identifier: Apache-2.0
#include "store/measured_runs.hpp"

#include "store/sqlite.hpp"

#include <fmt/format.h>

namespace flopcast {
namespace {

using namespace units;

// In the order of read_run() and add_measured_run().
constexpr auto columns = "id, source, date, split_group, framework, model, gpu, gpus, step_time_s, "
                         "tokens_per_s_per_gpu, peak_memory_bytes, mfu, parameters, tokens, "
                         "training_flop, loss_nats_per_token, settings";

template <class Dim>
std::optional<Quantity<Dim>> times(std::optional<double> number, Quantity<Dim> unit) {
  return number ? std::optional(*number * unit) : std::nullopt;
}

template <class Dim>
std::optional<double> in(const std::optional<Quantity<Dim>> &quantity, Quantity<Dim> unit) {
  return quantity ? std::optional(quantity->in(unit)) : std::nullopt;
}

constexpr TokenRatePerGpu tokens_per_second_per_gpu = token / second / gpu;

MeasuredRun read_run(const Database &database, SQLite::Statement &row) {
  int next = 0;
  const auto text = [&] { return row.getColumn(next++).getString(); };
  const auto number = [&] { return optional_number(row.getColumn(next++)); };
  MeasuredRun run;
  run.id = text();
  run.source = text();
  if (const auto date = optional_text(row.getColumn(next++)))
    run.date = date_of(database.path(), *date);
  run.split_group = text();
  run.framework = text();
  run.model = text();
  run.gpu = text();
  run.gpus = optional_integer(row.getColumn(next++));
  run.step_time = times(number(), second);
  run.token_rate = times(number(), tokens_per_second_per_gpu);
  run.peak_memory = times(number(), byte);
  run.mfu = number();
  run.parameters = number();
  run.tokens = times(number(), token);
  run.compute = times(number(), flop);
  run.loss = number();
  run.settings = fields_of_json(text());
  return run;
}

} // namespace

bool add_measured_run(const Database &database, const MeasuredRun &run) {
  return translated(database.path(), [&] {
    const std::string sql =
        fmt::format("INSERT INTO measured_run ({}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, "
                    "?, ?, ?, ?) "
                    "ON CONFLICT (id) DO NOTHING",
                    columns);
    const int added =
        execute(database, sql.c_str(), run.id, run.source, run.date, run.split_group, run.framework,
                run.model, run.gpu, run.gpus, in(run.step_time, second),
                in(run.token_rate, tokens_per_second_per_gpu), in(run.peak_memory, byte), run.mfu,
                run.parameters, in(run.tokens, token), in(run.compute, flop), run.loss,
                json_text(run.settings));
    if (added == 0 && find_measured_run(database, run.id) != run)
      throw StoreError(fmt::format("{}: holds another run \"{}\"; give this one an id of its own",
                                   database.path(), run.id));
    return added > 0;
  });
}

std::optional<MeasuredRun> find_measured_run(const Database &database, std::string_view id) {
  return translated(database.path(), [&]() -> std::optional<MeasuredRun> {
    const std::string sql = fmt::format("SELECT {} FROM measured_run WHERE id = ?", columns);
    auto row = prepared(database, sql.c_str(), id);
    if (!row.executeStep())
      return std::nullopt;
    return read_run(database, row);
  });
}

std::vector<MeasuredRun> measured_runs(const Database &database, const MeasuredRunQuery &query) {
  return translated(database.path(), [&] {
    const std::string sql =
        fmt::format("SELECT {} FROM measured_run WHERE (?1 IS NULL OR source = ?1) AND "
                    "(?2 IS NULL OR split_group = ?2) AND (?3 IS NULL OR framework = ?3) AND "
                    "(?4 IS NULL OR model = ?4) AND (?5 IS NULL OR gpu = ?5) AND "
                    "(?6 IS NULL OR gpus = ?6) ORDER BY number",
                    columns);
    std::vector<MeasuredRun> runs;
    for (auto row = prepared(database, sql.c_str(), query.source, query.split_group,
                             query.framework, query.model, query.gpu, query.gpus);
         row.executeStep();)
      runs.push_back(read_run(database, row));
    return runs;
  });
}

} // namespace flopcast
