"""Small DINOv3 checkpoints with seeded weights under three names, and what transformers and timm make of them for one picture.

    python scripts/golden/dinov3.py crates/aio-model/tests/golden

Hugging Face's `DINOv3ViTModel` and timm's `Eva` build the models. Meta's files have names of their own; timm's loader reads the one that is written here.
The picture is twice as high as wide, so that rows and columns differ.
"""

import pathlib
import sys
import tempfile
from functools import partial

import timm
import torch
import transformers
from safetensors.torch import load_file, save_file
from timm.models.eva import Eva, checkpoint_filter_fn

OUT = pathlib.Path(sys.argv[1])
WIDTH, HEADS, DEPTH, PATCH, REGISTERS = 32, 2, 2, 8, 4


def seeded(module, seed):
    torch.manual_seed(seed)
    for name, p in module.named_parameters():
        # Scales around 1, as trained ones are; everything else as small as in the other golden files.
        torch.nn.init.normal_(p, mean=1.0 if "norm" in name and name.endswith("weight") else 0.0, std=0.2)
    return module.eval()


def contiguous(state):
    return {k: v.detach().clone().contiguous() for k, v in state.items()}


torch.manual_seed(0)
picture = torch.randn(2, 3, 64, 32)
expected = {"picture": picture.permute(0, 2, 3, 1).contiguous()}


@torch.no_grad()
def keep(name, output):
    expected[name] = output.detach().contiguous()
    print(name, tuple(output.shape), output.flatten()[:3].tolist())


config = transformers.DINOv3ViTConfig(
    hidden_size=WIDTH, intermediate_size=64, num_hidden_layers=DEPTH, num_attention_heads=HEADS, patch_size=PATCH, image_size=32, num_register_tokens=REGISTERS
)
model = seeded(transformers.DINOv3ViTModel(config), 1)
# `save_pretrained` writes the names of the published files.
with tempfile.TemporaryDirectory() as folder:
    model.save_pretrained(folder)
    save_file(load_file(f"{folder}/model.safetensors"), OUT / "dinov3-hugging-face.safetensors")
tracked = picture.clone().requires_grad_()
output = model(pixel_values=tracked).pooler_output
keep("dinov3-hugging-face", output)
upstream = torch.randn(output.shape)
(output * upstream).sum().backward()
expected["upstream"] = upstream
expected["gradient"] = tracked.grad.permute(0, 2, 3, 1).contiguous()


def eva(**options):
    """The options of timm's `vit_small_patch16_dinov3`, with other sizes."""
    return Eva(
        img_size=32, patch_size=PATCH, embed_dim=WIDTH, depth=DEPTH, num_heads=HEADS, mlp_ratio=2.0, num_classes=0, init_values=1.0e-5, rope_type="dinov3",
        rope_temperature=100, rope_rotate_half=True, use_rot_pos_emb=True, use_abs_pos_emb=False, num_reg_tokens=REGISTERS, use_fc_norm=False,
        norm_layer=partial(timm.layers.LayerNorm, eps=1e-5), dynamic_img_size=True, global_pool="token", **options,
    )


model = seeded(eva(qkv_bias=False), 2)
save_file(contiguous(model.state_dict()), OUT / "dinov3-timm.safetensors")
keep("dinov3-timm", model(picture))

model = seeded(eva(qkv_bias=True), 3)
state = contiguous(model.state_dict())
save_file(state, OUT / "dinov3-timm-bias.safetensors")
keep("dinov3-timm-bias", model(picture))

# Meta's names. The bias of the keys is masked, whatever it is.
meta = {"mask_token": torch.zeros(1, WIDTH), "rope_embed.periods": torch.ones(WIDTH // HEADS // 4)}
for name, value in state.items():
    name = name.replace("gamma_1", "ls1.gamma").replace("gamma_2", "ls2.gamma").replace("reg_token", "storage_tokens")
    if name.endswith("attn.q_bias"):
        prefix = name.removesuffix("q_bias")
        meta[f"{prefix}qkv.bias"] = torch.cat([value, torch.full_like(value, 7.0), state[f"{prefix}v_bias"]])
        meta[f"{prefix}qkv.bias_mask"] = torch.cat([torch.ones_like(value), torch.zeros_like(value), torch.ones_like(value)])
    elif not name.endswith("attn.v_bias"):
        meta[name] = value
torch.save(meta, OUT / "dinov3-meta.pth")
again = eva(qkv_bias=True).eval()
again.load_state_dict(checkpoint_filter_fn(dict(meta), again))
keep("dinov3-meta", again(picture))

save_file(contiguous(expected), OUT / "dinov3.safetensors")
print(timm.__version__, transformers.__version__, torch.__version__)
