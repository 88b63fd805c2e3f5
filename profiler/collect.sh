#!/usr/bin/env bash
# Measures this machine's GPU for Flopcast in at most 9 minutes, building included:
#   profiler/collect.sh [OUT]
# Needs the CUDA toolkit (nvcc, CUPTI, cuBLASLt; cuDNN if it is there), CMake and a C++ compiler.
# Leaves samples.csv, measured_steps.csv, checks.json, device.json, environment.json and log.txt in
# OUT (default: flopcast-collected), where there are several GPUs collectives.csv, and where Python
# has PyTorch pytorch_steps.csv; a rerun into the same folder goes on where it stopped.
# FLOPCAST_CUDA_ARCHITECTURES: default 90-real, that of H100 and H200.
set -euo pipefail
limit=540 # seconds
root=$(cd "$(dirname "$0")/.." && pwd)
out=$(mkdir -p "${1:-flopcast-collected}" && cd "${1:-flopcast-collected}" && pwd)
build=${FLOPCAST_COLLECTOR_BUILD:-$root/build/collector}
exec > >(tee -a "$out/log.txt") 2>&1

export PATH=$PATH:/usr/local/cuda/bin
command -v nvcc >/dev/null || { echo "collect.sh: nvcc was not found; install the CUDA toolkit"; exit 2; }
generator=()
! command -v ninja >/dev/null || generator=(-G Ninja)

text() { # a command's output as a JSON string
  { "$@" 2>&1 || true; } | tr -d '\000-\010\013\014\016-\037' |
    sed 's/\\/\\\\/g; s/"/\\"/g; s/\t/ /g; s/\r//g' | awk '{ printf "%s%s", sep, $0; sep = "\\n" }'
}
clocks=name,driver_version,vbios_version,pstate,clocks.sm,clocks.mem,clocks.max.sm,power.limit,temperature.gpu,ecc.mode.current,mig.mode.current
cat >"$out/environment.json" <<JSON
{
  "date": "$(date -u +%Y-%m-%dT%H:%M:%SZ)",
  "commit": "$(text git -C "$root" rev-parse HEAD)",
  "system": "$(text uname -srm)",
  "processors": "$(nproc)",
  "gpu": "$(text nvidia-smi --query-gpu=$clocks --format=csv)",
  "nvidia_smi": "$(text nvidia-smi)",
  "nvcc": "$(text nvcc --version)",
  "cmake": "$(text cmake --version)",
  "compiler": "$(text c++ --version)"
}
JSON

echo "building into $build"
cmake -S "$root/profiler/collector" -B "$build" "${generator[@]}" \
  -DCMAKE_CUDA_ARCHITECTURES="${FLOPCAST_CUDA_ARCHITECTURES:-90-real}" >/dev/null
cmake --build "$build" --parallel "$(nproc)"
echo "built in $SECONDS s"

# The same models in PyTorch, where it is installed, get a fifth of what is left.
torch=0
if command -v python3 >/dev/null && python3 -c "import torch" 2>/dev/null; then
  torch=$(((limit - SECONDS) / 5))
else
  echo "PyTorch is not installed: its steps are left out"
fi

# The collector checks its time between measurements; a kernel that hangs is ended.
left=$((limit - SECONDS - torch - 25))
set +e
timeout --kill-after=5 $((left + 15)) "$build/flopcast-collect" "$out" "$left"
code=$?
if [ "$code" -eq 0 ] && [ "$torch" -gt 60 ]; then
  # One model takes 10 s and its preparation; the last may begin just before the end.
  timeout --kill-after=5 $((limit - SECONDS - 10)) \
    python3 "$root/profiler/pytorch_steps.py" "$out/pytorch_steps.csv" $((limit - SECONDS - 40))
fi
set -e
ls -l "$out"
exit "$code"
