"""Sequences per second of a pre-norm vision transformer in PyTorch: the peer of `just bench encoder`.

Usage: encoder.py SHAPE...   with the shapes vit-b, small and embedded. Needs torch (`pip install torch`), outside this repository.
Prints one JSON line for every shape with the medians of the same passes as crates/aio-encoder/examples/speed.rs.
"""

import json
import statistics
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
MEASUREMENTS = 5


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


if __name__ == "__main__":
    torch.set_num_threads(2)
    for name in sys.argv[1:]:
        print(json.dumps(measure(name)), flush=True)
