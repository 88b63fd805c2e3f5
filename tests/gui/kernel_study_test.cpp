// SPDX-License-Identifier: Apache-2.0
// Measured kernels beside predicted ones: what is read, chosen, drawn and told of them.
#include "gui/kernel_study.hpp"

#include "gui/charts/kernel_charts.hpp"
#include "gui/models/kernel_model.hpp"
#include "hardware/calibrated_range.hpp"
#include "hardware/presets/load.hpp"
#include "store/measurements.hpp"
#include "tests/cli/command_line_fixture.hpp"
#include "tests/gui/gui_fixture.hpp"
#include "tests/gui/kernel_files.hpp"

#include <gmock/gmock.h>

#include <QAbstractItemModelTester>

#include <algorithm>
#include <chrono>
#include <cmath>

namespace flopcast {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using namespace tests;
using namespace units;

/// 1 TB/s, of which a stated half is reached; no launch.
Device half_speed_device() {
  Device device;
  device.id = "half";
  device.name = "Half";
  device.memory_bandwidth = 1.0 * terabyte / second;
  return device;
}

Calibration half_speed() {
  Calibration calibration;
  calibration.id = "half";
  calibration.memory_efficiency = 0.5;
  return calibration;
}

/// Sums that move so many megabytes: 2 us each at half of 1 TB/s.
KernelSample sum(double megabytes, Seconds time) {
  KernelSample sample;
  sample.call.kind = OperatorClass::elementwise;
  sample.call.bytes = megabytes * megabyte;
  sample.call.shape = {.batch = 1,
                       .rows = static_cast<std::int64_t>(megabytes),
                       .columns = static_cast<std::int64_t>(1000 + megabytes),
                       .depth = 0};
  sample.time = time;
  return sample;
}

KernelStudy study_of(std::vector<KernelSample> samples) {
  MeasuredKernels measured;
  measured.file = "made.csv";
  measured.sets.push_back({"half", "", true, std::move(samples), {}});
  return kernel_study(measured, 0, half_speed_device(), half_speed(), shipped_session().catalog());
}

std::vector<std::uint32_t> numbers_to(std::size_t count) {
  std::vector<std::uint32_t> numbers(count);
  for (std::size_t i = 0; i < count; ++i)
    numbers[i] = static_cast<std::uint32_t>(i);
  return numbers;
}

TEST(KernelStudy, PutsPredictedBesideMeasuredTimes) {
  // 100 MB at 0.5 TB/s take 200 us, 1,000 MB 2 ms.
  const KernelStudy study = study_of({sum(100, 160.0 * microsecond), sum(1000, 4.0 * millisecond)});
  ASSERT_EQ(study.kernels.size(), 2U);
  EXPECT_NEAR(study.kernels[0].predicted.in(microsecond), 200, 1e-9);
  EXPECT_NEAR(study.kernels[0].error(), 0.25, 1e-12);
  EXPECT_NEAR(study.kernels[1].error(), -0.5, 1e-12);
  EXPECT_EQ(study.kernels[0].held_back, is_held_back(study.kernels[0].call));
}

TEST(KernelView, HoldsTheChosenKernels) {
  std::vector<KernelSample> samples;
  for (int i = 1; i <= 200; ++i)
    samples.push_back(sum(i, 100.0 * microsecond));
  samples[0].call.kind = OperatorClass::softmax;
  const KernelStudy study = study_of(samples);
  const auto held_back = std::ranges::count_if(
      samples, [](const KernelSample &sample) { return is_held_back(sample.call); });
  ASSERT_GT(held_back, 20) << "about a quarter";
  const auto chosen = [&](const KernelChoice &choice) {
    return kernel_view(study, choice, most_drawn).chosen.size();
  };
  EXPECT_EQ(chosen({std::nullopt, false}), 200U);
  EXPECT_EQ(chosen({std::nullopt, true}), static_cast<std::size_t>(held_back));
  EXPECT_EQ(chosen({KernelClass{OperatorClass::softmax}, false}), 1U);
  const auto &classes = study.classes;
  ASSERT_EQ(classes.size(), 2U);
  EXPECT_EQ(classes[0].kernels.kind, OperatorClass::elementwise) << "most kernels first";
  EXPECT_EQ(classes[0].count, 199U);
}

TEST(KernelView, ShowsAllWhereNothingWasHeldBack) {
  std::vector<KernelSample> samples;
  for (int i = 1; samples.size() < 5; ++i)
    if (KernelSample one = sum(i, 100.0 * microsecond); !is_held_back(one.call))
      samples.push_back(one);
  const KernelStudy study = study_of(samples);
  const KernelView view = kernel_view(study, {std::nullopt, true}, most_drawn);
  EXPECT_FALSE(view.choice.held_back);
  EXPECT_EQ(view.chosen.size(), 5U);
}

TEST(KernelView, ThinsManyKernelsButKeepsTheirOutline) {
  std::vector<KernelSample> samples;
  for (int i = 0; i < 100'000; ++i) {
    // A cloud of times, 10 % about the prediction.
    const double megabytes = 10 + (i * 7919) % 100'000;
    const double off = 1 + 0.1 * std::sin(12.9898 * i);
    samples.push_back(sum(megabytes, off * 2 * megabytes * microsecond));
  }
  samples[50'000].time = 30.0 * second; // far from all others
  const KernelStudy study = study_of(samples);
  const KernelView view = kernel_view(study, {std::nullopt, false}, most_drawn);
  EXPECT_EQ(view.chosen.size(), 100'000U);
  EXPECT_LE(view.drawn.size(), most_drawn);
  EXPECT_GT(view.drawn.size(), most_drawn / 3) << "a grid of 3/4 the cells leaves 9/16 at worst";
  EXPECT_NE(std::ranges::find(view.drawn, 50'000U), view.drawn.end()) << "the outlier";
  const auto is_drawn_once = [&](std::uint32_t i) {
    return std::ranges::count(view.drawn, i) == 1;
  };
  EXPECT_TRUE(std::ranges::all_of(view.drawn, is_drawn_once));
  const PlotData plot = agreement_chart(study, view);
  EXPECT_THAT(plot.title.toStdString(), HasSubstr("of 100,000 kernels"));
  EXPECT_EQ(plot.series.front().x.size(), view.drawn.size());
  EXPECT_TRUE(std::ranges::is_sorted(plot.series.front().x)) << "else some are not drawn";
}

TEST(AgreementChart, HasAPointForEachKernelAndTheLineWhereBothAgree) {
  const KernelStudy study = study_of({sum(100, 160.0 * microsecond), sum(1000, 4.0 * millisecond)});
  const PlotData plot = agreement_chart(study, {{std::nullopt, false}, {0, 1}, {0, 1}});
  EXPECT_EQ(plot.title, "Predicted: 2 kernels");
  ASSERT_EQ(plot.series.size(), 2U);
  EXPECT_EQ(plot.series[0].name, "elementwise, forward, bf16");
  EXPECT_NEAR(plot.series[0].y[0], 200, 1e-9);
  EXPECT_NEAR(plot.series[0].y[1], 2000, 1e-9);
  EXPECT_TRUE(plot.series[1].guide);
  EXPECT_EQ(plot.series[1].x, plot.series[1].y);
  EXPECT_NEAR(plot.series[1].x.front(), 160, 1e-9);
  EXPECT_NEAR(plot.series[1].x.back(), 4000, 1e-9);
  const auto table = plot_table(plot);
  ASSERT_EQ(table.size(), 3U) << "the line is no row";
  EXPECT_EQ(table[1], (QStringList{"160", "200"}));
}

TEST(ResidualChart, HasErrorsInPercent) {
  const KernelStudy study = study_of({sum(100, 160.0 * microsecond), sum(1000, 4.0 * millisecond)});
  const PlotData plot = residual_chart(study, {{std::nullopt, false}, {0, 1}, {0, 1}});
  ASSERT_EQ(plot.series.size(), 2U) << "a stated share knows no spread";
  EXPECT_NEAR(plot.series[0].y[0], 25, 1e-9);
  EXPECT_NEAR(plot.series[0].y[1], -50, 1e-9);
  EXPECT_TRUE(plot.series[1].guide);
  EXPECT_EQ(plot.series[1].y, (std::vector<double>{0, 0}));
}

TEST(ResidualChart, HasTheBandThatTheCalibrationExpects) {
  KernelStudy study = study_of({sum(100, 160.0 * microsecond), sum(1000, 4.0 * millisecond)});
  StreamModel &model =
      study.calibration.stream_of(OperatorClass::elementwise, Pass::forward).emplace();
  model.measured_from = {.batch = 1, .rows = 1, .columns = 1, .depth = 0};
  model.measured_to = {.batch = 1, .rows = 1 << 20, .columns = 1 << 20, .depth = 0};
  model.measured_to_bytes = 1.0 * terabyte;
  ClassErrors errors{.kind = OperatorClass::elementwise, .format = NumberFormat::bf16};
  errors.spread[1] = {.samples = 100, .p10 = -0.1, .p50 = 0, .p90 = 0.2};
  errors.spread[2] = {.samples = 100, .p10 = -0.02, .p50 = 0, .p90 = 0.03};
  study.calibration.errors.push_back(errors);
  const PlotData plot = residual_chart(study, {{std::nullopt, false}, {0, 1}, {0, 1}});
  ASSERT_EQ(plot.series.size(), 3U);
  const PlotSeries &band = plot.series[1];
  ASSERT_EQ(band.form, PlotSeries::Form::band);
  // From the first kernel's 160 us to the second's 4 ms, with a step where durations change class.
  ASSERT_EQ(band.x.size(), 4U);
  EXPECT_NEAR(band.x[1], 500, 1e-6);
  EXPECT_NEAR(band.x[3], 4000, 1e-6);
  // predicted / measured - 1 of log(measured / predicted): exp(-0.2) - 1 and exp(0.1) - 1.
  EXPECT_NEAR(band.y[0], -18.127, 1e-3);
  EXPECT_NEAR(band.high[0], 10.517, 1e-3);
  EXPECT_NEAR(band.y[3], -2.955, 1e-3);
  EXPECT_NEAR(band.high[3], 2.020, 1e-3);
  EXPECT_NE(band.color, plot.series.front().color) << "seen over its points";
}

TEST(RangeTable, NamesEverySizeThatWasMeasured) {
  Calibration calibration = half_speed();
  GemmModel &product = calibration.gemm[static_cast<std::size_t>(NumberFormat::bf16)].emplace();
  product.measured_from = {.batch = 1, .rows = 64, .columns = 128, .depth = 256};
  product.measured_to = {.batch = 1, .rows = 65536, .columns = 8192, .depth = 16384};
  ClassErrors errors{.kind = OperatorClass::gemm, .format = NumberFormat::bf16};
  errors.fitted.samples = 1000;
  errors.held_back.samples = 234;
  calibration.errors.push_back(errors);
  const auto table = range_table(calibration);
  ASSERT_EQ(table.size(), 4U);
  EXPECT_EQ(table[1], (QStringList{"gemm, forward, bf16", "rows", "64", "65,536", "1,234"}));
  EXPECT_EQ(table[3], (QStringList{"gemm, forward, bf16", "depth", "256", "16,384", "1,234"}));
  OperatorCall call;
  call.kind = OperatorClass::gemm;
  call.shape = {.batch = 1, .rows = 131072, .columns = 1024, .depth = 64};
  EXPECT_EQ(coverage_text(calibration, call),
            "outside: rows 2 times the most, depth 0.25 of the least");
  EXPECT_EQ(shape_text(call), "131,072 x 1,024 x 64");
}

TEST(PlanOperators, TakeAllOfTheTimeAndLieWhereTheLibrarySays) {
  const EstimatedPlanPointer plan = answered();
  const PlanOperators operators = plan_operators(*plan);
  ASSERT_GT(operators.rows.size(), 10U);
  double shares = 0;
  double last = 100;
  for (std::size_t i = 1; i < operators.rows.size(); ++i) {
    const double share = operators.rows[i][2].chopped(2).toDouble();
    EXPECT_LE(share, last) << "most time first";
    last = share;
    shares += share;
  }
  EXPECT_NEAR(shares, 100, 0.05 * static_cast<double>(operators.rows.size()))
      << "each share is rounded to a tenth of a percent";
  ASSERT_TRUE(operators.inside);
  EXPECT_GT(*operators.inside, 0.5) << "a GPT on the device that was measured most";
  EXPECT_LE(*operators.inside, 1);
}

TEST(PlanOperators, OfALayoutThatCannotRunAreNotTold) {
  const EstimatedPlanPointer plan = answered("parallelism.tensor_parallel=7");
  ASSERT_FALSE(plan->estimate.step);
  EXPECT_FALSE(plan_operators(*plan).inside);
  EXPECT_TRUE(plan_operators(*plan).rows.empty());
}

TEST(KernelModel, IsAProperModelInAnyOrder) {
  KernelModel model;
  const QAbstractItemModelTester tester(&model,
                                        QAbstractItemModelTester::FailureReportingMode::Fatal);
  const auto study = std::make_shared<const KernelStudy>(study_of(
      {sum(100, 160.0 * microsecond), sum(1000, 4.0 * millisecond), sum(10, 20.0 * microsecond)}));
  model.set_kernels(study, numbers_to(3));
  const auto cell = [&](int row, int column) { return model.index(row, column).data().toString(); };
  EXPECT_EQ(cell(0, KernelModel::class_column), "elementwise, forward, bf16");
  EXPECT_EQ(cell(0, KernelModel::measured_column), "160 us");
  EXPECT_EQ(cell(0, KernelModel::predicted_column), "200 us");
  EXPECT_EQ(cell(0, KernelModel::error_column), "+25.0 %");
  EXPECT_EQ(cell(1, KernelModel::error_column), "-50.0 %");
  const QPersistentModelIndex worst = model.index(1, KernelModel::error_column);
  model.sort(KernelModel::error_column, Qt::AscendingOrder);
  EXPECT_EQ(cell(0, KernelModel::error_column), "-50.0 %");
  EXPECT_EQ(worst.row(), 0) << "it follows its kernel";
  model.sort(KernelModel::measured_column, Qt::DescendingOrder);
  EXPECT_EQ(cell(2, KernelModel::measured_column), "20 us");
  for (int column = 0; column < KernelModel::column_count; ++column)
    model.sort(column, Qt::AscendingOrder);
  model.set_kernels(study, {2});
  EXPECT_EQ(model.rowCount({}), 1);
  model.set_kernels(nullptr, {});
  EXPECT_EQ(model.rowCount({}), 0);
}

class KernelFiles : public CommandLine {
protected:
  [[nodiscard]] static MeasuredKernels read(const std::string &path) {
    auto measured = read_measured_kernels(path, shipped_session().catalog(), {});
    EXPECT_TRUE(measured);
    return std::move(*measured);
  }
  [[nodiscard]] std::string refusal(const std::string &name, const std::string &text) const {
    try {
      (void)read(file(name, text));
    } catch (const InputError &error) {
      return error.what();
    }
    return "";
  }
};

TEST_F(KernelFiles, AreSortedByDeviceAndVariant) {
  const MeasuredKernels measured =
      read(file("gemm.csv", "framework,version,device,gemm_dtype,m,n,k,latency\n"
                            "TRTLLM,1,h100,bfloat16,128,128,128,0.01\n"
                            "TRTLLM,1,h100,bfloat16,256,128,128,0.02\n"
                            "TRTLLM,1,h100,fp8_block,256,128,128,0.02\n"
                            "TRTLLM,1,A100,bfloat16,256,128,128,0.02\n"
                            "TRTLLM,2,A100,bfloat16,512,128,128,0.02\n"
                            "TRTLLM,2,A100,float16,512,128,128,0.02\n"
                            "TRTLLM,1,Y9000,bfloat16,256,128,128,0.02\n"
                            "TRTLLM,1,A100,int8_wo,256,128,128,0.02\n"));
  ASSERT_EQ(measured.sets.size(), 4U);
  EXPECT_EQ(measured.sets[0].device, "a100-sxm4-80gb") << "the largest first";
  EXPECT_EQ(measured.sets[0].kernels.size(), 3U) << "whatever software";
  EXPECT_FALSE(measured.sets.back().known && measured.sets.back().variant.empty());
  ASSERT_EQ(measured.skipped.size(), 1U);
  EXPECT_EQ(measured.skipped[0].rows, 1);
  const auto first = [&](const std::string &device) {
    return measured.sets[set_for(measured, device)].device;
  };
  EXPECT_EQ(first("h100-sxm5-80gb"), "h100-sxm5-80gb");
  EXPECT_EQ(first("b200-sxm"), "a100-sxm4-80gb") << "the largest";
  EXPECT_EQ(measured.sets[set_for(measured, "h100-sxm5-80gb")].variant, "");
}

TEST_F(KernelFiles, GiveTheErrorsThatTheCommandLinePrints) {
  const PlanSession session = shipped_session();
  const std::string kernels = file("k.csv", kernel_file("h100"));
  // Another device than the plan's, so its own calibration.
  const EstimatedPlanPointer plan = answered();
  const MeasuredKernels measured = read(kernels);
  const KernelStudy study = kernel_study(measured, 0, plan->run.cluster.device,
                                         plan->run.cluster.calibration, session.catalog());
  EXPECT_EQ(study.calibration.device, "h100-sxm5-80gb");
  EXPECT_FALSE(study.validation.kernels.empty());
  EXPECT_EQ(validation_json(study.calibration, study.validation),
            run({"calibrate", "validate", kernels, "--device", "h100", "--json"}).out);
  // The plan's own.
  const std::string own = file("own.csv", kernel_file("a100"));
  const KernelStudy of_plan = kernel_study(read(own), 0, plan->run.cluster.device,
                                           plan->run.cluster.calibration, session.catalog());
  EXPECT_EQ(validation_json(of_plan.calibration, of_plan.validation),
            run({"calibrate", "validate", own, "--device", "a100", "--json"}).out);
  // And what the page's table has of them, cell by cell.
  const std::string printed =
      run({"calibrate", "validate", own, "--device", "a100", "--format", "md"}).out;
  EXPECT_EQ(to_markdown(error_report(of_plan)), printed);
}

TEST_F(KernelFiles, OfCollectivesGiveTheErrorsThatTheCommandLinePrints) {
  const EstimatedPlanPointer plan = answered();
  std::string text = "gpu,gpus,bytes,time_ns\n";
  for (int octave = 20; octave < 30; ++octave)
    for (const int gpus : {2, 4, 8})
      text += "a100," + std::to_string(gpus) + ',' + std::to_string(1 << octave) + ',' +
              std::to_string(45'000 + (1 << octave) / 100) + '\n';
  const std::string collectives = file("c.csv", text);
  const MeasuredKernels measured = read(collectives);
  EXPECT_EQ(measured.sets[0].collectives.size(), 30U);
  const KernelStudy study =
      kernel_study(measured, 0, plan->run.cluster.device, plan->run.cluster.calibration,
                   shipped_session().catalog());
  EXPECT_FALSE(study.validation.collectives.empty());
  EXPECT_EQ(validation_json(study.calibration, study.validation),
            run({"calibrate", "validate", collectives, "--device", "a100", "--json"}).out);
}

TEST_F(KernelFiles, OfAStoreHoldWhatIsFitted) {
  const std::string path = (folder() / "store.db").string();
  {
    const Database store(path);
    MeasurementSession session;
    session.device = "a100-sxm4-80gb";
    session.back_end = "cuda";
    session.started = std::chrono::sys_seconds{};
    session = start_session(store, session);
    MeasuredOperator one;
    one.call = sum(100, {}).call;
    one.median = 160.0 * microsecond;
    one.runs = 10;
    add_measured_operator(store, session.id, one);
    one.cache = CacheState::warm; // not fitted
    add_measured_operator(store, session.id, one);
  }
  EXPECT_TRUE(is_measured_kernels(path));
  const MeasuredKernels measured = read(path);
  ASSERT_EQ(measured.sets.size(), 1U);
  EXPECT_EQ(measured.sets[0].device, "a100-sxm4-80gb");
  ASSERT_EQ(measured.sets[0].kernels.size(), 1U);
  EXPECT_EQ(measured.sets[0].kernels[0].time, 160.0 * microsecond);
}

TEST_F(KernelFiles, AreRefusedWithPlaceAndRemedy) {
  EXPECT_THAT(refusal("a.csv", "operator,pass\ngemm,forward\n"), HasSubstr("a.csv:1:"));
  std::string broken = kernel_file("a100");
  broken.replace(broken.rfind(",1,"), 3, ",x,");
  EXPECT_THAT(refusal("b.csv", broken), HasSubstr("expected a"));
  EXPECT_THAT(refusal("c.csv", ""), HasSubstr("c.csv:1:1"));
  EXPECT_THROW((void)refusal("d.db", "SQLite format 3 and nothing more"), StoreError);
  const MeasuredKernels measured = read(file("y.csv", kernel_file("Y9000")));
  const EstimatedPlanPointer plan = answered();
  try {
    (void)kernel_study(measured, 0, plan->run.cluster.device, plan->run.cluster.calibration,
                       shipped_session().catalog());
    ADD_FAILURE() << "nobody knows a Y9000";
  } catch (const InputError &error) {
    EXPECT_THAT(error.what(), HasSubstr("Y9000"));
    EXPECT_THAT(error.what(), HasSubstr("write a preset"));
  }
}

TEST_F(KernelFiles, AreToldFromOtherTables) {
  EXPECT_TRUE(is_measured_kernels(file("k.csv", kernel_file("a100"))));
  EXPECT_TRUE(is_measured_kernels(file("c.csv", "gpu,gpus,bytes,time_ns\n")));
  EXPECT_FALSE(is_measured_kernels(file("runs.csv", "N,D,loss\n1e9,2e10,2.5\n")));
  EXPECT_FALSE(is_measured_kernels(file("config.json", "{\"model_type\": \"llama\"}")));
  EXPECT_FALSE(is_measured_kernels(file("plan.toml", std::string(small_plan))));
  EXPECT_FALSE(is_measured_kernels(file("empty.csv", "")));
  EXPECT_FALSE(is_measured_kernels((folder() / "nosuch.csv").string()));
}

TEST_F(KernelFiles, StopWhenToldTo) {
  std::stop_source stop;
  stop.request_stop();
  EXPECT_FALSE(read_measured_kernels(file("k.csv", kernel_file("a100")),
                                     shipped_session().catalog(), stop.get_token()));
}

TEST(PlotTable, HoldsEveryPointThatStandsAboveAnother) {
  PlotData plot;
  plot.x.title = "measured";
  plot.y.title = "predicted";
  plot.series = {{"a", {1, 1, 2}, {10, 11, 20}, PlotSeries::Form::points},
                 {"b", {1}, {12}, PlotSeries::Form::points}};
  EXPECT_EQ(plot_csv(plot), "measured,\"a, predicted\",\"b, predicted\"\n1,10,12\n1,11,\n2,20,\n");
}

} // namespace
} // namespace flopcast
