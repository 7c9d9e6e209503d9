"""State dict and outputs of the sketch generator of informative-drawings in PyTorch, with few channels.

Writes crates/aio-model/tests/golden/lines.pth and lines.safetensors.
"""
import torch
import torch.nn as nn
from safetensors.torch import save_file

OUT = "crates/aio-model/tests/golden/"


def residual(width):
    return nn.Sequential(nn.ReflectionPad2d(1), nn.Conv2d(width, width, 3), nn.InstanceNorm2d(width), nn.ReLU(),
                         nn.ReflectionPad2d(1), nn.Conv2d(width, width, 3), nn.InstanceNorm2d(width))


class Residual(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.conv_block = residual(width)

    def forward(self, x):
        return x + self.conv_block(x)


class Generator(nn.Module):
    """Layers and names as in the published checkpoints, with `base` channels instead of 64."""

    def __init__(self, base, blocks):
        super().__init__()
        norm = nn.InstanceNorm2d
        self.model0 = nn.Sequential(nn.ReflectionPad2d(3), nn.Conv2d(3, base, 7), norm(base), nn.ReLU())
        down, up = [], []
        for i in range(2):
            a, b = base * 2 ** i, base * 2 ** (i + 1)
            down += [nn.Conv2d(a, b, 3, stride=2, padding=1), norm(b), nn.ReLU()]
            up = [nn.ConvTranspose2d(b, a, 3, stride=2, padding=1, output_padding=1), norm(a), nn.ReLU()] + up
        self.model1 = nn.Sequential(*down)
        self.model2 = nn.Sequential(*[Residual(4 * base) for _ in range(blocks)])
        self.model3 = nn.Sequential(*up)
        self.model4 = nn.Sequential(nn.ReflectionPad2d(3), nn.Conv2d(base, 1, 7), nn.Sigmoid())

    def forward(self, x):
        for part in (self.model0, self.model1, self.model2, self.model3, self.model4):
            x = part(x)
        return x


torch.manual_seed(0)
model = Generator(3, 2).eval()
photographs = torch.rand(2, 3, 24, 16)
with torch.no_grad():
    drawn = model(photographs)
torch.save(model.state_dict(), OUT + "lines.pth")
save_file({"photographs": photographs, "drawn": drawn}, OUT + "lines.safetensors")
print(f"torch {torch.__version__}: {sum(p.numel() for p in model.parameters())} parameters, tones {drawn.min():.3f} to {drawn.max():.3f}")
