"""A model of this project in plain PyTorch, and its export to ONNX (Burn has no ONNX exporter).

    python -m venv venv && venv/bin/pip install torch numpy safetensors pillow onnx onnxscript onnxruntime
    venv/bin/python scripts/interop/aio_torch.py MODEL.safetensors                       # loads the model and runs one forward pass on empty pictures
    venv/bin/python scripts/interop/aio_torch.py MODEL.safetensors --against F.safetensors PICTURE…   # compares with the features that `aio embed PICTURE…` wrote
    venv/bin/python scripts/interop/aio_torch.py MODEL.safetensors --onnx DIR            # writes ONNX files and compares them (aio_onnx.py, docs/weights.md)

For the comparison, use PNG files of exactly the model's size. Pillow decodes JPEG differently and rounds differently when it resizes.

MODEL is the `weights.safetensors` of a run's model directory, a file from `aio pretrain`, or a file from `aio weights convert`. A sequence can contain any
of the model's modalities: `Model.embed({"rgb": pictures, "text": ids})`.
"""

import argparse
import json
import math
import struct

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from safetensors.torch import load_file


def metadata(path):
    with open(path, "rb") as file:
        header = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
    return json.loads(header["__metadata__"]["aio"])


class Ibn(nn.Module):
    """Instance normalisation of the first channels, batch normalisation of the others, one affine map, ReLU."""

    def __init__(self, state, prefix):
        super().__init__()
        for name in ("weight", "bias", "running_mean", "running_var"):
            self.register_buffer(name, state[f"{prefix}.{name}"])
        self.instance = len(self.weight) - len(self.running_mean)

    def forward(self, x):
        own, shared = x[:, : self.instance], x[:, self.instance :]
        if self.instance:
            own = (own - own.mean((2, 3), keepdim=True)) / (own.var((2, 3), unbiased=False, keepdim=True) + 1e-5).sqrt()
        shared = (shared - self.running_mean[:, None, None]) / (self.running_var[:, None, None] + 1e-5).sqrt()
        return (torch.cat([own, shared], 1) * self.weight[:, None, None] + self.bias[:, None, None]).relu()


class Stem(nn.Module):
    """Pictures [batch, 3, height, width] to tokens [batch, rows · columns, width]."""

    def __init__(self, state, prefix, kind, patch):
        super().__init__()
        count = len({k.split(".")[3] for k in state if k.startswith(f"{prefix}.layers.")})
        self.convs = [state[f"{prefix}.layers.{i}.conv.weight"] for i in range(count)]
        self.norms = nn.ModuleList(Ibn(state, f"{prefix}.layers.{i}.norm") for i in range(count))
        self.proj, self.bias, self.positions = (state[f"{prefix}.{n}"] for n in ("proj.weight", "proj_bias", "positions"))
        halvings = (patch // self.proj.shape[-1]).bit_length() - 1
        # TransReID-SSL's stem halves the size once, in its first layer. The pyramid halves it in its first two layers, then in every second layer.
        self.strides = [2, 1, 1] if kind == "transreid-ssl" else [2] * min(2, halvings) + [2, 1] * max(0, halvings - 2)

    def forward(self, x):
        for conv, norm, stride in zip(self.convs, self.norms, self.strides):
            x = norm(F.conv2d(x, conv, stride=stride, padding=conv.shape[-1] // 2))
        x = F.conv2d(x, self.proj, self.bias, stride=self.proj.shape[-1])
        return x.flatten(2).transpose(1, 2) + self.positions


def turned(x, cosines, sines):
    """Queries or keys [batch, heads, tokens, head_dim], of which the first tokens are turned: all words and prompts stand behind them."""
    count = len(cosines)
    a, b = x[:, :, :count].chunk(2, -1)
    return torch.cat([torch.cat([a * cosines - b * sines, b * cosines + a * sines], -1), x[:, :, count:]], 2)


class Model(nn.Module):
    def __init__(self, path):
        super().__init__()
        # A file may store 16 bits per number. Everything is computed with 32.
        self.about, self.state = metadata(path), {name: tensor.float() for name, tensor in load_file(path).items()}
        self.config, self.preprocessing = self.about["config"], self.about["preprocessing"]
        stem = self.config["tokenizers"]["stem"]
        visual = [m for m in ("rgb", "infrared", "sketch", "colour_pencil") if f"tokenizers.{m}.proj.weight" in self.state]
        self.stems = nn.ModuleDict({m: Stem(self.state, f"tokenizers.{m}", stem["kind"], stem["patch"]) for m in visual})
        # Text has an encoder of its own, or enters the sequence of the other modalities.
        self.tower = self.config.get("text_tower")
        self.text_prefix = "text_tower.tokenizer" if self.tower else "tokenizers.text"
        self.context = len(self.state.get(f"{self.text_prefix}.positions", ()))
        self.modalities = [*visual, "text"] if self.context else visual
        self.fusion = self.config.get("fusion", "sequence")
        if self.fusion not in ("sequence", "mean", "mixer"):
            raise SystemExit(f"error: {path}: config.fusion is {self.fusion!r}, expected 'sequence', 'mean' or 'mixer'\nhint: use the script of the version that wrote the file")

    def norm(self, x, name, config):
        return F.layer_norm(x, x.shape[-1:], self.state[f"{name}.weight"], self.state[f"{name}.bias"], config["epsilon"])

    def linear(self, x, name):
        return F.linear(x, self.state[f"{name}.weight"], self.state.get(f"{name}.bias"))

    def text(self, ids):
        rows = F.embedding(ids, self.state[f"{self.text_prefix}.embedding.weight"])
        if f"{self.text_prefix}.proj.weight" in self.state:
            rows = self.linear(rows, f"{self.text_prefix}.proj")
        return rows + self.state[f"{self.text_prefix}.positions"][: ids.shape[1]]

    def adapted(self, x, name, layer, config, experts):
        """A linear map of the attention with the mean of the low-rank maps of some experts, if there are any."""
        y = self.linear(x, f"{name}.attn.{layer}")
        lora = (config.get("adapters") or {"kind": {}})["kind"].get("lora")
        if not lora or not experts:
            return y
        maps = [[self.state[f"{name}.adapters.experts.{e}.{layer}.lora_{part}.weight"] for part in "ab"] for e in experts]
        return y + lora["alpha"] / lora["rank"] * sum(F.linear(F.linear(x, a), b) for a, b in maps) / len(maps)

    def angles(self, front, pictures, config):
        """Cosines and sines [tokens, head_dim / 2] of rotary positions: for `front` tokens that lie on no grid, then for the grids of some pictures."""
        rotary, count = config["rotary"], config["width"] // config["heads"] // 4
        frequencies = torch.tensor([rotary["base"] ** (-k / count) for k in range(count)], dtype=torch.float64)
        at = {
            "centred": lambda i, n: 2 * math.pi * (2 * (i + 0.5) / n - 1),
            "counted-from-one": lambda i, n: i + 1.0,
            "counted-from-zero": lambda i, n: float(i),
        }[rotary["coordinates"]]
        patch = self.config["tokenizers"]["stem"]["patch"]
        sizes = [self.preprocessing[side] // patch for side in ("height", "width")]
        places = torch.cartesian_prod(*(torch.tensor([at(i, n) for i in range(n)], dtype=torch.float64) for n in sizes))
        grid = (places[:, :, None] * frequencies).flatten(1)
        angles = torch.cat([grid.new_zeros(front, 2 * count)] + [grid] * pictures)
        return angles.cos().float(), angles.sin().float()

    def blocks(self, x, keep, prefix, config, experts=(), angles=None):
        """Tokens [batch, tokens, width]; nothing attends to those that `keep` [batch, tokens], if there is one, marks as padding."""
        if config["pre_norm"]:
            x = self.norm(x, f"{prefix}.norm_pre", config)
        tokens = x.shape[1]
        for i in range(config["depth"]):
            name = f"{prefix}.blocks.{i}"
            prompts = [self.state[key] for e in experts if (key := f"{name}.adapters.experts.{e}.prompts") in self.state]
            mask = keep
            if prompts:
                x = torch.cat([x, torch.cat(prompts).expand(x.shape[0], -1, -1)], 1)
                mask = None if keep is None else torch.cat([keep, keep.new_ones(x.shape[0], x.shape[1] - tokens)], 1)
            mask = None if mask is None else mask[:, None, None, :]
            scale = (lambda y, ls: y * self.state[f"{name}.{ls}"]) if config["layer_scale"] else (lambda y, ls: y)
            b, n, d = x.shape
            q, k, v = self.adapted(self.norm(x, f"{name}.norm1", config), name, "qkv", config, experts).reshape(b, n, 3, config["heads"], -1).permute(2, 0, 3, 1, 4)
            if angles:
                q, k = turned(q, *angles), turned(k, *angles)
            y = F.scaled_dot_product_attention(q, k, v, attn_mask=mask, is_causal=config.get("causal", False)).transpose(1, 2).reshape(b, n, d)
            x = x + scale(self.adapted(y, name, "proj", config, experts), "ls1")
            y = self.linear(self.norm(x, f"{name}.norm2", config), f"{name}.mlp.fc1")
            x = x + scale(self.linear(self.activated(y, config), f"{name}.mlp.fc2"), "ls2")
            if prompts:
                x = x[:, :tokens]
        return x

    def pooled(self, x, keep, config, pooling):
        """Attention pooling of normalised tokens [batch, tokens, width]; it takes nothing of what `keep`, if there is one, marks as padding."""
        b, n, d = x.shape
        k, v = self.linear(x, "projection.pooling.kv").reshape(b, n, 2, pooling["heads"], -1).permute(2, 0, 3, 1, 4)
        q = self.state["projection.pooling.query"].reshape(1, pooling["heads"], 1, -1).expand(b, -1, -1, -1)
        mask = None if keep is None else keep[:, None, None, :]
        x = self.linear(F.scaled_dot_product_attention(q, k, v, attn_mask=mask).reshape(b, d), "projection.pooling.proj")
        y = self.activated(self.linear(self.norm(x, "projection.pooling.norm", config), "projection.pooling.fc1"), config)
        return x + self.linear(y, "projection.pooling.fc2")

    def activated(self, x, config):
        if config["activation"] == "quick-gelu":
            return x * torch.sigmoid(1.702 * x)
        return F.gelu(x, approximate="tanh" if config["activation"] == "gelu-tanh" else "none")

    def project(self, x, prefix, config):
        return self.linear(self.norm(x, f"{prefix}projection.norm", config), f"{prefix}projection.linear")

    def embed(self, inputs):
        """Embeds normalised pictures [batch, 3, height, width] by modality and `text` ids [batch, length], 0 where padded. Modalities enter one sequence, text
        last, or are embedded alone and combined, as the weights say. Sentences of a text tower are always embedded alone."""
        known = [m for m in self.modalities if m in inputs]
        alone = [m for m in known if self.fusion != "sequence" or (self.tower and m == "text")]
        together = {m: inputs[m] for m in known if m not in alone}
        parts = [self.sequence(together)] if together else []
        for m in alone:
            parts.append(self.sentence(inputs[m]) if self.tower and m == "text" else self.sequence({m: inputs[m]}))
        learned = self.fusion == "mixer" and self.config.get("absent") == "learned"
        if len(parts) == 1 and not learned:
            return parts[0]
        length = sum(part.norm(dim=1, keepdim=True) for part in parts) / len(parts)
        units = [F.normalize(part) for part in parts]
        mean = sum(units) / len(units)
        return (mean + self.mixed(alone, units) if self.fusion == "mixer" else mean) * length

    def sentence(self, ids):
        """Embeds sentences with the text tower. That of SigLIP sees what a sentence is filled with, and gives its last token."""
        pieces = self.config.get("text_pieces")
        end, padding = (pieces["end"], pieces["padding"]) if pieces else (49407, 0)
        if ids.shape[1] > self.context:
            # A sentence that is cut ends with the end token. CLIP's padding is also an exclamation mark within a word: it is padding where nothing else follows.
            last = ids[:, self.context - 1 : self.context]
            is_cut = (ids[:, self.context - 1 :] != padding).any(1, keepdim=True)
            ids = torch.cat([ids[:, : self.context - 1], torch.where(is_cut, end, last)], 1)
        if pieces:
            ids = F.pad(ids, (0, self.context - ids.shape[1]), value=padding)
        tokens = self.blocks(self.text(ids), None, "text_tower.encoder", self.tower)
        if pieces:
            return self.project(tokens[:, -1], "text_tower.", self.tower)
        ends = ids.argmax(1)[:, None, None].expand(-1, 1, tokens.shape[-1])
        return self.project(tokens.gather(1, ends)[:, 0], "text_tower.", self.tower)

    def mixed(self, present, units):
        """What the mixer adds to the mean of the unit embeddings of the modalities that are present; every modality of the model has a slot."""
        size = units[0].shape[1] ** 0.5
        features = {m: unit * size for m, unit in zip(present, units)}
        slots = list(enumerate(self.modalities))
        norm = lambda x, name: F.layer_norm(x, x.shape[-1:], self.state[f"mixer.{name}.weight"], self.state[f"mixer.{name}.bias"], 1e-6)
        mlp = lambda x, name: self.linear(F.gelu(self.linear(x, f"mixer.{name}.fc1")), f"mixer.{name}.fc2")
        vectors = {m: self.state.get(f"mixer.absent.{slot}") for slot, m in slots}
        zeros = torch.zeros_like(units[0])
        # A slot without a feature and without a vector enters the map over the slots as zeros, behind the normalisation.
        held = [norm(x if x.dim() == 2 else x.expand_as(zeros), "norm1") if (x := features.get(m, vectors[m])) is not None else zeros for _, m in slots]
        over_slots = mlp(torch.stack(held, 2), "mlp_tokens").transpose(1, 2)[:, [slot for slot, m in slots if m in features]]
        x = torch.stack([features[m] for m in present], 1) + over_slots
        return (over_slots + mlp(norm(x, "norm2"), "mlp_channels")).mean(1) / size

    def sequence(self, inputs):
        """Embeds all inputs in one sequence."""
        parts = [self.stems[m](inputs[m]) for m in self.stems if m in inputs]
        if "text" in inputs:
            parts.append(self.text(inputs["text"]))
        batch = parts[0].shape[0]
        front = [self.state["tokenizers.cls"], self.state.get("tokenizers.registers")]
        # Learned tokens stand for modalities that the sequence lacks.
        absent = [self.state.get(f"tokenizers.absent.{m}") for m in self.modalities if m not in inputs]
        front += [token[None] for token in absent if token is not None]
        front = torch.cat([t for t in front if t is not None]).expand(batch, -1, -1)
        tokens, keep = torch.cat([front, *parts], 1), None
        if "text" in inputs:
            # Id 0 is padding behind the last token, and an exclamation mark before it.
            words = (inputs["text"] > 0).long().flip(1).cumsum(1).flip(1) > 0
            keep = torch.cat([words.new_ones(batch, tokens.shape[1] - words.shape[1]), words], 1)
        if not self.config["tokenizers"].get("class_token", True):
            # [CLS] keeps its place, and nothing attends to it.
            rest = torch.ones(batch, tokens.shape[1] - 1, dtype=torch.bool) if keep is None else keep[:, 1:]
            keep = torch.cat([torch.zeros_like(rest[:, :1]), rest], 1)
        # The modalities of the sequence are the experts of the adapters, numbered in their order.
        known = list(self.stems) if self.tower else self.modalities
        experts = [number for number, m in enumerate(known) if m in inputs]
        encoder, angles = self.config["encoder"], None
        if "rotary" in encoder:
            angles = self.angles(front.shape[1], sum(m in inputs for m in self.stems), encoder)
        tokens = self.blocks(tokens, keep, "encoder", encoder, experts, angles)
        if "pooling" not in self.config:
            return self.project(tokens[:, 0], "", encoder)
        tokens = self.norm(tokens, "projection.norm", encoder)
        return self.linear(self.pooled(tokens, keep, encoder, self.config["pooling"]), "projection.linear")

    def pictures(self, paths):
        """Decodes, resizes (bilinear, antialiased) and normalises pictures."""
        from PIL import Image

        p = self.preprocessing
        images = [np.asarray(Image.open(f).convert("RGB").resize((p["width"], p["height"]), Image.Resampling.BILINEAR)) for f in paths]
        x = torch.tensor(np.stack(images)).permute(0, 3, 1, 2).float() / 255
        return (x - torch.tensor(p["mean"])[:, None, None]) / torch.tensor(p["std"])[:, None, None]


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("model")
    parser.add_argument("pictures", nargs="*")
    parser.add_argument("--against", metavar="FILE", help="features that `aio embed` wrote for the same pictures")
    parser.add_argument("--onnx", metavar="DIR", help="write one ONNX file per modality into this folder")
    parser.add_argument("--combine", metavar="A+B", action="append", default=[], help="with --onnx: one more file for these modalities together, such as rgb+text")
    arguments = parser.parse_intermixed_args()
    if arguments.onnx and (arguments.against or arguments.pictures):
        parser.error("--onnx takes no pictures and no --against")
    if arguments.onnx and arguments.onnx.endswith(".onnx"):
        parser.error("--onnx takes a folder, because every modality has a file of its own")
    if arguments.combine and not arguments.onnx:
        parser.error("--combine needs --onnx")
    model = Model(arguments.model).eval()
    with torch.no_grad():
        if arguments.onnx:
            import aio_onnx

            aio_onnx.export(model, arguments.model, arguments.onnx, arguments.combine)
        elif arguments.against:
            ours = torch.tensor(load_file(arguments.against)["features"].numpy())
            difference = (model.embed({"rgb": model.pictures(arguments.pictures)}) - ours).abs().max().item()
            print(f"largest difference {difference:.2e} over {tuple(ours.shape)}")
            assert difference < 1e-4, "the two do not agree to 1e-4"
        else:
            p = model.preprocessing
            picture = torch.zeros(2, 3, p["height"], p["width"])
            print("embedding", tuple(model.embed({m: picture for m in model.stems}).shape))
