// SPDX-License-Identifier: Apache-2.0
// Full and good preset files with round numbers, which the tests of the readers then spoil.
#pragma once

#include <string>

namespace flopcast::tests {

inline const std::string device_text = R"(name = "Acme X1"
vendor = "Acme"
architecture = "Anvil"
form_factor = "SXM1"
released = 2024-02-03
source = "datasheet"
date = 2026-11-23
note = "a note"
unverified = ["pcie.generation"]
caveats = ["runs hot"]

[peak]
fp64 = "50 TFLOP/s"
fp32 = "100 TFLOP/s"
tf32 = "400 TFLOP/s"
fp16 = "800 TFLOP/s"
bf16 = "801 TFLOP/s"
fp8 = "1600 TFLOP/s"
fp4 = "3200 TFLOP/s"
int8 = "1601 TFLOP/s"
source = "datasheet"
date = 2026-11-23

[measured]
bf16 = "700 TFLOP/s"
source = "benchmark"
date = 2026-11-23

[memory]
capacity = "80 GiB"
bandwidth = "3 TB/s"
l2_cache = "50 MB"
source = "datasheet"
date = 2026-11-23

[compute]
multiprocessors = 132
boost_clock = "1980 MHz"
source = "datasheet"
date = 2026-11-23

[power]
thermal_design_power = "700 W"
source = "datasheet"
date = 2026-11-23

[link]
name = "AcmeLink"
bandwidth_per_direction = "450 GB/s"
source = "datasheet"
date = 2026-11-23

[pcie]
generation = 5
source = "datasheet"
date = 2026-11-23

[purchase]
price = "30000 USD/GPU"
source = "shop"
date = 2026-11-23
)";

inline const std::string node_text = R"(name = "Acme Pod"
provider = "Acme"
gpu = "x1"
instance = "pod.8x"
source = "brochure"
date = 2026-11-23
note = "a note"
unverified = ["scale_out.nics"]
caveats = ["loud"]
gpus_per_node = 4
scale_up_domain = 64

[scale_up]
topology = "switch all-to-all"
bandwidth_per_direction = "450 GB/s"
latency = "3 us"
source = "brochure"
date = 2026-11-23

[scale_out]
fabric = "IB NDR"
nics = 4
nic_bandwidth = "400 Gb/s"
bandwidth_per_gpu = "400 Gb/s"
latency = "20 us"
source = "brochure"
date = 2026-11-23

[power]
maximum = "10.2 kW"
pue = 1.1
source = "brochure"
date = 2026-11-23
)";

inline const std::string calibration_text = R"(name = "Measured shares"
origin = "measured"
source = "benchmark"
date = 2026-11-23
note = "a note"

[compute]
gemm = 0.8
batched_gemm = 0.4
attention_forward = 0.5
attention_backward = 0.25
source = "benchmark"
date = 2026-11-23

[memory]
bandwidth = 0.75
source = "benchmark"
date = 2026-11-23

[launch]
kernel = "4 us"
source = "benchmark"
date = 2026-11-23

[network]
scale_up = 0.7
scale_out = 0.6
source = "benchmark"
date = 2026-11-23
)";

} // namespace flopcast::tests
