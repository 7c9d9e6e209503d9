"""CLIP's text tower: small seeded checkpoints under the names of openai/CLIP and of open_clip, and what open_clip's `encode_text` gives for them.

Values have 16 bits in the files, as in published ones. The token table, which would be large, is left out: it follows from `table`, and the Rust test
computes the same numbers.

    python scripts/golden/text_tower.py crates/aio-model/tests/golden
"""

import pathlib
import sys

import open_clip
import torch
import torch.nn as nn
from open_clip.model import CLIP, CLIPTextCfg, CLIPVisionCfg, CustomTextCLIP
from safetensors.torch import save_file

OUT = pathlib.Path(sys.argv[1])
CONTEXT, VOCABULARY, WIDTH, EMBEDDING = 77, 49408, 128, 24


def table():
    row, column = torch.arange(VOCABULARY)[:, None], torch.arange(WIDTH)[None, :]
    return ((row * 131 + column * 71 + row // 7 * column) % 1009 - 504) / 2048


def seeded(module, seed):
    torch.manual_seed(seed)
    for name, p in module.named_parameters():
        nn.init.normal_(p, std=0.2)
        p.data = p.data.half().float()
        if "token_embedding" in name:
            p.data = table()
    return module.eval()


# A sentence of the full length, short ones, and one without words: start token 49406, end token 49407, padded with 0.
lengths = [77, 12, 5, 2]
ids = torch.zeros(len(lengths), CONTEXT, dtype=torch.long)
generator = torch.Generator().manual_seed(3)
for row, length in zip(ids, lengths):
    row[1 : length - 1] = torch.randint(1, 49406, (length - 2,), generator=generator)
    row[0], row[length - 1] = 49406, 49407

vision = CLIPVisionCfg(layers=1, width=32, head_width=16, patch_size=8, image_size=16)
text = CLIPTextCfg(context_length=CONTEXT, vocab_size=VOCABULARY, width=WIDTH, heads=WIDTH // 64, layers=2, mlp_ratio=0.25)
expected = {"ids": ids.float()}
for name, Model, quick, seed in (("openai", CLIP, True, 1), ("open-clip", CustomTextCLIP, False, 2)):
    model = seeded(Model(embed_dim=EMBEDDING, vision_cfg=vision, text_cfg=text, quick_gelu=quick), seed)
    state = {k: v.half().contiguous() for k, v in model.state_dict().items() if "token_embedding" not in k and "attn_mask" not in k}
    if quick:
        state |= {"input_resolution": torch.tensor(16), "context_length": torch.tensor(77), "vocab_size": torch.tensor(49408)}
    save_file(state, OUT / f"text-tower-{name}.safetensors")
    with torch.no_grad():
        expected[name] = model.encode_text(ids).contiguous()
    print(name, expected[name][:2, :3].tolist())
    print(" ".join(k for k in state if not k.startswith("visual") and "resblocks.1" not in k))
save_file(expected, OUT / "text-tower.safetensors")
print(open_clip.__version__, torch.__version__)
