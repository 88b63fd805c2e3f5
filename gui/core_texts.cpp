// SPDX-License-Identifier: Apache-2.0
#include "gui/core_texts.hpp"

#include <QCoreApplication>

#include <array>
#include <string>

namespace flopcast {

QString core_text(std::string_view text) {
  // Named here for lupdate, which finds no texts that come from another folder.
  [[maybe_unused]] static constexpr std::array known{
      QT_TRANSLATE_NOOP("Core", "Parameters"),
      QT_TRANSLATE_NOOP("Core", "Work"),
      QT_TRANSLATE_NOOP("Core", "Memory per GPU"),
      QT_TRANSLATE_NOOP("Core", "Time"),
      QT_TRANSLATE_NOOP("Core", "Throughput"),
      QT_TRANSLATE_NOOP("Core", "Cost"),
      QT_TRANSLATE_NOOP("Core", "Energy and carbon"),
      QT_TRANSLATE_NOOP("Core", "Assumptions"),
      QT_TRANSLATE_NOOP("Core", "cannot run"),
      QT_TRANSLATE_NOOP("Core", "nearest plan"),
      QT_TRANSLATE_NOOP("Core", "parameters"),
      QT_TRANSLATE_NOOP("Core", "active for a token"),
      QT_TRANSLATE_NOOP("Core", "in embeddings"),
      QT_TRANSLATE_NOOP("Core", "training tokens"),
      QT_TRANSLATE_NOOP("Core", "per token, attention full"),
      QT_TRANSLATE_NOOP("Core", "per token, attention causal"),
      QT_TRANSLATE_NOOP("Core", "model FLOPs, attention full"),
      QT_TRANSLATE_NOOP("Core", "model FLOPs, attention causal"),
      QT_TRANSLATE_NOOP("Core", "hardware FLOPs, recompute included"),
      QT_TRANSLATE_NOOP("Core", "6ND"),
      QT_TRANSLATE_NOOP("Core", "weights"),
      QT_TRANSLATE_NOOP("Core", "gradients"),
      QT_TRANSLATE_NOOP("Core", "optimizer and master weights"),
      QT_TRANSLATE_NOOP("Core", "activations"),
      QT_TRANSLATE_NOOP("Core", "buffers"),
      QT_TRANSLATE_NOOP("Core", "reserve"),
      QT_TRANSLATE_NOOP("Core", "total"),
      QT_TRANSLATE_NOOP("Core", "capacity"),
      QT_TRANSLATE_NOOP("Core", "compute"),
      QT_TRANSLATE_NOOP("Core", "recompute"),
      QT_TRANSLATE_NOOP("Core", "tensor parallel"),
      QT_TRANSLATE_NOOP("Core", "context parallel"),
      QT_TRANSLATE_NOOP("Core", "expert parallel"),
      QT_TRANSLATE_NOOP("Core", "pipeline messages"),
      QT_TRANSLATE_NOOP("Core", "data parallel"),
      QT_TRANSLATE_NOOP("Core", "pipeline bubble"),
      QT_TRANSLATE_NOOP("Core", "optimizer"),
      QT_TRANSLATE_NOOP("Core", "stated by the plan"),
      QT_TRANSLATE_NOOP("Core", "step"),
      QT_TRANSLATE_NOOP("Core", "micro-batches a step"),
      QT_TRANSLATE_NOOP("Core", "steps"),
      QT_TRANSLATE_NOOP("Core", "training"),
      QT_TRANSLATE_NOOP("Core", "checkpoint pauses"),
      QT_TRANSLATE_NOOP("Core", "wall clock"),
      QT_TRANSLATE_NOOP("Core", "productive GPU time"),
      QT_TRANSLATE_NOOP("Core", "GPU time held"),
      QT_TRANSLATE_NOOP("Core", "goodput"),
      QT_TRANSLATE_NOOP("Core", "MFU, attention full"),
      QT_TRANSLATE_NOOP("Core", "MFU, attention causal"),
      QT_TRANSLATE_NOOP("Core", "MFU by 6ND"),
      QT_TRANSLATE_NOOP("Core", "HFU"),
      QT_TRANSLATE_NOOP("Core", "model FLOP/s per GPU"),
      QT_TRANSLATE_NOOP("Core", "tokens per second and GPU"),
      QT_TRANSLATE_NOOP("Core", "price of GPU time"),
      QT_TRANSLATE_NOOP("Core", "total cost"),
      QT_TRANSLATE_NOOP("Core", "size of a checkpoint"),
      QT_TRANSLATE_NOOP("Core", "accelerators, productive"),
      QT_TRANSLATE_NOOP("Core", "accelerators, lost time"),
      QT_TRANSLATE_NOOP("Core", "accelerators, checkpoints"),
      QT_TRANSLATE_NOOP("Core", "energy"),
      QT_TRANSLATE_NOOP("Core", "CO2 equivalent"),
      QT_TRANSLATE_NOOP("Core", "in further prediction layers"),
      QT_TRANSLATE_NOOP("Core", "fragments"),
      QT_TRANSLATE_NOOP("Core", "waiting for the host"),
      QT_TRANSLATE_NOOP("Core", "software, once a step"),
      QT_TRANSLATE_NOOP("Core", "stragglers"),
      QT_TRANSLATE_NOOP("Core", "electricity"),
      QT_TRANSLATE_NOOP("Core", "checkpoint storage"),
      QT_TRANSLATE_NOOP("Core", "expected loss"),
      QT_TRANSLATE_NOOP("Core", "Quality"),
      QT_TRANSLATE_NOOP("Core", "in host memory, for each GPU"),
      QT_TRANSLATE_NOOP("Core", "offload to the host"),
      QT_TRANSLATE_NOOP("Core", "given"),
      QT_TRANSLATE_NOOP("Core", "measured"),
      QT_TRANSLATE_NOOP("Core", "calibrated"),
      QT_TRANSLATE_NOOP("Core", "fact"),
      QT_TRANSLATE_NOOP("Core", "computed"),
      QT_TRANSLATE_NOOP("Core", "default"),
      QT_TRANSLATE_NOOP("Core", "assumed"),
  };
  const std::string terminated(text);
  return QCoreApplication::translate("Core", terminated.c_str());
}

} // namespace flopcast
