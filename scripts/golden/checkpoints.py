"""Small checkpoints in the layouts of other projects, with seeded weights, and the outputs of the original code for one input.

timm and open_clip build the models. Meta-Transformer uses timm's blocks, as its README says. The stem of TransReID-SSL is written here.

    python scripts/golden/checkpoints.py crates/aio-model/tests/golden
"""

import pathlib
import sys
from functools import partial

import open_clip
import timm
import torch
import torch.nn as nn
from ibn import Ibn
from open_clip.model import CLIP, CLIPTextCfg, CLIPVisionCfg
from safetensors.torch import save_file
from timm.models.vision_transformer import Block, VisionTransformer

OUT = pathlib.Path(sys.argv[1])
WIDTH, HEADS, DEPTH, SIDE, PATCH = 32, 2, 2, 32, 8


def seeded(module, seed):
    torch.manual_seed(seed)
    for name, p in module.named_parameters():
        nn.init.normal_(p, std=0.02 if "token_embedding" in name else 0.2)
    for name, b in module.named_buffers():
        if name.endswith("running_mean"):
            nn.init.normal_(b, std=0.3)
        if name.endswith("running_var"):
            nn.init.uniform_(b, 0.5, 1.5)
    return module.eval()


def contiguous(state):
    return {k: v.detach().clone().contiguous() for k, v in state.items()}


torch.manual_seed(0)
picture = torch.randn(2, 3, SIDE, SIDE)
expected = {"picture": picture.permute(0, 2, 3, 1).contiguous()}


@torch.no_grad()
def keep(name, state, output, legacy=False):
    """Writes a checkpoint as safetensors or, where its authors publish .pth files, as .pth."""
    if legacy:
        torch.save(contiguous(state), OUT / f"{name}.pth")
    else:
        save_file(contiguous(state), OUT / f"{name}.safetensors")
    expected[name] = output.detach().contiguous()
    print(name, tuple(output.shape), output.flatten()[:3].tolist())


# timm: the embedding is the normalised [CLS]. For CLIP's weights, timm stores the projection as the head.
def vit(**options):
    return VisionTransformer(img_size=SIDE, patch_size=PATCH, embed_dim=WIDTH, depth=DEPTH, num_heads=HEADS, **options)


def cls(model):
    return model.forward_features(picture)[:, 0]


model = seeded(vit(num_classes=7), 1)
keep("timm-augreg", model.state_dict(), cls(model))
model = seeded(vit(num_classes=24, pre_norm=True, norm_layer=nn.LayerNorm), 2)
model.head = nn.Linear(WIDTH, 24, bias=False)
seeded(model, 2)
keep("timm-clip", model.state_dict(), model(picture))
model = seeded(vit(num_classes=0, init_values=1.0, reg_tokens=4, no_embed_class=False), 3)
# DINOv2's names. Registers follow [CLS] and have no position.
state = model.state_dict()
dinov2 = {("register_tokens" if k == "reg_token" else k): v for k, v in state.items()}
dinov2["mask_token"] = torch.zeros(1, WIDTH)
position = dinov2["pos_embed"]
model_positions = position


@torch.no_grad()
def dinov2_forward(state):
    """DINOv2's order: positions are added to [CLS] and patches, then the registers are inserted between them."""
    x = model.patch_embed(picture)
    x = torch.cat([state["cls_token"].expand(2, -1, -1), x], 1) + state["pos_embed"]
    x = torch.cat([x[:, :1], state["register_tokens"].expand(2, -1, -1), x[:, 1:]], 1)
    for block in model.blocks:
        x = block(x)
    return model.norm(x)[:, 0]


dinov2["pos_embed"] = torch.randn(1, 1 + (SIDE // PATCH) ** 2, WIDTH, generator=torch.Generator().manual_seed(4)) * 0.2
keep("dinov2", dinov2, dinov2_forward(dinov2))
# DINO: timm's names with a prefix. MAE: timm's names together with a decoder.
model = seeded(vit(num_classes=0), 5)
keep("dino", {f"teacher.backbone.{k}": v for k, v in model.state_dict().items()} | {"teacher.head.mlp.0.weight": torch.zeros(3, WIDTH)}, cls(model), legacy=True)
model = seeded(vit(num_classes=0), 6)
keep("mae", dict(model.state_dict()) | {"mask_token": torch.zeros(1, 1, 16), "decoder_embed.weight": torch.zeros(16, WIDTH), "decoder_pos_embed": torch.zeros(1, 17, 16)}, cls(model), legacy=True)
# DeiT with a distillation token, which follows [CLS] and has its own position.
model = seeded(timm.models.deit.VisionTransformerDistilled(img_size=SIDE, patch_size=PATCH, embed_dim=WIDTH, depth=DEPTH, num_heads=HEADS, num_classes=5), 7)
keep("deit", model.state_dict(), model.forward_features(picture)[:, 0])


# open_clip's ViT, and OpenAI's ViT with QuickGELU and the three scalars of its files.
def clip(quick):
    vision = CLIPVisionCfg(layers=DEPTH, width=WIDTH, head_width=WIDTH // HEADS, patch_size=PATCH, image_size=SIDE)
    text = CLIPTextCfg(context_length=77, vocab_size=49408, width=2, heads=1, layers=1)
    return CLIP(embed_dim=24, vision_cfg=vision, text_cfg=text, quick_gelu=quick)


for name, quick, seed in (("open-clip", False, 8), ("openai-clip", True, 9)):
    model = seeded(clip(quick), seed)
    state = dict(model.state_dict())
    if quick:
        state |= {"input_resolution": torch.tensor(SIDE), "context_length": torch.tensor(77), "vocab_size": torch.tensor(49408)}
        # Only the other file keeps its token table, so this one stays small.
        del state["token_embedding.weight"]
    keep(name, state, model.encode_image(picture))
    # Positions for a picture of twice the height: bicubic, corners not aligned, not antialiased.
    side = SIDE // PATCH
    plane = state["visual.positional_embedding"].detach()[1:].reshape(1, side, side, WIDTH).permute(0, 3, 1, 2)
    plane = nn.functional.interpolate(plane, size=(2 * side, side), mode="bicubic", align_corners=False)
    expected[f"{name}.regridded"] = plane.permute(0, 2, 3, 1).reshape(-1, WIDTH).contiguous()

# Meta-Transformer: only the blocks, applied to given tokens.
blocks = seeded(nn.Sequential(*[Block(dim=WIDTH, num_heads=HEADS, mlp_ratio=4.0, qkv_bias=True, norm_layer=nn.LayerNorm, act_layer=nn.GELU) for _ in range(DEPTH)]), 10)
tokens = torch.randn(2, 5, WIDTH)
expected["tokens"] = tokens
keep("meta-transformer", blocks.state_dict(), blocks(tokens), legacy=True)


# TransReID-SSL's stem in front of timm's blocks, for pictures twice as high as wide.
class Stem(nn.Module):
    def __init__(self, channels=8):
        super().__init__()
        conv = lambda i, k, s: nn.Conv2d(i, channels, k, s, k // 2, bias=False)
        self.conv = nn.Sequential(conv(3, 7, 2), Ibn(channels), nn.ReLU(), conv(channels, 3, 1), Ibn(channels), nn.ReLU(), conv(channels, 3, 1), nn.BatchNorm2d(channels), nn.ReLU())
        self.proj = nn.Conv2d(channels, WIDTH, PATCH // 2, PATCH // 2)

    def forward(self, x):
        return self.proj(self.conv(x)).flatten(2).transpose(1, 2)


class Ssl(nn.Module):
    def __init__(self, tokens):
        super().__init__()
        self.cls_token, self.pos_embed = nn.Parameter(torch.zeros(1, 1, WIDTH)), nn.Parameter(torch.zeros(1, 1 + tokens, WIDTH))
        self.patch_embed = Stem()
        self.blocks = nn.Sequential(*[Block(dim=WIDTH, num_heads=HEADS, qkv_bias=True, norm_layer=partial(nn.LayerNorm, eps=1e-6)) for _ in range(DEPTH)])
        self.norm = nn.LayerNorm(WIDTH, eps=1e-6)

    def forward(self, x):
        x = torch.cat([self.cls_token.expand(len(x), -1, -1), self.patch_embed(x)], 1) + self.pos_embed
        return self.norm(self.blocks(x))[:, 0]


tall = torch.randn(2, 3, 2 * SIDE, SIDE)
expected["tall"] = tall.permute(0, 2, 3, 1).contiguous()
model = seeded(Ssl(2 * (SIDE // PATCH) ** 2), 11)
keep("transreid-ssl", model.state_dict(), model(tall), legacy=True)


# timm's vit_*_reg4_dinov2: the patches alone have positions.
model = seeded(vit(num_classes=0, init_values=1.0, reg_tokens=4, no_embed_class=True), 12)
keep("timm-no-embed-class", model.state_dict(), cls(model))


# A pickle that calls a function, which the reader must refuse. The call is harmless.
class Call:
    def __reduce__(self):
        return print, ("this must never be printed",)


torch.save({"blocks.0.norm1.weight": torch.zeros(3), "x": Call()}, OUT / "call.pth")
save_file(contiguous(expected), OUT / "expected.safetensors")
print(timm.__version__, open_clip.__version__, torch.__version__)
