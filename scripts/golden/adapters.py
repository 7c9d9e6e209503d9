"""Outputs and gradients of blocks with LoRA or prompts, in plain PyTorch, with seeded weights.

The low-rank maps are applied to the inputs of a layer, not merged into its weight: `W x + s · mean over experts of B (A x)`.
"""
import pathlib

import torch
import torch.nn as nn
from safetensors.torch import save_file

OUT = pathlib.Path(__file__).parents[2] / "crates/aio-encoder/tests/golden/adapters.safetensors"
WIDTH, HEADS, DEPTH, MLP = 16, 2, 2, 32
EXPERTS, RANK, ALPHA, PROMPTS = 3, 2, 5.0, 3


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)
        self.attn = nn.ModuleDict({"qkv": nn.Linear(WIDTH, 3 * WIDTH), "proj": nn.Linear(WIDTH, WIDTH)})
        self.mlp = nn.ModuleDict({"fc1": nn.Linear(WIDTH, MLP), "fc2": nn.Linear(MLP, WIDTH)})

    def forward(self, x, keep, extra):
        """`extra` maps the name of a layer and its input to what is added to its output."""
        b, n, d = x.shape
        y = self.norm1(x)
        y = self.attn["qkv"](y) + extra("qkv", y)
        q, k, v = y.reshape(b, n, 3, HEADS, d // HEADS).permute(2, 0, 3, 1, 4)
        y = nn.functional.scaled_dot_product_attention(q, k, v, attn_mask=keep[:, None, None, :].bool())
        y = y.transpose(1, 2).reshape(b, n, d)
        x = x + self.attn["proj"](y) + extra("proj", y)
        return x + self.mlp["fc2"](nn.functional.gelu(self.mlp["fc1"](self.norm2(x))))


torch.manual_seed(0)
blocks = nn.ModuleList([Block() for _ in range(DEPTH)])
for p in blocks.parameters():
    nn.init.normal_(p, std=0.3).requires_grad_(False)
lora = {
    f"blocks.{i}.adapters.experts.{e}.{layer}.lora_{part}.weight": torch.randn(shape).mul(0.3).requires_grad_()
    for i in range(DEPTH)
    for e in range(EXPERTS)
    for layer, out in (("qkv", 3 * WIDTH), ("proj", WIDTH))
    for part, shape in (("a", (RANK, WIDTH)), ("b", (out, RANK)))
}
prompts = {
    f"blocks.{i}.adapters.experts.{e}.prompts": torch.randn(PROMPTS, WIDTH).requires_grad_()
    for i in range(DEPTH)
    for e in range(EXPERTS)
}
x = torch.randn(3, 7, WIDTH)
keep = torch.ones(3, 7)
keep[1, 5:] = 0
keep[2, 1:] = 0
weight = torch.randn(3, 7, WIDTH)


def with_lora(y, i, block, experts):
    def extra(layer, x):
        name = f"blocks.{i}.adapters.experts.{{}}.{layer}.lora_{{}}.weight"
        each = [x @ lora[name.format(e, "a")].T @ lora[name.format(e, "b")].T for e in experts]
        return ALPHA / RANK * torch.stack(each).mean(0)

    return block(y, keep, extra)


def with_prompts(y, i, block, experts):
    own = torch.cat([prompts[f"blocks.{i}.adapters.experts.{e}.prompts"] for e in experts])
    visible = torch.ones(3, len(own))
    y = torch.cat([y, own.expand(3, -1, -1)], 1)
    return block(y, torch.cat([keep, visible], 1), lambda layer, x: 0)[:, :7]


tensors = {f"blocks.{k}": v for k, v in blocks.state_dict().items()}
tensors |= {k: v.detach().clone() for k, v in (lora | prompts).items()}
tensors |= {"test.x": x, "test.keep": keep, "test.weight": weight}
for kind, run, parameters in (("lora", with_lora, lora), ("prompts", with_prompts, prompts)):
    for experts in ([1], [0, 2]):
        case = f"test.{kind}.{'+'.join(map(str, experts))}"
        leaf = x.clone().requires_grad_()
        y = leaf
        for i, block in enumerate(blocks):
            y = run(y, i, block, experts)
        (y * weight * keep[..., None]).sum().backward()
        tensors |= {f"{case}.y": y.detach(), f"{case}.dx": leaf.grad}
        for name, parameter in parameters.items():
            if parameter.grad is not None:
                tensors[f"{case}.d.{name}"], parameter.grad = parameter.grad, None
        print(case, y[0, 0, :3].tolist())
save_file({k: v.contiguous() for k, v in tensors.items()}, OUT)
