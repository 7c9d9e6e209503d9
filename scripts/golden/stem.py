"""The stem of TransReID-SSL (PatchEmbed with stem_conv=True) in plain PyTorch with seeded weights: training and evaluation output."""
import pathlib

import torch
import torch.nn as nn
from safetensors.torch import save_file

OUT = pathlib.Path(__file__).parents[2] / "crates/aio-tokenize/tests/golden/stem.safetensors"
CHANNELS, WIDTH, PATCH, H, W = 8, 12, 4, 16, 8


class Ibn(nn.Module):
    def __init__(self, planes):
        super().__init__()
        self.half = planes // 2
        self.IN, self.BN = nn.InstanceNorm2d(self.half, affine=True), nn.BatchNorm2d(planes - self.half)

    def forward(self, x):
        a, b = torch.split(x, [self.half, x.shape[1] - self.half], 1)
        return torch.cat((self.IN(a.contiguous()), self.BN(b.contiguous())), 1)


torch.manual_seed(1)
conv1 = nn.Conv2d(3, CHANNELS, 7, 2, 3, bias=False)
conv2 = nn.Conv2d(CHANNELS, CHANNELS, 3, 1, 1, bias=False)
conv3 = nn.Conv2d(CHANNELS, CHANNELS, 3, 1, 1, bias=False)
norm1, norm2, norm3 = Ibn(CHANNELS), Ibn(CHANNELS), nn.BatchNorm2d(CHANNELS)
proj = nn.Conv2d(CHANNELS, WIDTH, PATCH // 2, PATCH // 2)
for module in (conv1, conv2, conv3, norm1, norm2, norm3, proj):
    for p in module.parameters():
        nn.init.normal_(p, std=0.4)
positions = torch.randn((H // PATCH) * (W // PATCH), WIDTH)


def stem(x):
    x = norm1(conv1(x)).relu()
    x = norm2(conv2(x)).relu()
    x = norm3(conv3(x)).relu()
    return proj(x).flatten(2).transpose(1, 2) + positions


x = torch.randn(5, 3, H, W)
train = stem(x).detach()
for n in (norm1.BN, norm2.BN, norm3, norm1.IN, norm2.IN):
    n.eval()
evaluation = stem(x).detach()


def join(norm):
    return {"weight": torch.cat([norm.IN.weight, norm.BN.weight]), "bias": torch.cat([norm.IN.bias, norm.BN.bias]), "running_mean": norm.BN.running_mean, "running_var": norm.BN.running_var}


tensors = {"conv1.weight": conv1.weight, "conv2.weight": conv2.weight, "conv3.weight": conv3.weight, "proj.weight": proj.weight, "proj_bias": proj.bias, "positions": positions}
tensors |= {f"norm1.{k}": v for k, v in join(norm1).items()} | {f"norm2.{k}": v for k, v in join(norm2).items()}
tensors |= {"norm3.weight": norm3.weight, "norm3.bias": norm3.bias, "norm3.running_mean": norm3.running_mean, "norm3.running_var": norm3.running_var}
tensors = {f"stem.{k}": v for k, v in tensors.items()} | {"test.x": x.permute(0, 2, 3, 1), "test.train": train, "test.evaluation": evaluation}
save_file({k: v.detach().contiguous() for k, v in tensors.items()}, OUT)
print(train[0, 0, :4], evaluation[0, 0, :4])
