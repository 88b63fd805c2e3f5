// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "model/scaling/fit/loss_form.hpp"

#include <Eigen/Core>

#include <map>
#include <string>
#include <vector>

namespace flopcast {

/// Logarithm of the loss that a form predicts for each of some runs, with derivatives by the free
/// parameters. Coefficients of free terms are taken at the runs' geometric means, ln A - alpha
/// mean(ln N), which lowers the condition number of a Chinchilla fit from 3465 to 59.
class TermModel {
public:
  /// `fixed`: natural values of parameters that are not fitted.
  TermModel(LossForm form, const std::vector<ScalingRun> &runs,
            const std::map<std::string, double, std::less<>> &fixed);

  [[nodiscard]] const LossForm &form() const { return form_; }
  [[nodiscard]] Eigen::Index runs() const { return static_cast<Eigen::Index>(offsets_.rows()); }
  [[nodiscard]] Eigen::Index free() const { return to_raw_.cols(); }
  /// Index into the form's parameters of each free one.
  [[nodiscard]] const std::vector<std::size_t> &free_parameters() const { return free_; }

  /// The same model of these runs alone, in this order; a run may come more than once.
  [[nodiscard]] TermModel of_runs(const std::vector<Eigen::Index> &chosen) const;

  /// Internal parameters of the whole form, from the free ones as the model has them, and back.
  [[nodiscard]] Eigen::VectorXd raw(const Eigen::VectorXd &theta) const;
  [[nodiscard]] Eigen::VectorXd from_raw(const Eigen::VectorXd &raw) const;
  [[nodiscard]] std::vector<double> natural(const Eigen::VectorXd &theta) const;
  /// d raw / d theta.
  [[nodiscard]] const Eigen::MatrixXd &raw_by_free() const { return to_raw_; }

  /// Sets the point at which the members below answer.
  void set(const Eigen::VectorXd &theta);
  [[nodiscard]] const Eigen::ArrayXd &log_loss() const { return log_loss_; }
  /// d ln L / d theta, a row a run.
  void jacobian(Eigen::MatrixXd &result);
  /// Adds the sum over runs of factor * second derivatives of ln L; `jacobian` is that of set().
  void add_curvature(const Eigen::ArrayXd &factor, const Eigen::MatrixXd &jacobian,
                     Eigen::MatrixXd &sum) const;
  /// Share of each term in the loss, a column a term.
  [[nodiscard]] const Eigen::ArrayXXd &shares() const { return shares_; }

private:
  /// d (log of a term) / d theta[parameter]: the column of features_, or 1 where there is none.
  struct Slope {
    Eigen::Index parameter;
    Eigen::Index column;
  };

  void lay_out_linear(const std::vector<ScalingRun> &runs, const std::vector<bool> &is_free);
  void set_curved();
  void evaluate_jets();

  LossForm form_;
  std::vector<ScalingRun> curved_runs_; ///< of a curved form alone
  std::vector<std::size_t> free_;
  Eigen::MatrixXd to_raw_; ///< raw = to_raw_ theta + raw_fixed_
  Eigen::VectorXd raw_fixed_;
  Eigen::ArrayXXd offsets_;  ///< of the terms' logarithms, from what is fixed
  Eigen::ArrayXXd features_; ///< the distinct slopes
  std::vector<std::vector<Slope>> slopes_;

  Eigen::VectorXd theta_;
  Eigen::ArrayXXd shares_;
  Eigen::ArrayXd log_loss_;
  mutable Eigen::ArrayXd scratch_;
  std::vector<Jet> jets_; ///< of a curved form: run by run, term by term
};

} // namespace flopcast
