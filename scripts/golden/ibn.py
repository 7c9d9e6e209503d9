"""Instance normalisation of one half of the channels and batch normalisation of the other half, as in TransReID-SSL's stem."""
import torch
import torch.nn as nn


class Ibn(nn.Module):
    def __init__(self, planes):
        super().__init__()
        self.half = planes // 2
        self.IN, self.BN = nn.InstanceNorm2d(self.half, affine=True), nn.BatchNorm2d(planes - self.half)

    def forward(self, x):
        a, b = torch.split(x, [self.half, x.shape[1] - self.half], 1)
        return torch.cat((self.IN(a.contiguous()), self.BN(b.contiguous())), 1)
