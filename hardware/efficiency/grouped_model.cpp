// SPDX-License-Identifier: Apache-2.0
#include "hardware/efficiency/grouped_model.hpp"

namespace flopcast {

GroupedModel::GroupedModel() {
  // Grouped kernels do not split the depth: a cost that no product pays.
  product.split_cost = 1e9;
}

Seconds grouped_time(const GroupedModel &model, const DeviceRates &rates, const OperatorCall &call,
                     const ElementBytes &bytes) {
  const ProductSize size = product_size(call.shape);
  const double rows = size.rows + (call.uneven ? model.uneven_rows : 0.0);
  const auto product = [&](double m, double n, double k) {
    const ProductSize part{.batch = size.batch, .rows = m, .columns = n, .depth = k};
    return gemm_base_seconds(model.product, rates, part, bytes) * units::second;
  };
  if (call.pass == Pass::backward && call.kernels == 2)
    return product(rows, size.depth, size.columns) + product(size.depth, size.columns, rows);
  const Seconds first = product(rows, size.columns, size.depth);
  if (call.expert_width == 0)
    return first;
  const auto width = static_cast<double>(call.expert_width);
  const Bytes traffic = (size.batch * size.rows *
                             (size.depth * model.permuted_bytes + width * model.activated_bytes) +
                         static_cast<double>(call.tokens) * size.depth * model.token_bytes) *
                        units::byte;
  return model.layer_launch + first + product(rows, size.depth, width) +
         traffic / rates.memory_bandwidth;
}

bool in_measured_range(const GroupedModel &model, const OperatorCall &call) {
  const MatrixShape &from = model.product.measured_from;
  const MatrixShape &to = model.product.measured_to;
  return call.pass == Pass::forward && call.shape.batch >= from.batch &&
         call.shape.batch <= to.batch && in_measured_range(model.product, call.shape);
}

} // namespace flopcast
