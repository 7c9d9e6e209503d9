"""Small PE-Core checkpoints with seeded weights under Meta's names and under open_clip's, and what Meta's own code makes of them.

    git clone https://github.com/facebookresearch/perception_models && git -C perception_models checkout 3e352cca660658d4b5c90f42a7808b11469e4c66
    python scripts/golden/pe.py perception_models crates/aio-model/tests/golden   # needs einops and huggingface_hub

Meta's `CLIP` (Apache-2.0) builds the models and computes the embeddings. open_clip holds the same model as timm's `Eva` and its own text tower: timm converts
the visual half here and computes its embedding once more.
"""

import pathlib
import sys
from functools import partial

import timm
import torch
from safetensors.torch import save_file
from timm.models.eva import Eva, checkpoint_filter_fn

sys.path.insert(0, sys.argv[1])
from core.vision_encoder.config import PEConfig, PETextConfig  # noqa: E402
from core.vision_encoder.pe import CLIP  # noqa: E402

OUT = pathlib.Path(sys.argv[2])
WIDTH, HEADS, DEPTH, PATCH, SIDE, EMBEDDING, CONTEXT, VOCABULARY = 32, 2, 2, 8, 32, 24, 12, 49408
expected = {}


def seeded(module, seed):
    torch.manual_seed(seed)
    for name, p in module.named_parameters():
        is_scale = ("ln_" in name or "layernorm" in name) and name.endswith("weight")
        torch.nn.init.normal_(p, mean=1.0 if is_scale else 0.0, std=0.02 if "token_embedding" in name else 0.2)
    return module.eval()


def contiguous(state):
    return {k: v.detach().clone().contiguous() for k, v in state.items()}


@torch.no_grad()
def keep(name, output):
    expected[name] = output.detach().contiguous()
    print(name, tuple(output.shape), output.flatten()[:3].tolist())


def pe(class_token, seed):
    # The table of a narrow text tower is small; its width is of no matter.
    vision = PEConfig(PATCH, WIDTH, DEPTH, HEADS, 2.0, EMBEDDING, image_size=SIDE, use_cls_token=class_token, attn_pooler_heads=8)
    model = seeded(CLIP(vision, PETextConfig(CONTEXT, 4, 1, 2, EMBEDDING, vocab_size=VOCABULARY)), seed)
    # Sixteen bits are enough for the table, which is most of the file.
    model.token_embedding.half().float()
    return model


torch.manual_seed(0)
picture = torch.randn(2, 3, SIDE, SIDE)
expected["picture"] = picture.permute(0, 2, 3, 1).contiguous()
# A caption that fits, and one that Meta's tokenizer would cut, whose last token becomes the end token.
ids = torch.zeros(2, CONTEXT, dtype=torch.long)
ids[0, :5] = torch.tensor([49406, 320, 2533, 589, 49407])
ids[1] = torch.tensor([49406, *range(1000, 1000 + CONTEXT - 2), 49407])
expected["ids"] = ids.float()

for name, class_token, seed in (("pe", True, 1), ("pe-without-class-token", False, 2)):
    model = pe(class_token, seed)
    state = contiguous(model.state_dict())
    if not class_token:
        state = {k: v for k, v in state.items() if k.startswith("visual.")}
    else:
        keep("pe.text", model.encode_text(ids))
        state["token_embedding.weight"] = state["token_embedding.weight"].half()
    torch.save(state, OUT / f"{name}.pt")
    keep(name, model.encode_image(picture))

# The names of open_clip: timm's below `visual.trunk.`, the text tower below `text.`.
model = pe(True, 3)
state = contiguous(model.state_dict())
trunk = Eva(
    img_size=SIDE, patch_size=PATCH, embed_dim=WIDTH, depth=DEPTH, num_heads=HEADS, mlp_ratio=2.0, num_classes=EMBEDDING, global_pool="map", attn_type="rope",
    use_pre_transformer_norm=True, use_rot_pos_emb=True, ref_feat_shape=(SIDE // PATCH, SIDE // PATCH), rope_grid_offset=1.0, rope_grid_indexing="xy",
    attn_pool_num_heads=8, attn_pool_mlp_ratio=4.0, norm_layer=partial(timm.layers.LayerNorm, eps=1e-5),
).eval()
trunk.load_state_dict(checkpoint_filter_fn(dict(state), trunk))
# timm has a bias of the projection, which Meta's model lacks.
torch.nn.init.normal_(trunk.head.bias, std=0.2)
renamed = {f"visual.trunk.{k}": v for k, v in contiguous(trunk.state_dict()).items()}
renamed |= {(k if k == "logit_scale" else f"text.{k}"): v for k, v in state.items() if not k.startswith("visual.")}
del renamed["text.token_embedding.weight"]
save_file(renamed, OUT / "pe-open-clip.safetensors")
keep("pe-open-clip", trunk(picture))
assert ((trunk(picture) - trunk.head.bias) - model.encode_image(picture)).abs().max() < 1e-5

save_file(contiguous(expected), OUT / "pe.safetensors")
print(timm.__version__, torch.__version__)
