// SPDX-License-Identifier: Apache-2.0
#include "profiler/importers/kernel_tables.hpp"

#include "hardware/input/diagnostic.hpp"
#include "tests/support/paths.hpp"

#include <gmock/gmock.h>
#include <zlib.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace flopcast {
namespace {

using namespace units;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

std::vector<KernelTable> parsed(const std::string &text) {
  return parse_kernel_tables(text, "table.csv");
}

std::string error_of(const std::string &text) {
  try {
    (void)parsed(text);
  } catch (const InputError &error) {
    return error.what();
  }
  return "no error";
}

const std::string gemm_header =
    "framework,version,device,op_name,kernel_source,gemm_dtype,m,n,k,latency\n";
const std::string attention_header =
    "framework,version,device,op_name,kernel_source,batch_size,isl,num_heads,num_key_value_heads,"
    "head_dim,window_size,beam_width,attn_dtype,kv_cache_dtype,step,latency\n";
const std::string layer_header = "operator,tensor_parallel,batch,heads,seq,hidden,layers,hidden_"
                                 "size,param_tensors,params,forward_us,backward_us\n";
const std::string canonical_header =
    "operator,pass,format,batch,rows,columns,depth,causal,flops,bytes,kernels,seconds\n";

TEST(KernelTables, KeepMeteredPowerWhereThereIsSome) {
  std::string header = gemm_header;
  header.insert(header.size() - 1, ",power,power_limit");
  const auto tables =
      parsed(header + "VLLM,1.0,NVIDIA H200,gemm,v,bfloat16,64,64,64,0.05,312.5,700\n"
                      "VLLM,1.0,NVIDIA H200,gemm,v,bfloat16,64,64,128,0.05,0,700\n"
                      "VLLM,1.0,NVIDIA H200,gemm,v,bfloat16,64,64,256,0.05,,\n");
  ASSERT_THAT(tables, SizeIs(1));
  const auto expect_power = [](const KernelTable &table) {
    ASSERT_THAT(table.samples, SizeIs(3));
    EXPECT_EQ(table.samples[0].power, 312.5 * watt);
    EXPECT_FALSE(table.samples[1].power);
    EXPECT_FALSE(table.samples[2].power);
  };
  expect_power(tables[0]);
  const auto again = parsed(to_csv(tables[0]));
  ASSERT_THAT(again, SizeIs(1));
  expect_power(again[0]);
}

TEST(KernelTables, ReadAiconfiguratorProducts) {
  const auto tables =
      parsed(gemm_header + "TRTLLM,1.0,NVIDIA H100,gemm,torch_flow,bfloat16,4096,2048,1024,0.05\n"
                           "TRTLLM,1.0,NVIDIA H100,gemm,torch_flow,fp8,4096,2048,1024,0.03\n"
                           "TRTLLM,1.0,NVIDIA H100,gemm,torch_flow,fp8_block,4096,2048,1024,0.04\n"
                           "TRTLLM,1.0,NVIDIA H100,gemm,plugin,int8_wo,4096,2048,1024,0.04\n"
                           "TRTLLM,1.0,NVIDIA H100,gemm,plugin,int8_wo,4096,2048,2048,0.08\n");
  ASSERT_THAT(tables, SizeIs(2));
  EXPECT_EQ(tables[0].device, "NVIDIA H100");
  EXPECT_EQ(tables[0].software, "TRTLLM 1.0");
  ASSERT_THAT(tables[0].samples, SizeIs(2));
  const auto &[call, time, power] = tables[0].samples[0];
  EXPECT_EQ(call.kind, OperatorClass::gemm);
  EXPECT_EQ(call.format, NumberFormat::bf16);
  EXPECT_EQ(call.shape, (MatrixShape{.batch = 1, .rows = 4096, .columns = 2048, .depth = 1024}));
  EXPECT_DOUBLE_EQ(call.flops.in(flop), 2.0 * 4096 * 2048 * 1024);
  EXPECT_DOUBLE_EQ(call.bytes.in(byte), 2.0 * (4096 * 1024 + 1024 * 2048 + 4096 * 2048));
  EXPECT_DOUBLE_EQ(time.in(microsecond), 50);
  EXPECT_EQ(tables[0].samples[1].call.format, NumberFormat::fp8);
  // Narrow operands, a bf16 result.
  EXPECT_DOUBLE_EQ(tables[0].samples[1].call.bytes.in(byte),
                   4096 * 1024 + 1024 * 2048 + 2.0 * 4096 * 2048);
  EXPECT_EQ(tables[1].variant, "fp8_block");
  ASSERT_THAT(tables[0].skipped, SizeIs(1));
  EXPECT_THAT(tables[0].skipped[0].reason, HasSubstr("int8_wo"));
  EXPECT_EQ(tables[0].skipped[0].rows, 2);
}

TEST(KernelTables, ReadContextAttentionAsCausal) {
  const auto tables = parsed(
      attention_header +
      "TRTLLM,1.0,H200,context_attention,torch_flow,2,1024,32,8,128,0,1,bfloat16,bfloat16,0,0.1\n"
      "TRTLLM,1.0,H200,context_attention,torch_flow,2,1024,32,8,128,128,1,bfloat16,bfloat16,0,0.1\n"
      "TRTLLM,1.0,H200,context_attention,torch_flow,2,1024,32,8,128,0,1,bfloat16,fp8,0,0.1\n");
  ASSERT_THAT(tables, SizeIs(1));
  ASSERT_THAT(tables[0].samples, SizeIs(1));
  const OperatorCall &call = tables[0].samples[0].call;
  EXPECT_EQ(call.kind, OperatorClass::fused_attention);
  EXPECT_TRUE(call.causal);
  EXPECT_EQ(call.shape, (MatrixShape{.batch = 64, .rows = 1024, .columns = 1024, .depth = 128}));
  // Two products over 1024 · 1025 / 2 scores of 64 heads.
  EXPECT_DOUBLE_EQ(call.flops.in(flop), 4.0 * 64 * 128 * 1024 * 1025 / 2);
  // Queries and output of 32 heads, keys and values of 8.
  EXPECT_DOUBLE_EQ(call.bytes.in(byte), 2.0 * 2 * 1024 * 128 * (32 + 32 + 8 + 8));
  EXPECT_THAT(tables[0].skipped, SizeIs(2));
}

TEST(KernelTables, WorkOutTheShardOfALayersOperator) {
  const auto tables = parsed(layer_header + "NVIDIAA100.csv,,,,,,,,,,,\n"
                                            "linear1,2,4,32,1024,4096,,,,,900,1900\n"
                                            "flash_atten,2,4,32,1024,4096,,,,,300,900\n"
                                            "gelu,2,4,,1024,4096,,,,,50,80\n");
  ASSERT_THAT(tables, SizeIs(1));
  EXPECT_EQ(tables[0].device, "NVIDIAA100");
  ASSERT_THAT(tables[0].samples, SizeIs(6));
  const OperatorCall &qkv = tables[0].samples[0].call;
  EXPECT_EQ(qkv.shape,
            (MatrixShape{.batch = 1, .rows = 4096, .columns = 3 * 4096 / 2, .depth = 4096}));
  const OperatorCall &gradients = tables[0].samples[1].call;
  EXPECT_EQ(gradients.pass, Pass::backward);
  EXPECT_EQ(gradients.kernels, 2);
  EXPECT_DOUBLE_EQ(gradients.flops / qkv.flops, 2);
  const OperatorCall &attention = tables[0].samples[2].call;
  EXPECT_EQ(attention.shape,
            (MatrixShape{.batch = 4 * 16, .rows = 1024, .columns = 1024, .depth = 128}));
  EXPECT_FALSE(attention.causal);
  EXPECT_DOUBLE_EQ(tables[0].samples[3].call.flops / attention.flops, 2.5);
  const OperatorCall &gelu = tables[0].samples[4].call;
  EXPECT_EQ(gelu.shape, (MatrixShape{.batch = 1, .rows = 4096, .columns = 8192, .depth = 0}));
  EXPECT_DOUBLE_EQ(gelu.bytes.in(byte), 4.0 * 4096 * 8192);
}

TEST(KernelTables, LeaveOutBackwardTimesThatCannotBe) {
  std::string text = layer_header;
  for (int i = 1; i <= 4; ++i) {
    text += "flash_atten,1,4,32," + std::to_string(1024 * i) + ",4096,,,,,1000,100\n";
    text += "res_add,1,4,," + std::to_string(1024 * i) + ",4096,,,,,100,100\n";
  }
  const auto tables = parsed(text);
  ASSERT_THAT(tables, SizeIs(1));
  for (const KernelSample &sample : tables[0].samples)
    EXPECT_EQ(sample.call.pass, Pass::forward);
  ASSERT_THAT(tables[0].skipped, SizeIs(2));
  EXPECT_EQ(tables[0].skipped[0].rows, 4);
  EXPECT_EQ(tables[0].skipped[1].rows, 4);
}

TEST(KernelTables, LeaveOutRowsThatNoMemoryCanServe) {
  // 25 MB a row, read twice and written: the second in 1 µs, 100 TB/s.
  const auto tables = parsed(layer_header + "res_add,1,4,,1024,1024,,,,,20,41\n"
                                            "res_add,1,4,,1024,1024,,,,,1,41\n");
  EXPECT_THAT(tables.at(0).samples, SizeIs(2)); // the backward passes
  ASSERT_THAT(tables[0].skipped, SizeIs(1));
  EXPECT_THAT(tables[0].skipped[0].reason, HasSubstr("faster than any memory"));
}

TEST(KernelTables, ReadNeuSightByDevice) {
  const auto tables = parsed("device,operator,b,m,n,k,h,latency_ms\n"
                             "NVIDIA L4,linear,1,1024,2560,2048,,1.5\n"
                             "NVIDIA L4,bmm,16,64,128,256,,0.2\n"
                             "Tesla T4,addu,32768,,,,1024,0.9\n"
                             "Tesla T4,ln,32768,,,,1024,0.9\n");
  ASSERT_THAT(tables, SizeIs(2));
  ASSERT_THAT(tables[0].samples, SizeIs(2));
  EXPECT_EQ(tables[0].samples[0].call.format, NumberFormat::fp32);
  EXPECT_EQ(tables[0].samples[1].call.kind, OperatorClass::batched_gemm);
  EXPECT_EQ(tables[0].samples[1].call.shape,
            (MatrixShape{.batch = 16, .rows = 64, .columns = 128, .depth = 256}));
  EXPECT_EQ(tables[1].device, "Tesla T4");
  ASSERT_THAT(tables[1].samples, SizeIs(2));
  EXPECT_EQ(tables[1].samples[0].call.kind, OperatorClass::elementwise);
  EXPECT_DOUBLE_EQ(tables[1].samples[0].call.bytes.in(byte), 8.0 * 32768 * 1024);
  EXPECT_EQ(tables[1].samples[1].call.kind, OperatorClass::normalization);
}

TEST(KernelTables, WriteWhatTheyRead) {
  const std::string text =
      "# device: NVIDIA H100 80GB HBM3\n# software: Flopcast 0.2\n" + canonical_header +
      "gemm,forward,bf16,1,4096,2048,1024,0,17179869184,29360128,1,5.1e-05\n"
      "fused_attention,backward,fp8,64,1024,1024,128,1,1e+12,2.5e+07,3,0.001\n";
  const auto tables = parsed(text);
  ASSERT_THAT(tables, SizeIs(1));
  EXPECT_EQ(tables[0].device, "NVIDIA H100 80GB HBM3");
  EXPECT_THAT(tables[0].variant, IsEmpty());
  ASSERT_THAT(tables[0].samples, SizeIs(2));
  EXPECT_TRUE(tables[0].samples[1].call.causal);
  EXPECT_EQ(tables[0].samples[1].call.kernels, 3);
  const std::string written = to_csv(tables[0]);
  EXPECT_EQ(to_csv(parsed(written).at(0)), written);
  EXPECT_EQ(parsed(written).at(0).samples[0].time, tables[0].samples[0].time);
}

TEST(KernelTables, NameFileAndLineOfWhatIsWrong) {
  const std::string row = "gemm,forward,bf16,1,4096,2048,1024,0,1,1,1,5e-5\n";
  EXPECT_THAT(error_of(""), HasSubstr("table.csv:1:1: expected a header line"));
  EXPECT_THAT(error_of("a,b,c\n1,2,3\n"), HasSubstr("no known table of kernels"));
  EXPECT_THAT(error_of(canonical_header + row + "gemm,forward\n"),
              HasSubstr("table.csv:3:1: the row has 2 fields, the header 12"));
  EXPECT_THAT(error_of(canonical_header + "gemm,sideways,bf16,1,1,1,1,0,1,1,1,1\n"),
              HasSubstr("table.csv:2:1: pass: expected forward or backward"));
  EXPECT_THAT(error_of(canonical_header + "gem,forward,bf16,1,1,1,1,0,1,1,1,1\n"),
              HasSubstr("unknown operator \"gem\""));
  EXPECT_THAT(error_of(canonical_header + "gemm,forward,bf17,1,1,1,1,0,1,1,1,1\n"),
              HasSubstr("unknown format \"bf17\""));
  EXPECT_THAT(error_of(canonical_header + "gemm,forward,bf16,1,1.5,1,1,0,1,1,1,1\n"),
              HasSubstr("rows: expected a whole number, found \"1.5\""));
  EXPECT_THAT(error_of(canonical_header + "gemm,forward,bf16,1,x,1,1,0,1,1,1,1\n"),
              HasSubstr("rows: expected a number, found \"x\""));
  EXPECT_THAT(error_of(canonical_header + "gemm,forward,bf16,1,1,1,1,0,1,1,1,0\n"),
              HasSubstr("seconds = 0; expected a time above zero"));
  EXPECT_THAT(error_of(canonical_header + "gemm,forward,bf16,1,1,1,1,0,nan,1,1,1\n"),
              HasSubstr("expected a number"));
  EXPECT_THAT(error_of(canonical_header + "\"gemm\",forward,bf16,1,1,1,1,0,1,1,1,1\n"),
              HasSubstr("quoted fields are not read"));
  EXPECT_THAT(error_of(layer_header + "bmm,3,4,32,1024,4096,,,,,1,2\n"),
              HasSubstr("32 heads do not divide by 3 ranks"));
  EXPECT_THAT(error_of(layer_header + "bmm,1,4,32,9000000000000,4096,,,,,1,2\n"),
              HasSubstr("expected at most"));
}

TEST(KernelTables, ReadGzip) {
  const std::filesystem::path path =
      std::filesystem::temp_directory_path() / ("flopcast_kernels_" + std::to_string(::getpid()));
  const std::string text =
      canonical_header + "gemm,forward,bf16,1,4096,2048,1024,0,17179869184,29360128,1,5e-05\n";
  const gzFile file = gzopen(path.c_str(), "wb");
  ASSERT_NE(file, nullptr);
  gzwrite(file, text.data(), static_cast<unsigned>(text.size()));
  gzclose(file);
  EXPECT_THAT(read_kernel_tables(path).at(0).samples, SizeIs(1));
  std::filesystem::resize_file(path, std::filesystem::file_size(path) / 2);
  EXPECT_THROW((void)read_kernel_tables(path), InputError);
  std::filesystem::remove(path);
  EXPECT_THROW((void)read_kernel_tables(path), InputError);
}

} // namespace
} // namespace flopcast
