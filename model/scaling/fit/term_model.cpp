// SPDX-License-Identifier: Apache-2.0
#include "model/scaling/fit/term_model.hpp"

#include <fmt/format.h>

#include <cmath>
#include <utility>

namespace flopcast {

using Eigen::Index;

namespace {

Index signed_index(std::size_t i) { return static_cast<Index>(i); }

} // namespace

TermModel::TermModel(LossForm form, const std::vector<ScalingRun> &runs,
                     const std::map<std::string, double, std::less<>> &fixed)
    : form_(std::move(form)) {
  const std::size_t size = form_.parameters.size();
  std::vector<bool> is_free(size, true);
  raw_fixed_ = Eigen::VectorXd::Zero(signed_index(size));
  for (std::size_t j = 0; j < size; ++j) {
    const auto given = fixed.find(form_.parameters[j].name);
    if (given == fixed.end())
      continue;
    is_free[j] = false;
    raw_fixed_[signed_index(j)] = internal_value(form_.parameters[j], given->second);
  }
  for (std::size_t j = 0; j < size; ++j)
    if (is_free[j])
      free_.push_back(j);
  to_raw_ = Eigen::MatrixXd::Zero(signed_index(size), signed_index(free_.size()));
  for (std::size_t f = 0; f < free_.size(); ++f)
    to_raw_(signed_index(free_[f]), signed_index(f)) = 1;

  const auto rows = signed_index(runs.size());
  offsets_ = Eigen::ArrayXXd::Zero(rows, signed_index(form_.terms.size()));
  shares_ = offsets_;
  lay_out_linear(runs, is_free);
  if (form_.curved()) {
    curved_runs_ = runs;
    slopes_.clear();
  }
}

void TermModel::lay_out_linear(const std::vector<ScalingRun> &runs,
                               const std::vector<bool> &is_free) {
  const auto rows = signed_index(runs.size());
  std::vector<Index> free_index(is_free.size(), -1);
  for (std::size_t f = 0; f < free_.size(); ++f)
    free_index[free_[f]] = signed_index(f);
  std::vector<Eigen::ArrayXd> columns;
  for (std::size_t k = 0; k < form_.terms.size(); ++k) {
    const FormTerm &term = form_.terms[k];
    auto &slopes = slopes_.emplace_back();
    const Index own = free_index[term.coefficient];
    if (own >= 0)
      slopes.push_back({own, -1});
    else
      offsets_.col(signed_index(k)) += raw_fixed_[signed_index(term.coefficient)];
    for (const FormPower &factor : term.powers) {
      Eigen::ArrayXd column(rows);
      for (Index i = 0; i < rows; ++i)
        column[i] = factor.sign * factor.log_value(runs[static_cast<std::size_t>(i)]);
      const Index exponent = free_index[factor.exponent];
      if (exponent < 0) {
        offsets_.col(signed_index(k)) += raw_fixed_[signed_index(factor.exponent)] * column;
        continue;
      }
      if (own >= 0) {
        // The term's value at the geometric mean becomes the parameter: ln A = it + alpha mean.
        const double center = column.mean();
        column -= center;
        to_raw_(signed_index(term.coefficient), exponent) -= center;
      }
      slopes.push_back({exponent, signed_index(columns.size())});
      columns.push_back(std::move(column));
    }
  }
  features_.resize(rows, signed_index(columns.size()));
  for (std::size_t c = 0; c < columns.size(); ++c)
    features_.col(signed_index(c)) = columns[c];
}

TermModel TermModel::of_runs(const std::vector<Index> &chosen) const {
  TermModel result = *this;
  const auto rows = signed_index(chosen.size());
  result.offsets_.resize(rows, offsets_.cols());
  result.features_.resize(rows, features_.cols());
  result.shares_.resize(rows, shares_.cols());
  result.jets_.clear();
  result.curved_runs_.clear();
  for (Index i = 0; i < rows; ++i) {
    const Index from = chosen[static_cast<std::size_t>(i)];
    result.offsets_.row(i) = offsets_.row(from);
    result.features_.row(i) = features_.row(from);
    if (form_.curved())
      result.curved_runs_.push_back(curved_runs_[static_cast<std::size_t>(from)]);
  }
  return result;
}

Eigen::VectorXd TermModel::raw(const Eigen::VectorXd &theta) const {
  return to_raw_ * theta + raw_fixed_;
}

Eigen::VectorXd TermModel::from_raw(const Eigen::VectorXd &raw) const {
  // Exponents and scales are taken as they are; coefficients then give up their share of them.
  Eigen::VectorXd theta(free());
  for (Index f = 0; f < free(); ++f)
    theta[f] = raw[signed_index(free_[static_cast<std::size_t>(f)])];
  const Eigen::VectorXd shifted = this->raw(theta);
  for (Index f = 0; f < free(); ++f) {
    const auto j = signed_index(free_[static_cast<std::size_t>(f)]);
    theta[f] -= shifted[j] - raw[j];
  }
  return theta;
}

std::vector<double> TermModel::natural(const Eigen::VectorXd &theta) const {
  const Eigen::VectorXd internal = raw(theta);
  std::vector<double> values;
  values.reserve(form_.parameters.size());
  for (std::size_t j = 0; j < form_.parameters.size(); ++j)
    values.push_back(natural_value(form_.parameters[j], internal[signed_index(j)]));
  return values;
}

void TermModel::set(const Eigen::VectorXd &theta) {
  theta_ = theta;
  if (form_.curved()) {
    set_curved();
  } else {
    for (Index k = 0; k < offsets_.cols(); ++k) {
      auto term = shares_.col(k);
      term = offsets_.col(k);
      for (const Slope &slope : slopes_[static_cast<std::size_t>(k)])
        if (slope.column < 0)
          term += theta[slope.parameter];
        else
          term += theta[slope.parameter] * features_.col(slope.column);
    }
  }
  // Beyond e^±600 a sum of terms would leave the range of double; no loss lies there.
  shares_ = shares_.max(-600.0).min(600.0);
  for (Index k = 0; k < shares_.cols(); ++k) {
    const auto &slopes =
        slopes_.empty() ? std::vector<Slope>{} : slopes_[static_cast<std::size_t>(k)];
    const bool constant = !form_.curved() && slopes.size() <= 1 &&
                          (slopes.empty() || slopes.front().column < 0) && shares_.rows() > 0 &&
                          form_.terms[static_cast<std::size_t>(k)].powers.empty();
    if (constant)
      shares_.col(k) = std::exp(shares_(0, k));
    else
      shares_.col(k) = shares_.col(k).exp();
  }
  scratch_ = shares_.rowwise().sum();
  log_loss_ = scratch_.log();
  scratch_ = scratch_.inverse();
  for (Index k = 0; k < shares_.cols(); ++k)
    shares_.col(k) *= scratch_;
}

void TermModel::set_curved() {
  jets_.clear();
  const Eigen::VectorXd internal = raw(theta_);
  std::vector<double> logs(form_.terms.size());
  for (Index i = 0; i < runs(); ++i) {
    form_.curved_values(curved_runs_[static_cast<std::size_t>(i)],
                        {internal.data(), static_cast<std::size_t>(internal.size())}, logs);
    for (std::size_t k = 0; k < logs.size(); ++k)
      shares_(i, signed_index(k)) = std::isnan(logs[k]) ? 600.0 : logs[k];
  }
}

void TermModel::evaluate_jets() {
  const Eigen::VectorXd internal = raw(theta_);
  std::vector<Jet> parameters;
  for (Index j = 0; j < internal.size(); ++j) {
    parameters.emplace_back(internal[j], free());
    parameters.back().gradient = to_raw_.row(j).transpose();
  }
  const std::size_t terms = form_.terms.size();
  jets_.assign(static_cast<std::size_t>(runs()) * terms, Jet(0, free()));
  for (std::size_t i = 0; i < curved_runs_.size(); ++i)
    form_.curved_jets(curved_runs_[i], parameters, {jets_.data() + i * terms, terms});
}

void TermModel::jacobian(Eigen::MatrixXd &result) {
  result.setZero(runs(), free());
  if (form_.curved()) {
    evaluate_jets();
    for (Index i = 0; i < runs(); ++i)
      for (Index k = 0; k < shares_.cols(); ++k)
        result.row(i) +=
            shares_(i, k) *
            jets_[static_cast<std::size_t>(i * shares_.cols() + k)].gradient.transpose();
    return;
  }
  for (Index k = 0; k < shares_.cols(); ++k)
    for (const Slope &slope : slopes_[static_cast<std::size_t>(k)])
      if (slope.column < 0)
        result.col(slope.parameter).array() += shares_.col(k);
      else
        result.col(slope.parameter).array() += shares_.col(k) * features_.col(slope.column);
}

void TermModel::add_curvature(const Eigen::ArrayXd &factor, const Eigen::MatrixXd &jacobian,
                              Eigen::MatrixXd &sum) const {
  // ln of a sum of exponentials: the mean of the terms' second moments less the square of the mean.
  for (Index a = 0; a < free(); ++a)
    for (Index b = 0; b <= a; ++b) {
      const double square = (factor * jacobian.col(a).array() * jacobian.col(b).array()).sum();
      sum(a, b) -= square;
      if (a != b)
        sum(b, a) -= square;
    }
  if (form_.curved()) {
    for (Index i = 0; i < runs(); ++i)
      for (Index k = 0; k < shares_.cols(); ++k) {
        const Jet &z = jets_[static_cast<std::size_t>(i * shares_.cols() + k)];
        sum += factor[i] * shares_(i, k) * (z.hessian + z.gradient * z.gradient.transpose());
      }
    return;
  }
  for (Index k = 0; k < shares_.cols(); ++k) {
    const auto &slopes = slopes_[static_cast<std::size_t>(k)];
    scratch_ = factor * shares_.col(k);
    for (const Slope &one : slopes)
      for (const Slope &other : slopes) {
        double product = 0;
        if (one.column < 0 && other.column < 0)
          product = scratch_.sum();
        else if (one.column < 0 || other.column < 0)
          product = (scratch_ * features_.col(std::max(one.column, other.column))).sum();
        else
          product = (scratch_ * features_.col(one.column) * features_.col(other.column)).sum();
        sum(one.parameter, other.parameter) += product;
      }
  }
}

} // namespace flopcast
