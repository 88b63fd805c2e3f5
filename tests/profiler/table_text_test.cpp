// SPDX-License-Identifier: Apache-2.0
// What a file is, told by its beginning.
#include "profiler/importers/kernel_tables.hpp"
#include "profiler/importers/table_text.hpp"

#include <gtest/gtest.h>

#include <zlib.h>

#include <fstream>

namespace flopcast {
namespace {

TEST(KernelTable, IsKnownByItsHeader) {
  EXPECT_TRUE(is_kernel_table("# device: a100\noperator,pass,seconds\n"));
  EXPECT_TRUE(is_kernel_table("framework,gemm_dtype,m\n"));
  EXPECT_TRUE(is_kernel_table("{\"sys_name\": \"b200\", \"accelerator\": {}}"));
  EXPECT_FALSE(is_kernel_table("N,D,loss\n1e9,2e10,2.5\n")) << "training runs";
  EXPECT_FALSE(is_kernel_table("{\"model_type\": \"llama\"}")) << "a model's configuration";
  EXPECT_FALSE(is_kernel_table(""));
  EXPECT_FALSE(is_kernel_table("# nothing but remarks\n\n"));
}

TEST(TableBeginning, IsThatOfThePlainTextAlsoWherePacked) {
  const std::filesystem::path folder = testing::TempDir();
  const auto plain = folder / "beginning.csv";
  std::ofstream(plain) << "operator,pass,seconds\n";
  EXPECT_EQ(table_beginning(plain, 8), "operator");
  EXPECT_EQ(table_beginning(plain, 1000), "operator,pass,seconds\n");
  const auto packed = folder / "beginning.csv.gz";
  gzFile_s *file = gzopen(packed.c_str(), "wb");
  ASSERT_NE(file, nullptr);
  gzputs(file, "operator,pass,seconds\n");
  gzclose(file);
  EXPECT_EQ(table_beginning(packed, 8), "operator");
  EXPECT_EQ(table_beginning(folder / "nosuch.csv", 8), "");
  EXPECT_EQ(table_beginning(folder, 8), "") << "a folder";
}

} // namespace
} // namespace flopcast
