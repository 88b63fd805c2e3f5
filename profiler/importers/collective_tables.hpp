// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hardware/efficiency/link_fit.hpp"
#include "profiler/importers/kernel_tables.hpp"

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace flopcast {

/// Collectives that were measured on one device with one software.
struct CollectiveTable {
  std::string device;   ///< as the source writes it; empty where it does not say
  std::string software; ///< e.g. "TRTLLM 2.27.3"; empty where the source does not say
  std::vector<CollectiveSample> samples;
  std::vector<SkippedRows> skipped;
};

/// Whether the header line is that of a table of collectives. Throws InputError if there is none.
[[nodiscard]] bool is_collective_table(std::string_view text, const std::string &file);

/// Reads measured collectives, one table for each device and software. The header line tells the
/// format; what its sizes count was settled by the bandwidth that they imply:
///  * aiconfigurator (… nccl_dtype, num_gpus, message_size, op_name, latency in ms): `message_size`
///    counts elements of the whole tensor, 2 bytes each for half, 1 for int8. So 512 MiB
///    all-reduced among 8 A100 come to 222 GB/s of bus bandwidth; as bytes they would come to 111
///    and half and int8 would differ by two.
///  * estimate-train-time (collective, source_file, elements, nodes, gpus_per_node, time_us): fp16;
///    `elements` counts the whole tensor of an all-reduce and the message point to point, but the
///    part of each rank in an all-gather: read so, its bus bandwidth between nodes is that of the
///    all-reduce (1.2 GB/s at 1 GPU a node of Perlmutter, on 2, 4 and 8 nodes); read as the whole
///    tensor it would be a half, a quarter, an eighth of it.
///  * vTrain (gpu, gpus, bytes, time_ns, bus_bandwidth_GBps): bytes of the whole tensor, one node;
///  its
///    own bandwidth column is 2(n-1)/n × bytes / time.
///  * flopcast-collect (device, software, collective, bytes, ranks, ranks_per_node, seconds): bytes
///  of
///    the data as Collective defines them.
/// Curves that cannot be measurements of the collective are skipped with the reason: those with a
/// rate that no link has, and dense ones that jump between neighbouring sizes.
/// Throws InputError, with file and line, for an unknown header or a malformed row.
[[nodiscard]] std::vector<CollectiveTable> parse_collective_tables(std::string_view text,
                                                                   const std::string &file);

/// The same for a file, plain or compressed by gzip.
[[nodiscard]] std::vector<CollectiveTable>
read_collective_tables(const std::filesystem::path &path);

} // namespace flopcast
