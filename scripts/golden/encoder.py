"""Output and input gradient of blocks like timm.models.vision_transformer.Block, in plain PyTorch, with seeded weights."""
import pathlib

import torch
import torch.nn as nn
from safetensors.torch import save_file

OUT = pathlib.Path(__file__).parents[2] / "crates/aio-encoder/tests/golden/encoder.safetensors"
WIDTH, HEADS, DEPTH, MLP = 24, 3, 2, 96


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.qkv, self.proj = nn.Linear(WIDTH, 3 * WIDTH), nn.Linear(WIDTH, WIDTH)

    def forward(self, x, keep):
        b, n, d = x.shape
        q, k, v = self.qkv(x).reshape(b, n, 3, HEADS, d // HEADS).permute(2, 0, 3, 1, 4)
        mask = keep[:, None, None, :].bool()
        x = nn.functional.scaled_dot_product_attention(q, k, v, attn_mask=mask)
        return self.proj(x.transpose(1, 2).reshape(b, n, d))


class Mlp(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(WIDTH, MLP), nn.Linear(MLP, WIDTH)

    def forward(self, x):
        return self.fc2(nn.functional.gelu(self.fc1(x)))


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm1, self.attn, self.norm2, self.mlp = nn.LayerNorm(WIDTH), Attention(), nn.LayerNorm(WIDTH), Mlp()

    def forward(self, x, keep):
        x = x + self.attn(self.norm1(x), keep)
        return x + self.mlp(self.norm2(x))


torch.manual_seed(0)
blocks = nn.ModuleList([Block() for _ in range(DEPTH)])
for p in blocks.parameters():
    nn.init.normal_(p, std=0.3)
x = torch.randn(3, 7, WIDTH, requires_grad=True)
keep = torch.ones(3, 7)
keep[1, 5:] = 0
keep[2, 1:] = 0
weight = torch.randn(3, 7, WIDTH)
y = x
for block in blocks:
    y = block(y, keep)
(y * weight * keep[..., None]).sum().backward()
tensors = {f"blocks.{k}": v.detach().clone() for k, v in blocks.state_dict().items()}
tensors |= {"test.x": x.detach().clone(), "test.keep": keep, "test.weight": weight, "test.y": y.detach(), "test.dx": x.grad}
save_file({k: v.contiguous() for k, v in tensors.items()}, OUT)
print(y[0, 0, :4], x.grad.abs().max())
