// SPDX-License-Identifier: Apache-2.0
#include "store/calibrations.hpp"

#include "hardware/calibration_file.hpp"
#include "store/sha256.hpp"
#include "store/sqlite.hpp"

#include <fmt/format.h>

#include <utility>

namespace flopcast {
namespace {

CalibrationRecord read_record(const Database &database, SQLite::Statement &row) {
  return {.id = row.getColumn(0).getString(),
          .device = row.getColumn(1).getString(),
          .date = date_of(database.path(), row.getColumn(2).getString()),
          .session = optional_text(row.getColumn(3)),
          .toml = row.getColumn(4).getString()};
}

} // namespace

CalibrationRecord calibration_record(const Calibration &calibration,
                                     std::optional<std::string> session) {
  return {.id = calibration.id,
          .device = calibration.device,
          .date = calibration.provenance.date,
          .session = std::move(session),
          .toml = calibration_toml(calibration)};
}

Calibration calibration_of(const CalibrationRecord &record, const Calibration &base) {
  Diagnostics diagnostics;
  const InputValue root =
      parse_toml(record.toml, fmt::format("calibration {} of the store", record.id));
  Calibration calibration = read_calibration(root, record.id, &base, diagnostics);
  diagnostics.throw_if_any();
  return calibration;
}

bool add_calibration(const Database &database, const CalibrationRecord &record) {
  return translated(database.path(), [&] {
    return execute(database,
                   "INSERT INTO calibration (key, id, device, date, session, toml) "
                   "VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (key) DO NOTHING",
                   sha256(record.toml), record.id, record.device, record.date, record.session,
                   record.toml) > 0;
  });
}

std::optional<CalibrationRecord> newest_calibration(const Database &database,
                                                    std::string_view device) {
  return translated(database.path(), [&]() -> std::optional<CalibrationRecord> {
    auto row = prepared(database,
                        "SELECT id, device, date, session, toml FROM calibration "
                        "WHERE device = ? ORDER BY date DESC, number DESC",
                        device);
    if (!row.executeStep())
      return std::nullopt;
    return read_record(database, row);
  });
}

std::vector<CalibrationRecord> calibrations(const Database &database) {
  return translated(database.path(), [&] {
    std::vector<CalibrationRecord> records;
    for (auto row = prepared(database, "SELECT id, device, date, session, toml FROM calibration "
                                       "ORDER BY number");
         row.executeStep();)
      records.push_back(read_record(database, row));
    return records;
  });
}

} // namespace flopcast
