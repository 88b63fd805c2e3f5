// SPDX-License-Identifier: Apache-2.0
#include "profiler/importers/collective_tables.hpp"

#include "hardware/input/diagnostic.hpp"
#include "profiler/importers/table_rows.hpp"
#include "profiler/importers/table_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <tuple>

namespace flopcast {
namespace {

constexpr double fp16_bytes = 2;

// No link of a GPU is as fast: NVLink 5 moves 900 GB/s each way. Faster rows timed a call that did
// not wait for its data.
constexpr auto impossible_rate = 2000.0 * units::gigabyte / units::second;

// A curve of at least this many sizes, hundreds an octave, must be smooth but for noise: a time is
// compared with the mean of those of its neighbours. The sound curves have a median of 0.1 to 7 %.
constexpr std::size_t dense_curve = 100;
constexpr double too_rough = 0.2;

/// Samples that differ only in their data, of one sweep.
using CurveKey = std::tuple<Collective, std::string, std::int64_t, std::int64_t>;

struct Curve {
  std::vector<CollectiveSample> samples;
};

class Builder {
public:
  void add(std::string_view device, std::string_view software, std::string_view sweep,
           const CollectiveSample &sample) {
    Device &at = devices_[{std::string(device), std::string(software)}];
    at[{sample.collective, std::string(sweep), sample.ranks, sample.ranks_per_node}]
        .samples.push_back(sample);
  }

  [[nodiscard]] std::vector<CollectiveTable> take() const {
    std::vector<CollectiveTable> tables;
    for (const auto &[name, curves] : devices_) {
      CollectiveTable table{
          .device = name.first, .software = name.second, .samples = {}, .skipped = {}};
      for (const auto &[key, curve] : curves) {
        if (const auto reason = fault_of(curve))
          table.skipped.push_back({fmt::format("{}, {} ranks, {} a node: {}", std::get<1>(key),
                                               std::get<2>(key), std::get<3>(key), *reason),
                                   static_cast<std::int64_t>(curve.samples.size())});
        else
          table.samples.insert(table.samples.end(), curve.samples.begin(), curve.samples.end());
      }
      tables.push_back(std::move(table));
    }
    return tables;
  }

private:
  using Device = std::map<CurveKey, Curve>;

  static std::optional<std::string> fault_of(const Curve &curve) {
    const auto impossible = std::ranges::count_if(curve.samples, [](const CollectiveSample &s) {
      const double share = ring_share(s.collective, static_cast<double>(s.ranks), 0);
      return share * s.data / s.time > impossible_rate;
    });
    if (impossible > 0)
      return fmt::format("{} of {} rows imply more than 2 TB/s, so the sweep did not wait for its "
                         "data",
                         impossible, curve.samples.size());
    if (curve.samples.size() < dense_curve)
      return std::nullopt;
    std::vector<CollectiveSample> sorted = curve.samples;
    std::ranges::sort(sorted, {}, &CollectiveSample::data);
    std::vector<double> jumps;
    for (std::size_t i = 1; i + 1 < sorted.size(); ++i) {
      const auto log_time = [&](std::size_t at) {
        return std::log(sorted[at].time.in(units::second));
      };
      jumps.push_back(std::abs(log_time(i) - (log_time(i - 1) + log_time(i + 1)) / 2));
    }
    std::ranges::sort(jumps);
    const double typical = jumps[jumps.size() / 2];
    if (typical > too_rough)
      return fmt::format("times jump by {:.0f} % between neighbouring sizes", 100 * typical);
    return std::nullopt;
  }

  std::map<std::pair<std::string, std::string>, Device> devices_;
};

Collective collective_of(const TableRows &rows, std::size_t column) {
  static const std::map<std::string_view, Collective> names{
      {"all_reduce", Collective::all_reduce},
      {"all_gather", Collective::all_gather},
      {"reduce_scatter", Collective::reduce_scatter},
      {"alltoall", Collective::all_to_all},
      {"all_to_all", Collective::all_to_all},
      {"broadcast", Collective::broadcast},
      {"p2p", Collective::point_to_point}};
  const auto found = names.find(rows.text(column));
  if (found == names.end())
    rows.fail(fmt::format("unknown collective \"{}\"; expected all_reduce, all_gather, "
                          "reduce_scatter, alltoall, broadcast or p2p",
                          rows.text(column)));
  return found->second;
}

double element_bytes(const TableRows &rows, std::size_t column) {
  static const std::map<std::string_view, double> widths{
      {"half", 2}, {"bfloat16", 2}, {"float", 4}, {"int8", 1}, {"fp8", 1}};
  const auto found = widths.find(rows.text(column));
  if (found == widths.end())
    rows.fail(fmt::format("unknown nccl_dtype \"{}\"; expected half, bfloat16, float, int8 or fp8",
                          rows.text(column)));
  return found->second;
}

void read_aiconfigurator(TableRows &rows, Builder &builder) {
  const auto kind = rows.column("op_name");
  const auto type = rows.column("nccl_dtype");
  const auto gpus = rows.column("num_gpus");
  const auto size = rows.column("message_size");
  const auto latency = rows.column("latency");
  const auto device = rows.find("device");
  const auto framework = rows.find("framework");
  const auto version = rows.find("version");
  while (rows.next()) {
    const std::int64_t ranks = rows.whole(gpus, 2);
    const double bytes = element_bytes(rows, type) * static_cast<double>(rows.whole(size, 1));
    builder.add(device ? rows.text(*device) : "",
                framework && version
                    ? fmt::format("{} {}", rows.text(*framework), rows.text(*version))
                    : std::string(),
                rows.text(kind),
                {.collective = collective_of(rows, kind),
                 .data = bytes * units::byte,
                 .ranks = ranks,
                 .ranks_per_node = ranks,
                 .time = rows.seconds(latency, 1e-3) * units::second});
  }
}

void read_estimate_train_time(TableRows &rows, Builder &builder) {
  const auto kind = rows.column("collective");
  const auto sweep = rows.column("source_file");
  const auto elements = rows.column("elements");
  const auto nodes = rows.column("nodes");
  const auto per_node = rows.column("gpus_per_node");
  const auto time = rows.column("time_us");
  while (rows.next()) {
    CollectiveSample sample;
    sample.collective = collective_of(rows, kind);
    sample.ranks_per_node = rows.whole(per_node, 1);
    sample.ranks = rows.whole(nodes, 1) * sample.ranks_per_node;
    if (sample.ranks < 2)
      rows.fail("nodes × gpus_per_node = 1; a collective has at least 2 ranks");
    const double parts =
        sample.collective == Collective::all_gather ? static_cast<double>(sample.ranks) : 1;
    sample.data = parts * fp16_bytes * static_cast<double>(rows.whole(elements, 1)) * units::byte;
    sample.time = rows.seconds(time, 1e-6) * units::second;
    builder.add("", "", rows.text(sweep), sample);
  }
}

void read_vtrain(TableRows &rows, Builder &builder) {
  const auto gpu = rows.column("gpu");
  const auto gpus = rows.column("gpus");
  const auto bytes = rows.column("bytes");
  const auto time = rows.column("time_ns");
  while (rows.next()) {
    const std::int64_t ranks = rows.whole(gpus, 2);
    builder.add(rows.text(gpu), "", "all_reduce",
                {.collective = Collective::all_reduce,
                 .data = static_cast<double>(rows.whole(bytes, 1)) * units::byte,
                 .ranks = ranks,
                 .ranks_per_node = ranks,
                 .time = rows.seconds(time, 1e-9) * units::second});
  }
}

/// What the collector writes.
void read_own(TableRows &rows, Builder &builder) {
  const auto device = rows.column("device"), software = rows.column("software");
  const auto kind = rows.column("collective"), data = rows.column("bytes");
  const auto ranks = rows.column("ranks"), in_node = rows.column("ranks_per_node");
  const auto seconds = rows.column("seconds");
  while (rows.next()) {
    const std::string_view name = rows.text(kind);
    std::optional<Collective> found;
    for (const auto &[written, collective] : collective_names())
      if (written == name)
        found = collective;
    if (!found)
      rows.fail(fmt::format("unknown collective \"{}\"", name));
    builder.add(rows.text(device), rows.text(software), name,
                {.collective = *found,
                 .data = static_cast<double>(rows.whole(data, 1)) * units::byte,
                 .ranks = rows.whole(ranks, 2),
                 .ranks_per_node = rows.whole(in_node, 1),
                 .time = rows.seconds(seconds, 1) * units::second});
  }
}

using Read = void (*)(TableRows &, Builder &);

/// The reader of tables with such a header; null where none is known.
Read reader_of(const TableRows &rows) {
  if (rows.find("message_size") && rows.find("nccl_dtype"))
    return read_aiconfigurator;
  if (rows.find("elements") && rows.find("gpus_per_node"))
    return read_estimate_train_time;
  if (rows.find("time_ns") && rows.find("gpus"))
    return read_vtrain;
  if (rows.find("collective") && rows.find("ranks_per_node"))
    return read_own;
  return nullptr;
}

} // namespace

bool is_collective_table(std::string_view text, const std::string &file) {
  return reader_of(TableRows(text, file)) != nullptr;
}

std::vector<CollectiveTable> parse_collective_tables(std::string_view text,
                                                     const std::string &file) {
  TableRows rows(text, file);
  Builder builder;
  if (const Read read = reader_of(rows))
    read(rows, builder);
  else
    rows.fail("the header is that of no known table of collectives: expected message_size and "
              "nccl_dtype (aiconfigurator), elements and gpus_per_node (estimate-train-time), "
              "time_ns and gpus (vTrain), or collective and ranks_per_node (flopcast-collect)");
  return builder.take();
}

std::vector<CollectiveTable> read_collective_tables(const std::filesystem::path &path) {
  return parse_collective_tables(table_text(path), path.string());
}

} // namespace flopcast
