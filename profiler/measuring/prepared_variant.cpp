// SPDX-License-Identifier: Apache-2.0
#include "profiler/measuring/prepared_operator.hpp"

#include <cassert>

namespace flopcast {

void PreparedOperator::prepare_variant() {
  const std::int64_t rows = call_.shape.rows, columns = call_.shape.columns;
  const std::int64_t elements = rows * columns;
  const NumberFormat format = call_.format;
  switch (call_.variant) {
  case OperatorVariant::copy: {
    const Operand from = input(format, elements), to = result(format, elements);
    run_ = [=, this] { kernels_.copy(at(from), at(to)); };
    break;
  }
  case OperatorVariant::triad: {
    const Operand a = input(format, elements), b = input(format, elements),
                  to = result(format, elements);
    constexpr double factor = 3;
    run_ = [=, this] { kernels_.triad(at(a), at(b), factor, at(to)); };
    break;
  }
  case OperatorVariant::gated: {
    const Operand gates_and_values = input(format, 2 * elements);
    if (call_.pass == Pass::forward) {
      const Operand to = result(format, elements);
      run_ = [=, this] { kernels_.swiglu(rows, columns, at(gates_and_values), at(to)); };
      break;
    }
    const Operand gradient = input(format, elements), to = result(format, 2 * elements);
    run_ = [=, this] {
      kernels_.swiglu_backward(rows, columns, at(gates_and_values), at(gradient), at(to));
    };
    break;
  }
  case OperatorVariant::usual:
  case OperatorVariant::root_mean_square:
    assert(false); // why_not() names it, or it is no variant
    break;
  }
}

} // namespace flopcast
