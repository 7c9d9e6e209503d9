"""Small SigLIP checkpoints with seeded weights under Hugging Face's names and under open_clip's, and what their own code makes of them.

    python scripts/golden/siglip.py crates/aio-model/tests/golden

Hugging Face's `SiglipModel` (the class of SigLIP and of SigLIP 2 at fixed sizes) and timm's `VisionTransformer` build the visual towers.
"""

import pathlib
import sys
import tempfile
from functools import partial

import timm
import torch
import torch.nn as nn
import transformers
from safetensors.torch import load_file, save_file
from timm.models.vision_transformer import VisionTransformer

OUT = pathlib.Path(sys.argv[1])
WIDTH, HEADS, DEPTH, PATCH, SIDE = 32, 2, 2, 8, 32
expected = {}


def seeded(module, seed):
    torch.manual_seed(seed)
    for name, p in module.named_parameters():
        nn.init.normal_(p, mean=1.0 if "norm" in name and name.endswith("weight") else 0.0, std=0.2)
    return module.eval()


def contiguous(state):
    return {k: v.detach().clone().contiguous() for k, v in state.items()}


torch.manual_seed(0)
picture = torch.randn(2, 3, SIDE, SIDE)
expected["picture"] = picture.permute(0, 2, 3, 1).contiguous()

sizes = dict(hidden_size=WIDTH, intermediate_size=64, num_hidden_layers=DEPTH, num_attention_heads=HEADS)
config = transformers.SiglipConfig(
    text_config=dict(vocab_size=11, max_position_embeddings=4, projection_size=WIDTH, **sizes), vision_config=dict(image_size=SIDE, patch_size=PATCH, **sizes)
)
model = seeded(transformers.SiglipModel(config), 1)
assert config.vision_config.hidden_act == "gelu_pytorch_tanh" and config.vision_config.layer_norm_eps == 1e-6
with tempfile.TemporaryDirectory() as folder:
    model.save_pretrained(folder)
    # One block of the text tower is enough to see that it is left out.
    state = {k: v for k, v in load_file(f"{folder}/model.safetensors").items() if "text_model.encoder.layers.1" not in k}
save_file(state, OUT / "siglip-hugging-face.safetensors")
tracked = picture.clone().requires_grad_()
output = model.vision_model(pixel_values=tracked).pooler_output
upstream = torch.randn(output.shape)
(output * upstream).sum().backward()
expected["siglip-hugging-face"] = output.detach().contiguous()
expected["upstream"] = upstream
expected["gradient"] = tracked.grad.permute(0, 2, 3, 1).contiguous()
print("siglip-hugging-face", output.flatten()[:3].tolist())

trunk = VisionTransformer(
    img_size=SIDE, patch_size=PATCH, embed_dim=WIDTH, depth=DEPTH, num_heads=HEADS, mlp_ratio=2.0, class_token=False, global_pool="map", num_classes=0,
    act_layer=partial(nn.GELU, approximate="tanh"),
)
trunk = seeded(trunk, 2)
state = {f"visual.trunk.{k}": v for k, v in contiguous(trunk.state_dict()).items()}
# The token table of another tokenizer, the projection with its bias, and the factors of the loss, as open_clip names them.
state |= {
    "text.token_embedding.weight": torch.zeros(11, 4), "text.positional_embedding": torch.zeros(6, 4), "text.transformer.resblocks.0.ln_1.weight": torch.zeros(4),
    "text.text_projection.weight": torch.zeros(4, 4), "text.text_projection.bias": torch.zeros(4), "text.ln_final.weight": torch.zeros(4),
    "logit_scale": torch.tensor(4.7), "logit_bias": torch.tensor(-10.0),
}
save_file(state, OUT / "siglip-open-clip.safetensors")
with torch.no_grad():
    expected["siglip-open-clip"] = trunk(picture).contiguous()
print("siglip-open-clip", expected["siglip-open-clip"].flatten()[:3].tolist())

save_file(contiguous(expected), OUT / "siglip.safetensors")
print(timm.__version__, transformers.__version__, torch.__version__)
