"""Outputs of three image stems in training and in evaluation mode, in plain PyTorch with seeded weights: the stem of TransReID-SSL (PatchEmbed with
stem_conv=True), the pyramid, and the pyramid with batch normalisation instead of IBN."""
import pathlib

import torch
import torch.nn as nn
from ibn import Ibn
from safetensors.torch import save_file

OUT = pathlib.Path(__file__).parents[2] / "crates/aio-tokenize/tests/golden/stem.safetensors"
CHANNELS, WIDTH, H, W = 8, 12, 16, 8

# Per layer: in, out, kernel, stride, and whether half of its channels are instance-normalised. Then the kernel size of the projection.
STEMS = {
    "transreid-ssl": ([(3, 8, 7, 2, True), (8, 8, 3, 1, True), (8, 8, 3, 1, False)], 2),
    "pyramid": ([(3, 8, 3, 2, True), (8, 16, 3, 2, True), (16, 32, 3, 2, False), (32, 32, 3, 1, False)], 1),
    "batch": ([(3, 8, 3, 2, False), (8, 16, 3, 2, False), (16, 32, 3, 2, False), (32, 32, 3, 1, False)], 1),
}


def join(norm):
    if isinstance(norm, nn.BatchNorm2d):
        return {k: getattr(norm, k) for k in ("weight", "bias", "running_mean", "running_var")}
    return {"weight": torch.cat([norm.IN.weight, norm.BN.weight]), "bias": torch.cat([norm.IN.bias, norm.BN.bias]), "running_mean": norm.BN.running_mean, "running_var": norm.BN.running_var}


torch.manual_seed(1)
x = torch.randn(5, 3, H, W)
tensors = {"test.x": x.permute(0, 2, 3, 1)}
for name, (plan, side) in STEMS.items():
    convs = [nn.Conv2d(i, o, k, s, k // 2, bias=False) for i, o, k, s, _ in plan]
    norms = [Ibn(o) if ibn else nn.BatchNorm2d(o) for _, o, _, _, ibn in plan]
    proj = nn.Conv2d(plan[-1][1], WIDTH, side, side)
    for module in [*convs, *norms, proj]:
        for p in module.parameters():
            nn.init.normal_(p, std=0.4)

    def stem(x):
        for conv, norm in zip(convs, norms):
            x = norm(conv(x)).relu()
        return proj(x).flatten(2).transpose(1, 2) + positions

    patch = side
    for _, _, _, stride, _ in plan:
        patch *= stride
    positions = torch.randn((H // patch) * (W // patch), WIDTH)
    train = stem(x).detach()
    for n in norms:
        n.eval()
    evaluation = stem(x).detach()
    print(name, train[0, 0, :4], evaluation[0, 0, :4])
    parts = {"proj.weight": proj.weight, "proj_bias": proj.bias, "positions": positions}
    for i, (conv, norm) in enumerate(zip(convs, norms)):
        parts |= {f"layers.{i}.conv.weight": conv.weight} | {f"layers.{i}.norm.{k}": v for k, v in join(norm).items()}
    tensors |= {f"{name}.{k}": v for k, v in parts.items()} | {f"test.{name}.train": train, f"test.{name}.evaluation": evaluation}
save_file({k: v.detach().contiguous() for k, v in tensors.items()}, OUT)
