// SPDX-License-Identifier: Apache-2.0
#include "model/planning/plan_graph.hpp"

#include "model/architecture/decoder_graph.hpp"

namespace flopcast {

OperatorGraph plan_graph(const Plan &plan) {
  const Decoder &decoder = plan.model.decoder;
  return decoder_graph(decoder, {.sequence_length = plan.data.sequence_length,
                                 .vocabulary = decoder.vocabulary,
                                 .flash_attention = plan.training.flash_attention,
                                 .dropout = plan.training.dropout});
}

} // namespace flopcast
