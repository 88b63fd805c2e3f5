#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Training steps of GPT models in PyTorch, for the same sizes that flopcast-collect measures.

    profiler/pytorch_steps.py OUT.csv [SECONDS]

Appends a row for each model in the columns of tables of measured runs; rows that are there already
are kept. bf16 weights with fp32 master weights in the optimizer are what the collector runs; PyTorch
is run as people run it: fp32 weights, autocast to bf16, fused AdamW, flash attention.
"""

import csv
import os
import statistics
import sys
import time

try:
    import torch
    from torch import nn
    from torch.nn import functional
except ImportError:
    sys.exit("pytorch_steps.py: PyTorch is not installed; nothing was measured")

# layers, hidden, heads, sequence, micro-batch: as step_shapes() in profiler/collector/collector.cpp
SHAPES = [
    (12, 768, 12, 1024, 16), (24, 1024, 16, 2048, 8), (24, 1536, 16, 2048, 4),
    (24, 2048, 16, 2048, 4), (32, 2560, 32, 2048, 2), (32, 4096, 32, 2048, 1),
    (12, 768, 12, 4096, 4), (24, 2048, 16, 4096, 2), (24, 1024, 16, 1024, 8),
    (24, 1536, 16, 1024, 8), (32, 2560, 32, 4096, 1), (32, 4096, 32, 1024, 2),
]
VOCABULARY = 50304
COLUMNS = (
    "id source source_url_or_repo_path source_ref seen_or_recalled licence record_kind framework "
    "model params params_active layers hidden heads kv_heads ffn vocab seq_len moe_experts moe_topk "
    "model_shape_origin gpu n_gpus gpus_per_node interconnect tp pp vpp cp ep dp zero_or_fsdp "
    "sequence_parallel micro_batch global_batch_seqs grad_accum recompute precision attention "
    "tokens_total step_time_s tflops_per_gpu tflops_kind mfu_pct hfu_pct tokens_per_s_per_gpu "
    "samples_per_s memory_gb memory_kind gpu_hours wall_clock_h cost_usd value_origin "
    "derived_step_time_s check_flag quality split_group notes core split"
).split()
WARM_UP, FEWEST, MOST, SECONDS_EACH = 3, 6, 20, 6.0


class Block(nn.Module):
    def __init__(self, hidden, heads):
        super().__init__()
        self.heads = heads
        self.attention_norm = nn.LayerNorm(hidden)
        self.qkv = nn.Linear(hidden, 3 * hidden)
        self.output = nn.Linear(hidden, hidden)
        self.mlp_norm = nn.LayerNorm(hidden)
        self.up = nn.Linear(hidden, 4 * hidden)
        self.down = nn.Linear(4 * hidden, hidden)

    def forward(self, x):
        batch, sequence, hidden = x.shape
        parts = self.qkv(self.attention_norm(x)).view(batch, sequence, 3, self.heads, -1)
        q, k, v = parts.permute(2, 0, 3, 1, 4)
        attended = functional.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.output(attended.transpose(1, 2).reshape(batch, sequence, hidden))
        return x + self.down(functional.gelu(self.up(self.mlp_norm(x)), approximate="tanh"))


class Gpt(nn.Module):
    def __init__(self, layers, hidden, heads, sequence):
        super().__init__()
        self.tokens = nn.Embedding(VOCABULARY, hidden)
        self.positions = nn.Embedding(sequence, hidden)
        self.blocks = nn.ModuleList(Block(hidden, heads) for _ in range(layers))
        self.norm = nn.LayerNorm(hidden)

    def forward(self, tokens, targets):
        x = self.tokens(tokens) + self.positions.weight
        for block in self.blocks:
            x = block(x)
        logits = functional.linear(self.norm(x), self.tokens.weight)
        return functional.cross_entropy(logits.flatten(0, 1), targets.flatten())


def step_times(model, optimizer, tokens, targets):
    """Seconds of each step, by CUDA events."""
    times = []
    began = time.monotonic()
    for run in range(WARM_UP + MOST):
        start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        start.record()
        with torch.autocast("cuda", dtype=torch.bfloat16):
            loss = model(tokens, targets)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        end.record()
        end.synchronize()
        if run >= WARM_UP:
            times.append(start.elapsed_time(end) * 1e-3)
        if len(times) >= FEWEST and time.monotonic() - began > SECONDS_EACH:
            break
    return times


def measured_row(name, layers, hidden, heads, sequence, batch):
    torch.manual_seed(1)
    with torch.device("cuda"):
        model = Gpt(layers, hidden, heads, sequence)
        tokens = torch.randint(VOCABULARY, (batch, sequence))
        targets = torch.randint(VOCABULARY, (batch, sequence))
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4, betas=(0.9, 0.95), fused=True)
    torch.cuda.reset_peak_memory_stats()
    times = step_times(model, optimizer, tokens, targets)
    seconds = statistics.median(times)
    return {
        "id": name, "source": "measured here", "seen_or_recalled": "seen",
        "record_kind": "step_benchmark", "framework": "PyTorch", "model": "GPT",
        "params": sum(p.numel() for p in model.parameters()), "layers": layers, "hidden": hidden,
        "heads": heads, "kv_heads": heads, "ffn": 4 * hidden, "vocab": VOCABULARY,
        "seq_len": sequence, "gpu": torch.cuda.get_device_name(), "n_gpus": 1, "gpus_per_node": 1,
        "tp": 1, "pp": 1, "dp": 1, "micro_batch": batch, "global_batch_seqs": batch,
        "grad_accum": 1, "recompute": "none", "precision": "bf16 autocast", "attention": "flash",
        "step_time_s": f"{seconds:.9g}", "tokens_per_s_per_gpu": f"{batch * sequence / seconds:.9g}",
        "samples_per_s": f"{batch / seconds:.9g}",
        "memory_gb": f"{torch.cuda.max_memory_allocated() / 1e9:.4g}",
        "memory_kind": "peak allocated", "value_origin": "measured", "quality": "A", "core": 1,
        "notes": f"PyTorch {torch.__version__}, CUDA {torch.version.cuda}; eager; runs {len(times)}; "
                 f"fastest {min(times):.6g} s, slowest {max(times):.6g} s",
    }


def main():
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    if not torch.cuda.is_available():
        sys.exit("pytorch_steps.py: PyTorch sees no GPU; nothing was measured")
    path = sys.argv[1]
    until = time.monotonic() + (float(sys.argv[2]) if len(sys.argv) == 3 else 300)
    known = set()
    if os.path.exists(path):
        with open(path, newline="") as before:
            known = {row["id"] for row in csv.DictReader(before)}
    with open(path, "a", newline="") as out:
        writer = csv.DictWriter(out, COLUMNS, restval="", lineterminator="\n")
        if out.tell() == 0:
            writer.writeheader()
        for layers, hidden, heads, sequence, batch in SHAPES:
            name = f"pytorch-gpt-{layers}x{hidden}-s{sequence}-b{batch}-bf16"
            if name in known or time.monotonic() > until:
                continue
            try:
                writer.writerow(measured_row(name, layers, hidden, heads, sequence, batch))
                out.flush()
            except torch.cuda.OutOfMemoryError:
                print(f"{name}: out of memory", file=sys.stderr)
            torch.cuda.empty_cache()


if __name__ == "__main__":
    main()
