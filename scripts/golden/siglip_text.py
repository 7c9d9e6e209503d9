"""Small SigLIP text towers with seeded weights, small tokenizers of both kinds, and what transformers and open_clip make of sentences.

    python scripts/golden/siglip_text.py crates/aio-model/tests/golden

`SiglipTokenizer` reads a SentencePiece model that is trained here; `siglip-text-hugging-face.tokenizer.json` has the same pieces, converted as T5's are, whose class open_clip
uses for SigLIP. `Siglip2Tokenizer` writes `siglip2-text.tokenizer.json`. The text towers are `SiglipModel` of transformers and `TextTransformer` of open_clip.
"""

import json
import pathlib
import sys
import tempfile
from functools import partial

import open_clip
import sentencepiece
import torch
import torch.nn as nn
import transformers
from open_clip.transformer import TextTransformer
from safetensors.torch import load_file, save_file
from timm.models.vision_transformer import VisionTransformer
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers
from transformers import Siglip2Tokenizer, SiglipTokenizer, T5TokenizerFast
from transformers.convert_slow_tokenizer import SentencePieceExtractor

OUT = pathlib.Path(sys.argv[1])
# The text tower has heads of 64 channels, as every published one but that of so400m.
WIDTH, TEXT_WIDTH, MLP, HEADS, DEPTH, PATCH, SIDE, CONTEXT = 32, 128, 32, 2, 2, 8, 32, 16
WORDS = {
    "who": "a man,a woman,a boy,a girl,an old man,somebody,a person,two people".split(","),
    "what": "walks,stands,runs,waits,sits,is walking,is standing,wears a hat,carries a bag,looks back".split(","),
    "colour": "red,green,blue,black,white,grey,yellow,brown,dark blue,light grey".split(","),
    "cloth": "jacket,coat,dress,shirt,trousers,jeans,skirt,shoes,backpack,umbrella,scarf,hoodie".split(","),
    "where": "in the street,near a door,under a tree,at the station,in front of a shop,on the stairs".split(","),
}
CORPUS = [
    f"{who} {what} {where}, with a {colour} {cloth} and {other} {WORDS['cloth'][(i + j) % 12]}"
    for i, who in enumerate(WORDS["who"])
    for j, what in enumerate(WORDS["what"])
    for where, colour, other, cloth in [(WORDS["where"][(i * j) % 6], WORDS["colour"][(i + 2 * j) % 10], WORDS["colour"][(3 * i + j) % 10], WORDS["cloth"][(i * 5 + j) % 12])]
]
SENTENCES = [
    "a man in a red jacket",
    "A Woman, with a DARK-blue coat & grey shoes!",
    "  two\tpeople \n near the   station  ",
    "an_old_man's 2 umbrellas (black)",
    "Ein Mädchen läuft — naïve café, ﬁne ½ ™",
    "日本語 the street 🙂 ΟΔΟΣ",
    "▁somebody▁waits▁",
    "x",
    "zzzzqqqq",
    "a girl carries a bag and a boy wears a hat and somebody looks back and two people are waiting in front of a shop at the station",
    "...",
    "",
]


def seeded(module, seed):
    """Random weights that 16 bits hold exactly."""
    torch.manual_seed(seed)
    for name, p in module.named_parameters():
        is_scale = ("norm" in name or "ln_" in name) and name.endswith("weight")
        nn.init.normal_(p, mean=1.0 if is_scale else 0.0, std=0.2)
        p.data = p.data.half().float()
    return module.eval()


def halves(state):
    return {k: v.detach().clone().contiguous().half() for k, v in state.items()}


def padded(tokenizer, sentences):
    return tokenizer(sentences, padding="max_length", max_length=CONTEXT, truncation=True, padding_side="right", return_tensors="pt").input_ids


expected = {}
with tempfile.TemporaryDirectory() as name:
    folder = pathlib.Path(name)
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter([line.lower().replace(",", "") for line in CORPUS]), model_prefix=str(folder / "spiece"), vocab_size=80,
        model_type="unigram", pad_id=0, eos_id=1, unk_id=2, bos_id=-1, num_threads=1, minloglevel=2,
    )
    slow = SiglipTokenizer(str(folder / "spiece.model"))
    proto = SentencePieceExtractor(str(folder / "spiece.model")).proto
    vocab = [(piece.piece, piece.score) for piece in proto.pieces]
    fast = T5TokenizerFast(vocab=vocab, extra_ids=0, _spm_precompiled_charsmap=proto.normalizer_spec.precompiled_charsmap)
    fast.save_pretrained(folder / "fast")
    (OUT / "siglip-text-hugging-face.tokenizer.json").write_text(json.dumps(json.loads((folder / "fast/tokenizer.json").read_text()), ensure_ascii=False, separators=(",", ":")))
    expected["siglip-ids"] = padded(slow, SENTENCES)
    # As open_clip uses it, behind its own cleaning.
    fast.pad_token_id = 1
    expected["open-clip-ids"] = padded(fast, [open_clip.tokenizer.canonicalize_text(text) for text in SENTENCES])

    trained = Tokenizer(models.BPE(unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    trained.normalizer, trained.pre_tokenizer = normalizers.Replace(" ", "▁"), pre_tokenizers.Split("▁", "merged_with_next")
    special = ["<pad>", "<eos>", "<bos>", "<unk>", "<mask>", *(f"<0x{byte:02X}>" for byte in range(256))]
    trained.train_from_iterator(CORPUS, trainers.BpeTrainer(vocab_size=400, special_tokens=special, show_progress=False))
    about = json.loads(trained.to_str())["model"]
    merges = [tuple(pair) for pair in about["merges"]]
    second = Siglip2Tokenizer(vocab=about["vocab"], merges=merges, add_bos_token=False, add_eos_token=True)
    second.save_pretrained(folder / "second")
    (OUT / "siglip2-text.tokenizer.json").write_text(
        json.dumps(json.loads((folder / "second/tokenizer.json").read_text()), ensure_ascii=False, separators=(",", ":"))
    )
    expected["siglip2-ids"] = padded(second, SENTENCES)
    print(len(slow), len(fast), len(second))

for key, tokenizer in (("siglip-ids", slow), ("open-clip-ids", fast), ("siglip2-ids", second)):
    for sentence, row in zip(SENTENCES, expected[key].tolist()):
        print(key, repr(sentence), row)

sizes = dict(num_hidden_layers=DEPTH, num_attention_heads=HEADS)
config = transformers.SiglipConfig(
    text_config=dict(vocab_size=len(slow), max_position_embeddings=CONTEXT, projection_size=WIDTH, hidden_size=TEXT_WIDTH, intermediate_size=MLP, **sizes),
    vision_config=dict(image_size=SIDE, patch_size=PATCH, hidden_size=WIDTH, intermediate_size=64, **sizes),
)
assert config.text_config.hidden_act == "gelu_pytorch_tanh" and config.text_config.layer_norm_eps == 1e-6
model = seeded(transformers.SiglipModel(config), 1)
with tempfile.TemporaryDirectory() as folder:
    model.save_pretrained(folder)
    save_file(halves(load_file(f"{folder}/model.safetensors")), OUT / "siglip-text-hugging-face.safetensors")
with torch.no_grad():
    expected["siglip"] = model.text_model(expected["siglip-ids"]).pooler_output


def table(rows):
    """The token table of the second model, which the tests make, too."""
    row, column = torch.meshgrid(torch.arange(rows), torch.arange(TEXT_WIDTH), indexing="ij")
    return ((row * 131 + column * 71 + row // 7 * column) % 1009 - 504) / 2048


# The same weights with the table of the second tokenizer: the class of SigLIP 2 at fixed sizes is SigLIP's.
model.text_model.embeddings.token_embedding = nn.Embedding.from_pretrained(table(len(second)))
with torch.no_grad():
    expected["siglip2"] = model.text_model(expected["siglip2-ids"]).pooler_output

trunk = seeded(
    VisionTransformer(
        img_size=SIDE, patch_size=PATCH, embed_dim=WIDTH, depth=DEPTH, num_heads=HEADS, mlp_ratio=2.0, class_token=False, global_pool="map", num_classes=0,
        act_layer=partial(nn.GELU, approximate="tanh"),
    ),
    2,
)
# The sizes and options of open_clip's `ViT-B-16-SigLIP2.json`.
tower = seeded(
    TextTransformer(
        context_length=CONTEXT, vocab_size=len(fast), width=TEXT_WIDTH, heads=HEADS, layers=DEPTH, mlp_ratio=MLP / TEXT_WIDTH, output_dim=WIDTH, no_causal_mask=True,
        pool_type="last", proj_bias=True, act_layer=partial(nn.GELU, approximate="tanh"), norm_layer=partial(nn.LayerNorm, eps=1e-6),
    ),
    3,
)
state = {f"visual.trunk.{k}": v for k, v in trunk.state_dict().items()} | {f"text.{k}": v for k, v in tower.state_dict().items()}
state |= {"logit_scale": torch.tensor(4.7), "logit_bias": torch.tensor(-10.0)}
save_file(halves(state), OUT / "siglip-text-open-clip.safetensors")
with torch.no_grad():
    expected["open-clip"] = tower(expected["open-clip-ids"])

(OUT / "siglip-text.sentences.json").write_text(json.dumps(SENTENCES, ensure_ascii=False, indent=1) + "\n")
save_file({k: v.detach().float().contiguous() for k, v in expected.items()}, OUT / "siglip-text.safetensors")
print(open_clip.__version__, transformers.__version__, torch.__version__, sentencepiece.__version__)
