// SPDX-License-Identifier: Apache-2.0
#include "model/validation/software_fit.hpp"

#include "model/planning/estimate.hpp"
#include "model/validation/comparison.hpp"

#include <Eigen/Dense>

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <optional>
#include <set>

namespace flopcast {
namespace {

/// What is expected of a constant before any run is seen, and how far from it a stack may be: a
/// standard deviation of the logarithm.
struct Prior {
  std::string_view key;
  double centre = 1;
  double spread = 0;
  double by_architecture = 0; ///< the same between architectures of one stack; 0: does not differ
  bool where_stated = false;  ///< only in stacks whose preset has the constant
};

constexpr auto step_priors = std::to_array<Prior>({
    {"host_forward", 50e-6, 0.35, 0},
    {"host_backward", 40e-6, 0.35, 0},
    {"host_exchange", 30e-6, 1.0, 0},
    {"products", 1.08, 0.10, 0.08},
    {"experts", 1.15, 0.15, 0.08},
    // Tensor cores at half to a quarter of their rate.
    {"unaligned_products", 2.5, 0.3, 0, true},
    {"scores", 1.0, 0.3, 0},
    {"attention", 1.15, 0.25, 0.25},
    {"streams", 1.3, 0.35, 0.15},
    {"tensor_exchange", 1.15, 0.3, 0},
    {"exchange_overhead", 50e-6, 1.5, 0},
    {"gradient_exchange", 1.3, 0.4, 0},
    {"stage_exchange", 1.5, 0.7, 0},
    {"message_overhead", 300e-6, 1.5, 0},
    {"expert_exchange", 1.2, 0.4, 0},
    {"step_overhead", 4e-3, 1.2, 0},
    {"jitter", 0.006, 0.7, 0},
});

constexpr auto memory_priors = std::to_array<Prior>({
    {"weight_gradient_bytes", 3, 0.8, 0},
    {"logit_copies", 1, 0.8, 0},
    {"saved", 0.95, 0.2, 0},
    {"fragmentation", 0.05, 0.8, 0},
    {"context", 3e9, 0.5, 0.3},
});

std::span<const Prior> priors_of(FittedMetric metric) {
  return metric == FittedMetric::step_time ? std::span<const Prior>(step_priors)
                                           : std::span<const Prior>(memory_priors);
}

const SoftwareConstant &constant_of(std::string_view key) {
  return *std::ranges::find(software_constants(), key, &SoftwareConstant::key);
}

bool is_fitted(const Prior &prior, const SoftwarePreset &stated) {
  if (std::ranges::find(stated.fixed, prior.key) != stated.fixed.end())
    return false;
  const SoftwareConstant &constant = constant_of(prior.key);
  return !prior.where_stated || constant.of(stated.base) != constant.of(Software{});
}

/// One number that is fitted: log(constant / centre) of a framework, or of its runs on one
/// architecture on top of that.
struct Parameter {
  const Prior *prior = nullptr;
  std::string architecture; ///< "": of the framework
  double spread = 0;
};

constexpr double residual_scale = 0.05; // of log(predicted / measured): what a good stack scatters

/// Cauchy's loss: a run that is off by more than so many scales, for what its table does not say,
/// pulls ever less.
constexpr double tail = 2.5;

double loss(double r) { return tail * tail * std::log1p(r * r / (tail * tail)); }

/// Its slope over that of the square.
double trust(double r) { return 1 / (1 + r * r / (tail * tail)); }

class FrameworkFit {
public:
  FrameworkFit(std::vector<const FittedRun *> runs, FittedMetric metric)
      : runs_(std::move(runs)), metric_(metric) {
    std::set<std::string> architectures;
    std::map<std::string, double> sizes;
    for (const FittedRun *run : runs_) {
      architectures.insert(run->planned.cluster.device.architecture);
      sizes[run->group] += 1;
    }
    for (const FittedRun *run : runs_)
      weights_.push_back(1 / sizes[run->group]);
    const SoftwarePreset &stated = runs_.front()->planned.rules->software;
    for (const Prior &prior : priors_of(metric)) {
      if (!is_fitted(prior, stated))
        continue;
      parameters_.push_back({&prior, "", prior.spread});
      if (prior.by_architecture > 0 && architectures.size() > 1)
        for (const std::string &architecture : architectures)
          parameters_.push_back({&prior, architecture, prior.by_architecture});
    }
  }

  [[nodiscard]] SoftwarePreset fitted() const {
    const auto n = static_cast<Eigen::Index>(parameters_.size());
    Eigen::VectorXd x = Eigen::VectorXd::Zero(n);
    Eigen::VectorXd r = residuals(x);
    double cost = objective(r, x);
    double damping = 1e-2;
    constexpr int most_steps = 40;
    for (int step = 0; step < most_steps; ++step) {
      const Eigen::MatrixXd jacobian = slopes(x, r);
      Eigen::MatrixXd normal = Eigen::MatrixXd::Zero(n, n);
      Eigen::VectorXd gradient = Eigen::VectorXd::Zero(n);
      for (Eigen::Index i = 0; i < r.size(); ++i) {
        const double w = weights_[static_cast<std::size_t>(i)] * trust(r(i));
        normal += w * jacobian.row(i).transpose() * jacobian.row(i);
        gradient += w * r(i) * jacobian.row(i).transpose();
      }
      for (Eigen::Index j = 0; j < n; ++j) {
        const double pull = 1 / std::pow(parameters_[static_cast<std::size_t>(j)].spread, 2);
        normal(j, j) += pull;
        gradient(j) += pull * x(j);
      }
      bool better = false;
      for (int tries = 0; tries < 8 && !better; ++tries) {
        Eigen::MatrixXd damped = normal;
        damped.diagonal() *= 1 + damping;
        const Eigen::VectorXd next = x - damped.ldlt().solve(gradient);
        const Eigen::VectorXd next_r = residuals(next);
        const double next_cost = objective(next_r, next);
        if (next_cost < cost) {
          better = true;
          const double gain = cost - next_cost;
          x = next;
          r = next_r;
          cost = next_cost;
          damping = std::max(damping / 5, 1e-7);
          if (gain < 1e-5 * cost)
            return preset(x);
        } else {
          damping *= 4;
        }
      }
      if (!better)
        break;
    }
    return preset(x);
  }

private:
  [[nodiscard]] SoftwarePreset preset(const Eigen::VectorXd &x) const {
    // Constants that are not fitted stay.
    SoftwarePreset result = runs_.front()->planned.rules->software;
    const auto value = [&](const Parameter &parameter, double log_value) {
      const SoftwareConstant &constant = constant_of(parameter.prior->key);
      return std::clamp(log_value, std::log(std::max(constant.lowest, 1e-9)),
                        std::log(constant.highest));
    };
    for (std::size_t j = 0; j < parameters_.size(); ++j) {
      const Parameter &p = parameters_[j];
      if (!p.architecture.empty())
        continue;
      const SoftwareConstant &constant = constant_of(p.prior->key);
      const double fitted =
          std::exp(value(p, std::log(p.prior->centre) + x(static_cast<Eigen::Index>(j))));
      constant.set(result.base, fitted);
      for (auto &[architecture, own] : result.by_architecture)
        constant.set(own, fitted);
    }
    for (std::size_t j = 0; j < parameters_.size(); ++j) {
      const Parameter &p = parameters_[j];
      if (p.architecture.empty())
        continue;
      Software &own = result.by_architecture.try_emplace(p.architecture, result.base).first->second;
      const SoftwareConstant &constant = constant_of(p.prior->key);
      constant.set(own, std::exp(value(p, std::log(constant.of(result.base)) +
                                              x(static_cast<Eigen::Index>(j)))));
    }
    return result;
  }

  [[nodiscard]] Eigen::VectorXd residuals(const Eigen::VectorXd &x) const {
    const SoftwarePresets presets{{runs_.front()->planned.rules->id, preset(x)}};
    Eigen::VectorXd r(static_cast<Eigen::Index>(runs_.size()));
    for (std::size_t i = 0; i < runs_.size(); ++i)
      r(static_cast<Eigen::Index>(i)) =
          std::log(predicted(*runs_[i], metric_, presets) / runs_[i]->measured) / residual_scale;
    return r;
  }

  [[nodiscard]] Eigen::MatrixXd slopes(const Eigen::VectorXd &x, const Eigen::VectorXd &r) const {
    constexpr double step = 0.02; // wide, since launches and kernels change places at kinks
    Eigen::MatrixXd jacobian(r.size(), x.size());
    for (Eigen::Index j = 0; j < x.size(); ++j) {
      Eigen::VectorXd up = x;
      Eigen::VectorXd down = x;
      up(j) += step;
      down(j) -= step;
      jacobian.col(j) = (residuals(up) - residuals(down)) / (2 * step);
    }
    return jacobian;
  }

  [[nodiscard]] double objective(const Eigen::VectorXd &r, const Eigen::VectorXd &x) const {
    double sum = 0;
    for (Eigen::Index i = 0; i < r.size(); ++i)
      sum += weights_[static_cast<std::size_t>(i)] * loss(r(i));
    for (Eigen::Index j = 0; j < x.size(); ++j)
      sum += std::pow(x(j) / parameters_[static_cast<std::size_t>(j)].spread, 2);
    return sum;
  }

  std::vector<const FittedRun *> runs_;
  FittedMetric metric_;
  std::vector<double> weights_;
  std::vector<Parameter> parameters_;
};

} // namespace

int fold_of(const std::string &group, int folds) {
  std::uint64_t hash = 1469598103934665603U; // FNV-1a
  for (const char c : group)
    hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211U;
  return static_cast<int>((hash >> 20) % static_cast<std::uint64_t>(folds));
}

double predicted(const FittedRun &run, FittedMetric metric, const SoftwarePresets &presets) {
  Plan plan = run.planned.timed_plan;
  const auto found = presets.find(run.planned.rules->id);
  const SoftwarePreset &preset =
      found == presets.end() ? run.planned.rules->software : found->second;
  plan.training.software = preset.on(run.planned.cluster.device.architecture);
  plan.training.memory_reserve = plan.training.software.context;
  const Estimate estimated = estimate(plan, run.planned.cluster);
  return metric == FittedMetric::step_time
             ? estimated.step->time.total().in(units::second)
             : predicted_memory(run.memory_kind, *run.planned.rules, *estimated.step)
                   .in(units::byte);
}

SoftwarePresets fit_software(std::span<const FittedRun> runs, FittedMetric metric) {
  std::map<std::string, std::vector<const FittedRun *>> by_framework;
  for (const FittedRun &run : runs)
    by_framework[run.planned.rules->id].push_back(&run);
  SoftwarePresets presets;
  for (auto &[framework, own] : by_framework)
    presets.emplace(framework, FrameworkFit(std::move(own), metric).fitted());
  return presets;
}

SoftwarePreset expected_software(const SoftwarePreset &stated) {
  SoftwarePreset expected{.base = stated.base, .by_architecture = {}, .fixed = stated.fixed};
  for (const FittedMetric metric : {FittedMetric::step_time, FittedMetric::memory})
    for (const Prior &prior : priors_of(metric))
      if (is_fitted(prior, stated))
        constant_of(prior.key).set(expected.base, prior.centre);
  return expected;
}

} // namespace flopcast
