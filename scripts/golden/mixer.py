"""What a mixer adds to the mean of some features, and its gradients, in PyTorch, with seeded weights.

The maps are those of timm's `MixerBlock`. A slot without a feature enters the map over the slots as zeros, or as its learned vector. Outputs of such slots
are left out of the mean. Where every slot has a feature, the output is compared with that of `MixerBlock` itself.
"""
import pathlib

import torch
import torch.nn as nn
from safetensors.torch import save_file
from timm.models.mlp_mixer import MixerBlock

OUT = pathlib.Path(__file__).parents[2] / "crates/aio-encoder/tests/golden/mixer.safetensors"
SLOTS, WIDTH, HIDDEN_SLOTS, HIDDEN_WIDTH, BATCH = 4, 8, 12, 32, 3

torch.manual_seed(0)
block = MixerBlock(WIDTH, SLOTS, mlp_ratio=(HIDDEN_SLOTS / WIDTH, HIDDEN_WIDTH / WIDTH))
assert block.mlp_tokens.fc1.out_features == HIDDEN_SLOTS and block.norm1.eps == 1e-6
for p in block.parameters():
    nn.init.normal_(p, std=0.5)
absent = nn.Parameter(torch.randn(SLOTS, WIDTH))
parts = torch.randn(SLOTS, BATCH, WIDTH)
weight = torch.randn(BATCH, WIDTH)


def added(features, present, learned):
    """`features` [slots, batch, width], of which only those of `present` slots are seen."""
    there = torch.tensor([slot in present for slot in range(SLOTS)]).reshape(1, SLOTS, 1)
    x = torch.where(there, features.transpose(0, 1), absent if learned else torch.zeros(()))
    normed = block.norm1(x)
    if not learned:
        normed = normed * there
    u = x + block.mlp_tokens(normed.transpose(1, 2)).transpose(1, 2)
    y = u + block.mlp_channels(block.norm2(u))
    if len(present) == SLOTS:
        assert torch.allclose(y, block(x), atol=1e-6)
    return (y - x)[:, present].mean(1)


tensors = {k: v.detach().clone() for k, v in block.state_dict().items()}
tensors |= {f"absent.{slot}": absent[slot].detach().clone() for slot in range(SLOTS)}
tensors |= {"test.parts": parts, "test.weight": weight}
for kind, learned in (("none", False), ("learned", True)):
    for present in ([0, 1, 2, 3], [0, 3], [1, 2, 3], [2]):
        case = f"test.{kind}.{'+'.join(map(str, present))}"
        leaf = parts.clone().requires_grad_()
        y = added(leaf, present, learned)
        (y * weight).sum().backward()
        tensors |= {f"{case}.y": y.detach(), f"{case}.dx": leaf.grad}
        for name, parameter in (*block.named_parameters(), *((("absent", absent),) if learned else ())):
            gradient, parameter.grad = parameter.grad, None
            if name == "absent":
                # Slots with a feature do not use theirs.
                for slot in set(range(SLOTS)) - set(present) if gradient is not None else ():
                    tensors[f"{case}.d.absent.{slot}"] = gradient[slot].clone()
            else:
                tensors[f"{case}.d.{name}"] = gradient
        print(case, y[0, :3].tolist())
save_file({k: v.contiguous() for k, v in tensors.items()}, OUT)
