// SPDX-License-Identifier: Apache-2.0
#include "profiler/collector/tables.hpp"

#include <array>
#include <map>
#include <sstream>
#include <utility>

namespace flopcast {
namespace {

constexpr std::array step_columns{"id",
                                  "source",
                                  "source_url_or_repo_path",
                                  "source_ref",
                                  "seen_or_recalled",
                                  "licence",
                                  "record_kind",
                                  "framework",
                                  "model",
                                  "params",
                                  "params_active",
                                  "layers",
                                  "hidden",
                                  "heads",
                                  "kv_heads",
                                  "ffn",
                                  "vocab",
                                  "seq_len",
                                  "moe_experts",
                                  "moe_topk",
                                  "model_shape_origin",
                                  "gpu",
                                  "n_gpus",
                                  "gpus_per_node",
                                  "interconnect",
                                  "tp",
                                  "pp",
                                  "vpp",
                                  "cp",
                                  "ep",
                                  "dp",
                                  "zero_or_fsdp",
                                  "sequence_parallel",
                                  "micro_batch",
                                  "global_batch_seqs",
                                  "grad_accum",
                                  "recompute",
                                  "precision",
                                  "attention",
                                  "tokens_total",
                                  "step_time_s",
                                  "tflops_per_gpu",
                                  "tflops_kind",
                                  "mfu_pct",
                                  "hfu_pct",
                                  "tokens_per_s_per_gpu",
                                  "samples_per_s",
                                  "memory_gb",
                                  "memory_kind",
                                  "gpu_hours",
                                  "wall_clock_h",
                                  "cost_usd",
                                  "value_origin",
                                  "derived_step_time_s",
                                  "check_flag",
                                  "quality",
                                  "split_group",
                                  "notes",
                                  "core",
                                  "split"};

std::string text(double value) {
  std::ostringstream stream;
  stream.precision(9);
  stream << value;
  return stream.str();
}

/// Quoted if it holds what separates fields.
std::string field(const std::string &value) {
  if (value.find_first_of(",\"\n") == std::string::npos)
    return value;
  std::string quoted = "\"";
  for (const char c : value)
    quoted.append(c == '"' ? 2 : 1, c);
  return quoted + "\"";
}

std::string one_line(std::string value) {
  for (char &c : value)
    if (c == '\n' || c == '\r')
      c = ' ';
  return value;
}

} // namespace

GrowingTable::GrowingTable(const std::filesystem::path &path, const std::string &head,
                           int key_columns) {
  std::uintmax_t whole = 0; // bytes of lines that have their end: a last one without was cut off
  {
    std::ifstream before(path);
    for (std::string line; std::getline(before, line) && !before.eof();) {
      whole += line.size() + 1;
      std::size_t end = line.find(',');
      for (int column = 1; column < key_columns && end != std::string::npos; ++column)
        end = line.find(',', end + 1);
      if (end != std::string::npos)
        keys_.insert(line.substr(0, end));
    }
  }
  if (std::filesystem::exists(path))
    std::filesystem::resize_file(path, whole);
  file_.open(path, std::ios::app);
  if (!file_)
    throw MeasurementError(path.string() + " cannot be written");
  if (whole == 0)
    file_ << head << std::flush;
}

void GrowingTable::append(const std::string &row) {
  file_ << row << '\n' << std::flush;
  if (!file_)
    throw MeasurementError("a row could not be written: is the disk full?");
}

std::string sample_head(const DeviceDescription &device) {
  return "# device: " + one_line(device.name) + "\n# software: " + one_line(device.software) +
         "\noperator,pass,format,batch,rows,columns,depth,causal,flops,bytes,kernels,seconds,"
         "throttle\n";
}

std::string sample_key(const OperatorCall &call) {
  const MatrixShape &shape = call.shape;
  std::ostringstream row;
  row.precision(15);
  row << to_text(call.kind) << ',' << (call.pass == Pass::forward ? "forward" : "backward") << ','
      << to_text(call.format) << ',' << shape.batch << ',' << shape.rows << ',' << shape.columns
      << ',' << shape.depth << ',' << (call.causal ? 1 : 0) << ',' << call.flops.in(units::flop)
      << ',' << call.bytes.in(units::byte) << ',' << call.kernels;
  return row.str();
}

std::string sample_row(const MeasuredOperator &measured) {
  return sample_key(measured.call) + ',' + text(measured.median.in(units::second)) + ',' +
         field(measured.throttle_reasons);
}

std::string step_head() {
  std::string head;
  for (const char *const column : step_columns)
    head.append(head.empty() ? "" : ",").append(column);
  return head + '\n';
}

std::string step_key(const GptShape &shape, NumberFormat format) {
  return "gpt-" + std::to_string(shape.layers) + "x" + std::to_string(shape.hidden) + "-s" +
         std::to_string(shape.sequence) + "-b" + std::to_string(shape.micro_batch) + "-" +
         std::string(to_text(format));
}

std::string step_row(const MeasuredStep &step, const DeviceDescription &device) {
  const GptShape &shape = step.shape;
  constexpr double giga = 1e9;
  const double seconds = step.step.in(units::second);
  const std::string batch = std::to_string(shape.micro_batch);
  const std::map<std::string, std::string> values{
      {"id", step_key(shape, step.format)},
      {"source", "measured here"},
      {"seen_or_recalled", "seen"},
      {"record_kind", "step_benchmark"},
      {"framework", "Flopcast collector"},
      {"model", "GPT"},
      {"params", std::to_string(step.parameters)},
      {"layers", std::to_string(shape.layers)},
      {"hidden", std::to_string(shape.hidden)},
      {"heads", std::to_string(shape.heads)},
      {"kv_heads", std::to_string(shape.heads)},
      {"ffn", std::to_string(4 * shape.hidden)},
      {"vocab", std::to_string(shape.vocabulary)},
      {"seq_len", std::to_string(shape.sequence)},
      {"gpu", device.name},
      {"n_gpus", "1"},
      {"gpus_per_node", "1"},
      {"tp", "1"},
      {"pp", "1"},
      {"dp", "1"},
      {"micro_batch", batch},
      {"global_batch_seqs", batch},
      {"grad_accum", "1"},
      {"recompute", "none"},
      {"precision", std::string(to_text(step.format))},
      {"attention", "flash"},
      {"step_time_s", text(seconds)},
      {"tokens_per_s_per_gpu", text(static_cast<double>(shape.tokens()) / seconds)},
      {"samples_per_s", text(static_cast<double>(shape.micro_batch) / seconds)},
      {"memory_gb", text(static_cast<double>(step.allocated_bytes) / giga)},
      {"memory_kind", "allocated"},
      {"value_origin", "measured"},
      {"quality", "A"},
      {"notes",
       device.software + "; runs " + std::to_string(step.runs) + "; relative error " +
           text(step.relative_error) + "; kernels " + std::to_string(step.kernels) + "; busy " +
           text(step.busy.in(units::second)) + " s; host " + text(step.host.in(units::second)) +
           " s; forward " + text(step.forward.in(units::second)) + " s; backward " +
           text(step.backward.in(units::second)) + " s; optimizer " +
           text(step.optimizer.in(units::second)) + " s" + (step.throttled ? "; clocks fell" : "")},
      {"core", "1"}};
  std::string row;
  for (std::size_t i = 0; i < step_columns.size(); ++i) {
    const auto at = values.find(step_columns[i]);
    row.append(i == 0 ? "" : ",").append(at == values.end() ? "" : field(at->second));
  }
  return row;
}

} // namespace flopcast
