// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hardware/units/quantity.hpp"

#include <array>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace flopcast {

/// What a loss can depend on. Only the forms that ask for a member need it; evaluation throws
/// LawInputError where it is absent and has no neutral value.
struct LawPoint {
  double params = 0; ///< N, by the law's own convention
  TokenCount tokens; ///< D, processed in training
  std::optional<FlopCount> compute = std::nullopt;
  std::optional<TokenCount> unique_tokens = std::nullopt; ///< absent: no token is seen twice
  std::optional<double> experts = std::nullopt;           ///< absent: a dense model
  std::optional<double> granularity = std::nullopt;       ///< experts made finer by this factor
  std::optional<double> sparsity = std::nullopt;          ///< share of experts that rest
  std::optional<double> weight_bits = std::nullopt;       ///< absent: full precision
  std::optional<double> activation_bits = std::nullopt;
  std::optional<double> kv_bits = std::nullopt;
  std::optional<double> vocabulary_params = std::nullopt;
  std::optional<double> streams = std::nullopt; ///< parallel streams; absent: one
};

/// A point that a form cannot be evaluated at: what it needs and how to give it.
class LawInputError : public std::exception {
public:
  explicit LawInputError(std::string message) : message_(std::move(message)) {}
  [[nodiscard]] const char *what() const noexcept override { return message_.c_str(); }

private:
  std::string message_;
};

/// A coefficient of a form: its letter in the literature and where the form keeps it.
template <class Form> struct CoefficientOf {
  std::string_view letter;
  double Form::*member;
  bool positive = true; ///< sampled and fitted by its logarithm
};

/// L = E + A/N^alpha + B/D^beta. Source: Hoffmann et al. 2022, eq. 2.
struct AdditiveForm {
  double irreducible = 0;
  double params_scale = 0;
  double tokens_scale = 0;
  double params_exponent = 0;
  double tokens_exponent = 0;

  static constexpr std::string_view name = "additive";
  static constexpr std::string_view formula = "E + A/N^alpha + B/D^beta";
  static constexpr auto coefficients() {
    return std::array{CoefficientOf<AdditiveForm>{"E", &AdditiveForm::irreducible},
                      CoefficientOf<AdditiveForm>{"A", &AdditiveForm::params_scale},
                      CoefficientOf<AdditiveForm>{"B", &AdditiveForm::tokens_scale},
                      CoefficientOf<AdditiveForm>{"alpha", &AdditiveForm::params_exponent},
                      CoefficientOf<AdditiveForm>{"beta", &AdditiveForm::tokens_exponent}};
  }
};

/// The additive form over effective parameters and tokens, of which repeated data and parameters
/// beyond what the unique data ask for add ever less. Source: Muennighoff et al. 2023, eq. 5-7.
struct DataConstrainedForm {
  AdditiveForm base;
  double token_repeats = 0; ///< R_D*: repeats after which a repeated token has lost 1 - 1/e
  double param_excess = 0;  ///< R_N*

  static constexpr std::string_view name = "data_constrained";
  static constexpr std::string_view formula =
      "E + A/N'^alpha + B/D'^beta; D' = U + U R_D (1 - e^(-R/R_D)), N' alike with R_N";
};

/// L = [(N_c/N)^(alpha_N/alpha_D) + D_c/D]^alpha_D. Source: Kaplan et al. 2020, eq. 1.5.
struct CoupledForm {
  double params_scale = 0;
  double tokens_scale = 0;
  double params_exponent = 0;
  double tokens_exponent = 0;

  static constexpr std::string_view name = "coupled";
  static constexpr std::string_view formula = "[(N_c/N)^(alpha_N/alpha_D) + D_c/D]^alpha_D";
  static constexpr auto coefficients() {
    return std::array{CoefficientOf<CoupledForm>{"N_c", &CoupledForm::params_scale},
                      CoefficientOf<CoupledForm>{"D_c", &CoupledForm::tokens_scale},
                      CoefficientOf<CoupledForm>{"alpha_N", &CoupledForm::params_exponent},
                      CoefficientOf<CoupledForm>{"alpha_D", &CoupledForm::tokens_exponent}};
  }
};

/// L = E + (x_0/x)^alpha of one variable. Source: Henighan et al. 2020, eq. 1.1.
enum class LawVariable { params, tokens, compute };
struct PowerForm {
  LawVariable variable = LawVariable::params;
  double irreducible = 0;
  double scale = 0;
  double exponent = 0;

  static constexpr std::string_view name = "power";
  static constexpr std::string_view formula = "E + (x_0/x)^alpha";
  static constexpr auto coefficients() {
    return std::array{CoefficientOf<PowerForm>{"E", &PowerForm::irreducible},
                      CoefficientOf<PowerForm>{"x_0", &PowerForm::scale},
                      CoefficientOf<PowerForm>{"alpha", &PowerForm::exponent}};
  }
};

/// Err = a (C + d)^-b + c. Source: Zhai et al. 2021, eq. 1.
struct SaturatingForm {
  double scale = 0;
  double offset = 0;
  double exponent = 0;
  double irreducible = 0;

  static constexpr std::string_view name = "saturating";
  static constexpr std::string_view formula = "a (C + d)^-b + c";
  static constexpr auto coefficients() {
    return std::array{CoefficientOf<SaturatingForm>{"a", &SaturatingForm::scale},
                      CoefficientOf<SaturatingForm>{"d", &SaturatingForm::offset},
                      CoefficientOf<SaturatingForm>{"b", &SaturatingForm::exponent},
                      CoefficientOf<SaturatingForm>{"c", &SaturatingForm::irreducible}};
  }
};

/// log10 L = a log10 N + b log10 E^ + c log10 N log10 E^ + d, where the experts E count as
/// 1/E^ = 1/(E - 1 + (1/E_start - 1/E_max)^-1) + 1/E_max.
/// Source: Clark et al. 2022, eq. 2 and Table 3.
struct RoutedForm {
  double params_slope = 0;
  double experts_slope = 0;
  double interaction = 0;
  double intercept = 0;
  double experts_start = 0;
  double experts_max = 0;

  static constexpr std::string_view name = "routed";
  static constexpr std::string_view formula =
      "10^(a log N + b log E' + c log N log E' + d), E' = saturated number of experts";
  static constexpr auto coefficients() {
    return std::array{CoefficientOf<RoutedForm>{"a", &RoutedForm::params_slope, false},
                      CoefficientOf<RoutedForm>{"b", &RoutedForm::experts_slope, false},
                      CoefficientOf<RoutedForm>{"c", &RoutedForm::interaction, false},
                      CoefficientOf<RoutedForm>{"d", &RoutedForm::intercept, false},
                      CoefficientOf<RoutedForm>{"E_start", &RoutedForm::experts_start},
                      CoefficientOf<RoutedForm>{"E_max", &RoutedForm::experts_max}};
  }
};

/// L = c + (g/G^gamma + a)/N^alpha + b/D^beta. Source: Krajewski et al. 2024, eq. 9.
struct GranularForm {
  double irreducible = 0;
  double params_scale = 0;
  double granularity_scale = 0;
  double granularity_exponent = 0;
  double params_exponent = 0;
  double tokens_scale = 0;
  double tokens_exponent = 0;

  static constexpr std::string_view name = "granular";
  static constexpr std::string_view formula = "c + (g/G^gamma + a)/N^alpha + b/D^beta";
  static constexpr auto coefficients() {
    return std::array{CoefficientOf<GranularForm>{"c", &GranularForm::irreducible},
                      CoefficientOf<GranularForm>{"a", &GranularForm::params_scale},
                      CoefficientOf<GranularForm>{"g", &GranularForm::granularity_scale},
                      CoefficientOf<GranularForm>{"gamma", &GranularForm::granularity_exponent},
                      CoefficientOf<GranularForm>{"alpha", &GranularForm::params_exponent},
                      CoefficientOf<GranularForm>{"b", &GranularForm::tokens_scale},
                      CoefficientOf<GranularForm>{"beta", &GranularForm::tokens_exponent}};
  }
};

/// L = a/N^alpha + b/D^beta + c/(1-S)^lambda + d/((1-S)^delta N^gamma) + e, S the share of experts
/// that rest. Source: Abnar et al. 2025, eq. 6.
struct SparseForm {
  double irreducible = 0;
  double params_scale = 0;
  double params_exponent = 0;
  double tokens_scale = 0;
  double tokens_exponent = 0;
  double density_scale = 0;
  double density_exponent = 0;
  double mixed_scale = 0;
  double mixed_density_exponent = 0;
  double mixed_params_exponent = 0;

  static constexpr std::string_view name = "sparse";
  static constexpr std::string_view formula =
      "a/N^alpha + b/D^beta + c/(1-S)^lambda + d/((1-S)^delta N^gamma) + e";
  static constexpr auto coefficients() {
    return std::array{CoefficientOf<SparseForm>{"e", &SparseForm::irreducible},
                      CoefficientOf<SparseForm>{"a", &SparseForm::params_scale},
                      CoefficientOf<SparseForm>{"alpha", &SparseForm::params_exponent},
                      CoefficientOf<SparseForm>{"b", &SparseForm::tokens_scale},
                      CoefficientOf<SparseForm>{"beta", &SparseForm::tokens_exponent},
                      CoefficientOf<SparseForm>{"c", &SparseForm::density_scale},
                      CoefficientOf<SparseForm>{"lambda", &SparseForm::density_exponent, false},
                      CoefficientOf<SparseForm>{"d", &SparseForm::mixed_scale},
                      CoefficientOf<SparseForm>{"delta", &SparseForm::mixed_density_exponent},
                      CoefficientOf<SparseForm>{"gamma", &SparseForm::mixed_params_exponent}};
  }
};

/// The additive form over N (1 - e^(-P_w/gamma_w)) (1 - e^(-P_a/gamma_a)) (1 - e^(-P_kv/gamma_kv)),
/// for training in P bits. Source: Kumar et al. 2024, eq. 4.
struct PrecisionForm {
  double irreducible = 0;
  double params_scale = 0;
  double tokens_scale = 0;
  double params_exponent = 0;
  double tokens_exponent = 0;
  double weight_bits = 0;
  double activation_bits = 0;
  double kv_bits = 0;

  static constexpr std::string_view name = "precision";
  static constexpr std::string_view formula =
      "E + A/(N Prod(1 - e^(-P/gamma)))^alpha + B/D^beta over bits of weights, activations, KV";
  static constexpr auto coefficients() {
    return std::array{CoefficientOf<PrecisionForm>{"E", &PrecisionForm::irreducible},
                      CoefficientOf<PrecisionForm>{"A", &PrecisionForm::params_scale},
                      CoefficientOf<PrecisionForm>{"B", &PrecisionForm::tokens_scale},
                      CoefficientOf<PrecisionForm>{"alpha", &PrecisionForm::params_exponent},
                      CoefficientOf<PrecisionForm>{"beta", &PrecisionForm::tokens_exponent},
                      CoefficientOf<PrecisionForm>{"gamma_w", &PrecisionForm::weight_bits},
                      CoefficientOf<PrecisionForm>{"gamma_a", &PrecisionForm::activation_bits},
                      CoefficientOf<PrecisionForm>{"gamma_kv", &PrecisionForm::kv_bits}};
  }
};

/// L_u = -E + A1/N_nv^alpha1 + A2/N_v^alpha2 + B/D^beta, N_v the vocabulary's parameters; the loss
/// is relative to a unigram model's. Source: Tao et al. 2024, eq. 7.
struct VocabularyForm {
  double offset = 0;
  double params_scale = 0;
  double params_exponent = 0;
  double vocabulary_scale = 0;
  double vocabulary_exponent = 0;
  double tokens_scale = 0;
  double tokens_exponent = 0;

  static constexpr std::string_view name = "vocabulary";
  static constexpr std::string_view formula =
      "-E + A1/N_nv^alpha1 + A2/N_v^alpha2 + B/D^beta, unigram-normalised";
  static constexpr auto coefficients() {
    return std::array{CoefficientOf<VocabularyForm>{"E", &VocabularyForm::offset},
                      CoefficientOf<VocabularyForm>{"A1", &VocabularyForm::params_scale},
                      CoefficientOf<VocabularyForm>{"alpha1", &VocabularyForm::params_exponent},
                      CoefficientOf<VocabularyForm>{"A2", &VocabularyForm::vocabulary_scale},
                      CoefficientOf<VocabularyForm>{"alpha2", &VocabularyForm::vocabulary_exponent},
                      CoefficientOf<VocabularyForm>{"B", &VocabularyForm::tokens_scale},
                      CoefficientOf<VocabularyForm>{"beta", &VocabularyForm::tokens_exponent}};
  }
};

/// L = E + (A 1e9 / (N (k ln P + 1)))^alpha, P parallel streams. Source: Chen et al. 2025
/// (ParScale).
struct ParallelStreamsForm {
  double irreducible = 0;
  double params_scale = 0; ///< in billions of parameters
  double params_exponent = 0;
  double streams_gain = 0;

  static constexpr std::string_view name = "parallel_streams";
  static constexpr std::string_view formula = "E + (A 1e9 / (N (k ln P + 1)))^alpha";
  static constexpr auto coefficients() {
    return std::array{
        CoefficientOf<ParallelStreamsForm>{"E", &ParallelStreamsForm::irreducible},
        CoefficientOf<ParallelStreamsForm>{"A", &ParallelStreamsForm::params_scale},
        CoefficientOf<ParallelStreamsForm>{"alpha", &ParallelStreamsForm::params_exponent},
        CoefficientOf<ParallelStreamsForm>{"k", &ParallelStreamsForm::streams_gain}};
  }
};

/// Every form of a loss that there is.
using LawForm = std::variant<AdditiveForm, DataConstrainedForm, CoupledForm, PowerForm,
                             SaturatingForm, RoutedForm, GranularForm, SparseForm, PrecisionForm,
                             VocabularyForm, ParallelStreamsForm>;

/// "additive", as files and JSON spell the form.
[[nodiscard]] std::string_view form_name(const LawForm &form);
[[nodiscard]] std::string_view form_formula(const LawForm &form);

/// A form of that name with coefficients of zero. Empty if there is none.
[[nodiscard]] std::optional<LawForm> form_of_name(std::string_view name);
[[nodiscard]] std::vector<std::string_view> form_names();

/// A coefficient by its letter, in the order of the form.
struct Coefficient {
  std::string_view letter;
  double value = 0;
  bool positive = true; ///< by its logarithm it is sampled and fitted
};
[[nodiscard]] std::vector<Coefficient> coefficients(const LawForm &form);
/// The same form with these values, in the order of coefficients().
[[nodiscard]] LawForm with_coefficients(const LawForm &form, std::span<const double> values);

/// A loss with its derivatives by the logarithms of parameters and tokens, for first-order
/// conditions of allocation. With unique tokens given, repeats follow the tokens.
struct LossValue {
  double loss = 0;
  double by_log_params = 0;
  double by_log_tokens = 0;
};

/// Throws LawInputError if the point lacks what the form asks for.
[[nodiscard]] LossValue evaluate(const LawForm &form, const LawPoint &point);
[[nodiscard]] double loss(const LawForm &form, const LawPoint &point);

/// Whether the loss depends on both parameters and tokens, so that a budget can be divided.
[[nodiscard]] bool divides_budget(const LawForm &form);

/// The parameters that are optimal for so many unique tokens under the additive base of a
/// data-constrained law: what its U_N is capped by. Source: Muennighoff et al. 2023, appendix A.
[[nodiscard]] double params_for_unique_tokens(const AdditiveForm &base, TokenCount unique_tokens);

/// Parameters of a dense model with the loss of this routed one. Source: Clark et al. 2022, eq. 11.
[[nodiscard]] double effective_params(const RoutedForm &form, double params, double experts);

} // namespace flopcast
