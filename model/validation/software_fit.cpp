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
    {"host_experts", 2e-4, 0.5, 0, true},
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

/// One number that is fitted: log(constant / centre) of a family of editions, of one of them on top
/// of that, or of the family's runs on one architecture.
struct Parameter {
  const Prior *prior = nullptr;
  std::string edition;      ///< "": of all
  std::string architecture; ///< "": of all
  double spread = 0;
};

constexpr double residual_scale = 0.05; // of log(predicted / measured): what a good stack scatters

/// Cauchy's loss: a run that is off by more than so many scales, for what its table does not say,
/// pulls ever less.
constexpr double tail = 2.5;

double loss(double r) { return tail * tail * std::log1p(r * r / (tail * tail)); }

/// Its slope over that of the square.
double trust(double r) { return 1 / (1 + r * r / (tail * tail)); }

/// What is stated of each, by id.
using Editions = std::map<std::string, const SoftwarePreset *>;

/// The constants of all editions of one framework. Of the variance that a
/// stack may have around what is expected of any, editions share one half and have the other alone.
class FamilyFit {
public:
  /// `editions` may have some of which there is no run.
  FamilyFit(std::vector<const FittedRun *> runs, Editions editions, FittedMetric metric)
      : runs_(std::move(runs)), metric_(metric), editions_(std::move(editions)) {
    std::set<std::string> architectures;
    std::map<std::string, double> sizes;
    for (const FittedRun *run : runs_) {
      architectures.insert(run->planned.cluster.device.architecture);
      sizes[run->group] += 1;
      editions_.emplace(run->planned.rules->id, &run->planned.rules->software);
    }
    for (const FittedRun *run : runs_)
      weights_.push_back(1 / sizes[run->group]);
    for (const Prior &prior : priors_of(metric)) {
      std::vector<std::string> fitted;
      for (const auto &[edition, stated] : editions_)
        if (is_fitted(prior, *stated))
          fitted.push_back(edition);
      if (fitted.empty())
        continue;
      const double share = fitted.size() > 1 ? std::sqrt(0.5) : 1;
      parameters_.push_back({&prior, "", "", share * prior.spread});
      if (fitted.size() > 1)
        for (const std::string &edition : fitted)
          parameters_.push_back({&prior, edition, "", share * prior.spread});
      if (prior.by_architecture > 0 && architectures.size() > 1)
        for (const std::string &architecture : architectures)
          parameters_.push_back({&prior, "", architecture, prior.by_architecture});
    }
  }

  [[nodiscard]] SoftwarePresets fitted() const {
    const auto n = static_cast<Eigen::Index>(parameters_.size());
    Eigen::VectorXd x = Eigen::VectorXd::Zero(n);
    Eigen::VectorXd r = residuals(x);
    double cost = objective(r, x);
    double damping = 1e-2;
    constexpr int most_steps = 40;
    for (int step = 0; step < most_steps; ++step) {
      const Eigen::MatrixXd jacobian = slopes(x);
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
            return presets(x);
        } else {
          damping *= 4;
        }
      }
      if (!better)
        break;
    }
    return presets(x);
  }

private:
  [[nodiscard]] SoftwarePresets presets(const Eigen::VectorXd &x) const {
    SoftwarePresets result;
    for (const auto &[edition, stated] : editions_)
      result.emplace(edition, preset(edition, *stated, x));
    return result;
  }

  [[nodiscard]] SoftwarePreset preset(const std::string &edition, const SoftwarePreset &stated,
                                      const Eigen::VectorXd &x) const {
    // Constants that are not fitted stay.
    SoftwarePreset result = stated;
    const auto set = [&](const SoftwareConstant &constant, Software &software, double log_value) {
      constant.set(software,
                   std::exp(std::clamp(log_value, std::log(std::max(constant.lowest, 1e-9)),
                                       std::log(constant.highest))));
    };
    std::map<const Prior *, double> base; // logarithms
    for (std::size_t j = 0; j < parameters_.size(); ++j) {
      const Parameter &p = parameters_[j];
      if (p.architecture.empty() && is_fitted(*p.prior, stated) &&
          (p.edition.empty() || p.edition == edition))
        base.try_emplace(p.prior, std::log(p.prior->centre)).first->second +=
            x(static_cast<Eigen::Index>(j));
    }
    for (const auto &[prior, log_value] : base) {
      const SoftwareConstant &constant = constant_of(prior->key);
      set(constant, result.base, log_value);
      for (auto &[architecture, own] : result.by_architecture)
        constant.set(own, constant.of(result.base));
    }
    for (std::size_t j = 0; j < parameters_.size(); ++j) {
      const Parameter &p = parameters_[j];
      if (p.architecture.empty() || !is_fitted(*p.prior, stated))
        continue;
      Software &own = result.by_architecture.try_emplace(p.architecture, result.base).first->second;
      const SoftwareConstant &constant = constant_of(p.prior->key);
      set(constant, own, std::log(constant.of(result.base)) + x(static_cast<Eigen::Index>(j)));
    }
    return result;
  }

  [[nodiscard]] double residual(const FittedRun &run, const SoftwarePresets &presets) const {
    return std::log(predicted(run, metric_, presets) / run.measured) / residual_scale;
  }

  [[nodiscard]] Eigen::VectorXd residuals(const Eigen::VectorXd &x) const {
    const SoftwarePresets all = presets(x);
    Eigen::VectorXd r(static_cast<Eigen::Index>(runs_.size()));
    for (std::size_t i = 0; i < runs_.size(); ++i)
      r(static_cast<Eigen::Index>(i)) = residual(*runs_[i], all);
    return r;
  }

  [[nodiscard]] Eigen::MatrixXd slopes(const Eigen::VectorXd &x) const {
    constexpr double step = 0.02; // wide, since launches and kernels change places at kinks
    Eigen::MatrixXd jacobian =
        Eigen::MatrixXd::Zero(static_cast<Eigen::Index>(runs_.size()), x.size());
    for (Eigen::Index j = 0; j < x.size(); ++j) {
      const Parameter &p = parameters_[static_cast<std::size_t>(j)];
      Eigen::VectorXd moved = x;
      moved(j) = x(j) + step;
      const SoftwarePresets up = presets(moved);
      moved(j) = x(j) - step;
      const SoftwarePresets down = presets(moved);
      for (std::size_t i = 0; i < runs_.size(); ++i) {
        const FittedRun &run = *runs_[i];
        if ((p.edition.empty() || p.edition == run.planned.rules->id) &&
            (p.architecture.empty() || p.architecture == run.planned.cluster.device.architecture))
          jacobian(static_cast<Eigen::Index>(i), j) =
              (residual(run, up) - residual(run, down)) / (2 * step);
      }
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
  Editions editions_;
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
  Plan plan = run.planned.plan;
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

SoftwarePresets fit_software(std::span<const FittedRun> runs, FittedMetric metric,
                             std::span<const FrameworkRules> frameworks) {
  std::map<std::string, std::vector<const FittedRun *>> by_family;
  for (const FittedRun &run : runs)
    by_family[run.planned.rules->family].push_back(&run);
  SoftwarePresets presets;
  for (auto &[family, own] : by_family) {
    Editions editions;
    for (const FrameworkRules &rules : frameworks)
      if (rules.family == family)
        editions.emplace(rules.id, &rules.software);
    presets.merge(FamilyFit(std::move(own), std::move(editions), metric).fitted());
  }
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
