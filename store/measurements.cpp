// SPDX-License-Identifier: Apache-2.0
#include "store/measurements.hpp"

#include "store/sqlite.hpp"

#include <fmt/format.h>

#include <array>
#include <cstdint>
#include <span>
#include <utility>

namespace flopcast {
namespace {

using namespace units;

constexpr std::array passes{Spelled<Pass>{"forward", Pass::forward},
                            Spelled<Pass>{"backward", Pass::backward}};
constexpr std::array cache_states{Spelled<CacheState>{"cold", CacheState::cold},
                                  Spelled<CacheState>{"warm", CacheState::warm}};

template <class E> std::string_view spelling(std::span<const Spelled<E>> names, E value) {
  for (const auto &[name, candidate] : names)
    if (candidate == value)
      return name;
  return "";
}

template <class E>
E spelled(const Database &database, std::span<const Spelled<E>> names, const std::string &text) {
  for (const auto &[name, value] : names)
    if (name == text)
      return value;
  throw StoreError(fmt::format("{}: holds an operator with \"{}\", which this Flopcast does not "
                               "know; update Flopcast",
                               database.path(), text));
}

std::string_view pass_text(Pass pass) { return spelling<Pass>(passes, pass); }
std::string_view cache_text(CacheState cache) { return spelling<CacheState>(cache_states, cache); }

// The columns of a session, in the order of read_session().
constexpr auto session_columns = "id, device, description, back_end, software, plan, started, "
                                 "finished";

MeasurementSession read_session(SQLite::Statement &row) {
  return {.id = row.getColumn(0).getString(),
          .device = row.getColumn(1).getString(),
          .description = fields_of_json(row.getColumn(2).getString()),
          .back_end = row.getColumn(3).getString(),
          .software = row.getColumn(4).getString(),
          .plan = row.getColumn(5).getString(),
          .started = std::chrono::sys_seconds(std::chrono::seconds(row.getColumn(6).getInt64())),
          .finished = row.getColumn(7).getInt() != 0};
}

MeasuredOperator read_operator(const Database &database, SQLite::Statement &row) {
  int next = 0;
  const auto text = [&] { return row.getColumn(next++).getString(); };
  const auto number = [&] { return row.getColumn(next++).getDouble(); };
  const auto integer = [&]() -> std::int64_t { return row.getColumn(next++).getInt64(); };
  const auto optional = [&] { return optional_number(row.getColumn(next++)); };
  MeasuredOperator measured;
  OperatorCall &call = measured.call;
  call.kind = spelled(database, operator_class_names(), text());
  call.pass = spelled<Pass>(database, passes, text());
  call.format = spelled(database, number_format_names(), text());
  call.flops = number() * flop;
  call.bytes = number() * byte;
  call.kernels = integer();
  call.shape.batch = integer();
  call.shape.rows = integer();
  call.shape.columns = integer();
  call.shape.depth = integer();
  call.causal = integer() != 0;
  call.expert_width = integer();
  call.tokens = integer();
  call.uneven = integer() != 0;
  measured.cache = spelled<CacheState>(database, cache_states, text());
  measured.median = number() * second;
  measured.relative_error = number();
  measured.runs = integer();
  measured.outliers = integer();
  measured.host = number() * second;
  measured.clock_hertz = optional();
  measured.power_watts = optional();
  measured.throttled = integer() != 0;
  measured.throttle_reasons = text();
  measured.unfused = integer() != 0;
  call.variant = spelled(database, operator_variant_names(), text());
  return measured;
}

} // namespace

bool add_session(const Database &database, const MeasurementSession &session) {
  return translated(database.path(), [&] {
    return execute(database,
                   "INSERT INTO measurement_session (id, device, description, back_end, software, "
                   "plan, started, finished) VALUES (?, ?, ?, ?, ?, ?, ?, ?) "
                   "ON CONFLICT (id) DO NOTHING",
                   session.id, session.device, json_text(session.description), session.back_end,
                   session.software, session.plan,
                   std::int64_t{session.started.time_since_epoch().count()}, session.finished) > 0;
  });
}

MeasurementSession start_session(const Database &database, MeasurementSession session) {
  session.id = translated(database.path(), [&] {
    return database.connection().execAndGet("SELECT lower(hex(randomblob(16)))").getString();
  });
  session.finished = false;
  add_session(database, session);
  return session;
}

std::optional<MeasurementSession> find_unfinished_session(const Database &database,
                                                          const MeasurementSession &like) {
  return translated(database.path(), [&]() -> std::optional<MeasurementSession> {
    const std::string sql =
        fmt::format("SELECT {} FROM measurement_session WHERE device = ? AND back_end = ? AND "
                    "software = ? AND plan = ? AND NOT finished ORDER BY started DESC, rowid DESC",
                    session_columns);
    auto row =
        prepared(database, sql.c_str(), like.device, like.back_end, like.software, like.plan);
    if (!row.executeStep())
      return std::nullopt;
    return read_session(row);
  });
}

std::vector<MeasurementSession> measurement_sessions(const Database &database) {
  return translated(database.path(), [&] {
    const std::string sql =
        fmt::format("SELECT {} FROM measurement_session ORDER BY started, rowid", session_columns);
    std::vector<MeasurementSession> sessions;
    for (auto row = prepared(database, sql.c_str()); row.executeStep();)
      sessions.push_back(read_session(row));
    return sessions;
  });
}

void finish_session(const Database &database, std::string_view session) {
  translated(database.path(), [&] {
    execute(database, "UPDATE measurement_session SET finished = 1 WHERE id = ?", session);
  });
}

std::string operator_key(const OperatorCall &call, CacheState cache) {
  TextFields fields{{"batch", std::to_string(call.shape.batch)},
                    {"bytes", key_number(call.bytes.in(byte))},
                    {"cache", std::string(cache_text(cache))},
                    {"causal", call.causal ? "true" : "false"},
                    {"columns", std::to_string(call.shape.columns)},
                    {"depth", std::to_string(call.shape.depth)},
                    {"expert_width", std::to_string(call.expert_width)},
                    {"flops", key_number(call.flops.in(flop))},
                    {"format", std::string(to_text(call.format))},
                    {"kernels", std::to_string(call.kernels)},
                    {"kind", std::string(to_text(call.kind))},
                    {"pass", std::string(pass_text(call.pass))},
                    {"rows", std::to_string(call.shape.rows)},
                    {"tokens", std::to_string(call.tokens)},
                    {"uneven", call.uneven ? "true" : "false"}};
  // Usual ones keep the key that they had before there were others.
  if (call.variant != OperatorVariant::usual)
    fields.emplace("variant", to_text(call.variant));
  return content_key(fields);
}

bool already_measured(const Database &database, std::string_view session, const OperatorCall &call,
                      CacheState cache) {
  return translated(database.path(), [&] {
    return prepared(database, "SELECT 1 FROM measured_operator WHERE session = ? AND key = ?",
                    session, operator_key(call, cache))
        .executeStep();
  });
}

bool add_measured_operator(const Database &database, std::string_view session,
                           const MeasuredOperator &measured) {
  const OperatorCall &call = measured.call;
  return translated(database.path(), [&] {
    return execute(
               database,
               "INSERT INTO measured_operator (session, key, kind, pass, format, flops, bytes, "
               "kernels, batch, shape_rows, shape_columns, depth, causal, expert_width, tokens, "
               "uneven, cache, median_s, relative_error, runs, outliers, host_s, clock_hz, "
               "power_w, throttled, throttle_reasons, unfused, variant) VALUES "
               "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, "
               "?) "
               "ON CONFLICT (session, key) DO NOTHING",
               session, operator_key(call, measured.cache), to_text(call.kind),
               pass_text(call.pass), to_text(call.format), call.flops.in(flop), call.bytes.in(byte),
               call.kernels, call.shape.batch, call.shape.rows, call.shape.columns,
               call.shape.depth, call.causal, call.expert_width, call.tokens, call.uneven,
               cache_text(measured.cache), measured.median.in(second), measured.relative_error,
               measured.runs, measured.outliers, measured.host.in(second), measured.clock_hertz,
               measured.power_watts, measured.throttled, measured.throttle_reasons,
               measured.unfused, to_text(call.variant)) > 0;
  });
}

std::vector<MeasuredOperator> measured_operators(const Database &database,
                                                 std::string_view session) {
  return translated(database.path(), [&] {
    std::vector<MeasuredOperator> operators;
    for (auto row = prepared(
             database,
             "SELECT kind, pass, format, flops, bytes, kernels, batch, shape_rows, "
             "shape_columns, depth, causal, expert_width, tokens, uneven, cache, "
             "median_s, relative_error, runs, outliers, host_s, clock_hz, power_w, throttled, "
             "throttle_reasons, unfused, variant "
             "FROM measured_operator WHERE session = ? ORDER BY number",
             session);
         row.executeStep();)
      operators.push_back(read_operator(database, row));
    return operators;
  });
}

} // namespace flopcast
