"""Sequences per second of a pre-norm vision transformer in PyTorch: the peer of `just bench encoder`.

Usage: encoder.py SHAPE... [PROGRAM]   with the shapes vit-b, small and embedded. PROGRAM is the compiled crates/aio-bench/examples/speed.rs;
both are timed in turn, on two threads. Needs torch (`pip install torch`), outside this repository.
Prints one JSON line for every shape: medians of sequences per second of the same passes.
"""

import json
import os
import statistics
import subprocess
import sys
import time

import torch
from torch import nn
from torch.nn import functional

SHAPES = {
    "vit-b": dict(depth=12, width=768, heads=12, batch=8, tokens=129, passes=1),
    "small": dict(depth=12, width=192, heads=3, batch=64, tokens=33, passes=2),
    "embedded": dict(depth=4, width=128, heads=4, batch=96, tokens=19, passes=10),
}
MEASUREMENTS = 3
ROUNDS = 3


class Block(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.proj = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.fc1, self.fc2 = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x):
        batch, tokens, width = x.shape
        shape = (batch, tokens, 3, self.heads, width // self.heads)
        q, k, v = self.qkv(self.norm1(x)).reshape(shape).permute(2, 0, 3, 1, 4)
        attended = functional.scaled_dot_product_attention(q, k, v)
        x = x + self.proj(attended.transpose(1, 2).reshape(batch, tokens, width))
        return x + self.fc2(functional.gelu(self.fc1(self.norm2(x))))


def rate(step, shape):
    step()
    rates = []
    for _ in range(MEASUREMENTS):
        begun = time.perf_counter()
        for _ in range(shape["passes"]):
            step()
        rates.append(shape["batch"] * shape["passes"] / (time.perf_counter() - begun))
    return round(statistics.median(rates), 1)


def measure(name):
    shape = SHAPES[name]
    encoder = nn.Sequential(*[Block(shape["width"], shape["heads"]) for _ in range(shape["depth"])])
    x = torch.randn(shape["batch"], shape["tokens"], shape["width"])

    def forward():
        with torch.no_grad():
            encoder(x)

    def step():
        for parameter in encoder.parameters():
            parameter.grad = None
        encoder(x.clone().requires_grad_(True)).sum().backward()

    result = {"shape": name, "forward": rate(forward, shape)}
    encoder.requires_grad_(False)
    result["frozen"] = rate(step, shape)
    encoder.requires_grad_(True)
    result["trained"] = rate(step, shape)
    return result


def program(path, name):
    environment = {**os.environ, "RAYON_NUM_THREADS": "2"}
    found = subprocess.run([path, name], env=environment, check=True, capture_output=True)
    return json.loads(found.stdout)


def medians(rounds, prefix):
    kinds = ["forward", "frozen", "trained"]
    return {f"{prefix}_{kind}": statistics.median(found[kind] for found in rounds) for kind in kinds}


if __name__ == "__main__":
    torch.set_num_threads(2)
    for name in (argument for argument in sys.argv[1:] if argument in SHAPES):
        theirs, ours = [], []
        for _ in range(ROUNDS):
            theirs.append(measure(name))
            if sys.argv[-1] not in SHAPES:
                ours.append(program(sys.argv[-1], name))
        found = {"shape": name, "torch": torch.__version__, **medians(theirs, "torch")}
        print(json.dumps(found | (medians(ours, "aio") if ours else {})), flush=True)
