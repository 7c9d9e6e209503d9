"""Compares ONNX files in onnxruntime with the program, for every modality, and runs the example of docs/weights.md: just test-onnx PYTHON.

The program tokenizes, decodes, normalises and embeds; of this only the token ids are used here. Pictures are parts of a rendered sheet, as PNG files of the model's size.
"""

import csv
import importlib.util
import json
import os
import re
import runpy
import subprocess
import sys
import tempfile
from pathlib import Path

NEEDED = {"torch": "torch", "numpy": "numpy", "safetensors": "safetensors", "PIL": "pillow", "onnx": "onnx", "onnxscript": "onnxscript", "onnxruntime": "onnxruntime"}
missing = [package for module, package in NEEDED.items() if importlib.util.find_spec(module) is None]
if missing:
    raise SystemExit(f"error: {sys.executable} lacks {', '.join(missing)}\nhint: {sys.executable} -m pip install {' '.join(missing)}")

import aio_onnx
import aio_torch
import numpy as np
import onnx
import onnxruntime
import torch
from PIL import Image
from safetensors.numpy import load_file, save_file

repository = Path(__file__).resolve().parents[2]
program = Path(sys.argv[1]).resolve()
embedded = repository / "crates/aio-encoder/weights/embedded.safetensors"
checkpoints = repository / "crates/aio-model/tests/golden"
VISUAL = ("rgb", "infrared", "sketch", "colour-pencil")
CAPTIONS = ["a man in a red jacket", "a woman with long dark hair, a white dress and a brown bag over her left shoulder, walking", "boots", ""]
TOLERANCE = 1e-4


def step(name):
    print(f"  {name}", flush=True)


def call(*command, **options):
    return subprocess.run([str(word) for word in command], check=True, stdout=subprocess.PIPE, text=True, **options).stdout


def with_every_stem(path):
    """Writes the embedded weights with one more stem for every other visual modality. Noise makes each of them another stem."""
    random, tensors = np.random.default_rng(0), load_file(embedded)
    for modality in ("infrared", "sketch", "colour_pencil"):
        for name in [name for name in tensors if name.startswith("tokenizers.rgb.")]:
            values = tensors[name].astype(np.float32)
            tensors[name.replace(".rgb.", f".{modality}.")] = (values * random.uniform(0.8, 1.2, values.shape)).astype(tensors[name].dtype)
    about = aio_torch.metadata(embedded)
    about["config"]["tokenizers"]["modalities"] = "+".join((*VISUAL, "text"))
    save_file(tensors, path, {"aio": json.dumps(about)})


def with_fusion(source, path, fusion):
    """Writes weights with every stem and a random mixer, or random tokens, that stand for absent modalities."""
    random, tensors, about = np.random.default_rng(1), load_file(source), aio_torch.metadata(source)
    names = about["config"]["tokenizers"]["modalities"].split("+")
    draw = lambda *shape: random.normal(0, 0.3, shape).astype(np.float32)
    if fusion == "mixer":
        width, slots = len(tensors["projection.linear.weight"]), len(names)
        for norm in ("norm1", "norm2"):
            tensors |= {f"mixer.{norm}.weight": 1 + draw(width), f"mixer.{norm}.bias": draw(width)}
        for name, size, hidden in (("mlp_tokens", slots, 20), ("mlp_channels", width, 4 * width)):
            tensors |= {f"mixer.{name}.fc1.weight": draw(hidden, size) / size**0.5, f"mixer.{name}.fc1.bias": draw(hidden)}
            tensors |= {f"mixer.{name}.fc2.weight": draw(size, hidden) / hidden**0.5, f"mixer.{name}.fc2.bias": draw(size)}
        tensors |= {f"mixer.absent.{slot}": draw(width) for slot in range(slots)}
    else:
        width = tensors["tokenizers.cls"].shape[1]
        tensors |= {f"tokenizers.absent.{name.replace('-', '_')}": draw(width) for name in names}
    about["config"] |= {"fusion": fusion, "absent": "learned"}
    save_file(tensors, path, {"aio": json.dumps(about)})


def with_adapters(source, path, kind):
    """Writes weights whose blocks have random adapters of every modality."""
    random, tensors, about = np.random.default_rng(2), load_file(source), aio_torch.metadata(source)
    experts, depth = len(about["config"]["tokenizers"]["modalities"].split("+")), about["config"]["encoder"]["depth"]
    draw = lambda *shape: random.normal(0, 0.1, shape).astype(np.float32)
    for name in (f"encoder.blocks.{block}.adapters.experts.{expert}" for block in range(depth) for expert in range(experts)):
        if "prompts" in kind:
            width = len(tensors["encoder.blocks.0.norm1.weight"])
            tensors[f"{name}.prompts"] = draw(kind["prompts"]["tokens"], width)
        else:
            for layer in ("qkv", "proj"):
                to, of = tensors[f"encoder.blocks.0.attn.{layer}.weight"].shape
                tensors[f"{name}.{layer}.lora_a.weight"] = draw(kind["lora"]["rank"], of)
                tensors[f"{name}.{layer}.lora_b.weight"] = draw(to, kind["lora"]["rank"])
    about["config"]["encoder"]["adapters"] = {"experts": experts, "kind": kind}
    save_file(tensors, path, {"aio": json.dumps(about)})


def cut_out(folder, height, width):
    """Four pictures per visual modality, each another part of the sheet."""
    sheet, files = Image.open(repository / "docs/images/sheet.jpg").convert("RGB"), {}
    for column, modality in enumerate(VISUAL):
        files[modality] = [f"{modality}-{row}.png" for row in range(len(CAPTIONS))]
        for row, file in enumerate(files[modality]):
            left, top = 200 * column + 20 * row, 450 * row + 30 * column
            part = sheet.crop((left, top, left + 160, top + 320)).resize((width, height), Image.Resampling.BILINEAR)
            part.save(folder / file)
    return files


def unit(features):
    return features / np.linalg.norm(features, axis=1, keepdims=True)


def of_program(folder, weights, columns):
    """Unit features and weights' checksum from `aio embed --list`; one column of pictures or captions per modality."""
    with open(folder / "list.csv", "w", newline="") as file:
        csv.writer(file).writerows([columns.keys(), *zip(*columns.values())])
    output = folder / ("+".join(columns) + ".safetensors")
    said = call(program, "embed", "--quiet", "--json", "--model", weights, "--list", folder / "list.csv", "--output", output)
    return unit(load_file(output)["features"]), json.loads(said)["weights"]


def of_onnxruntime(folder, weights, file, columns):
    """What an ONNX file says of the same rows, and the checksum in it. Everything that it takes is read from the file."""
    session = onnxruntime.InferenceSession(folder / "onnx" / file, providers=["CPUExecutionProvider"])
    about = json.loads(session.get_modelmeta().custom_metadata_map["aio"])
    assert "+".join(about["modalities"]) + ".onnx" == file, (file, about["modalities"])
    p, inputs = about["preprocessing"], {}
    for modality, rows in columns.items():
        if modality == "text":
            ids = call(program, "tokenize", "--quiet", "--json", "--model", weights, input="".join(f"{caption}\n" for caption in rows))
            # A row without a caption consists of padding alone. An empty caption would have a start and an end.
            inputs["text"] = np.array([json.loads(line) if caption else [0] * 77 for caption, line in zip(rows, ids.splitlines())])
        else:
            pixels = np.stack([np.asarray(Image.open(folder / name)) for name in rows])
            values = (pixels / 255 - p["mean"]) / p["std"]
            inputs[modality.replace("-", "_")] = values.transpose(0, 3, 1, 2).astype(np.float32)
    return session.run(["features"], inputs)[0], about["weights"]


def agree(name, found, expected):
    assert found.shape == expected.shape, (name, found.shape, expected.shape)
    difference = np.abs(found - expected).max()
    step(f"{name}: largest difference from the program {difference:.1e}")
    assert difference <= TOLERANCE, f"{name}: onnxruntime and the program differ by {difference:.2e}, expected at most {TOLERANCE:.0e}"


def compare(folder, weights, combinations=()):
    """Exports weights and compares every file with the program. Returns the program's features by file."""
    p = aio_torch.metadata(weights)["preprocessing"]
    pictures = cut_out(folder, p["height"], p["width"])
    options = [word for combination in combinations for word in ("--combine", combination)]
    print(call(sys.executable, Path(__file__).with_name("aio_torch.py"), weights, "--onnx", folder / "onnx", *options), end="", flush=True)
    files = sorted(path.name for path in (folder / "onnx").iterdir())
    expected = {}
    for file in files:
        modalities = file.removesuffix(".onnx").split("+")
        # `aio embed` refuses a row that has nothing, and a graph with adapters has those of all its modalities in every row.
        is_whole = "text" in modalities and (len(modalities) == 1 or "adapters" in aio_torch.metadata(weights)["config"]["encoder"])
        kept = [row for row, caption in enumerate(CAPTIONS) if caption or not is_whole]
        columns = {m: [(CAPTIONS if m == "text" else pictures[m])[row] for row in kept] for m in modalities}
        expected[file], checksum = of_program(folder, weights, columns)
        found, stated = of_onnxruntime(folder, weights, file, columns)
        assert stated == checksum, (file, stated, checksum)
        agree(file, found, expected[file])
    return expected


def example(folder, expected):
    """Runs the example of the documentation on a picture and a sentence of known features."""
    (code,) = re.findall(r"```python\n(.*?)\n```", (repository / "docs/weights.md").read_text(), re.DOTALL)
    (folder / "example.py").write_text(code)
    os.replace(folder / "rgb-0.png", folder / "person.png")
    (folder / "ids.json").write_text(call(program, "tokenize", "--quiet", "--json", input=CAPTIONS[0] + "\n"))
    here = os.getcwd()
    os.chdir(folder)
    made = runpy.run_path("example.py")
    os.chdir(here)
    agree("example, picture", made["photo"], expected["rgb.onnx"][:1])
    agree("example, sentence", made["sentence"], expected["text.onnx"][:1])


def wrong_graphs_are_refused(folder):
    """The comparison behind an export fails for a graph of another model, and names the file."""
    model = aio_torch.Model(embedded).eval()
    model.state["projection.norm.bias"] = model.state["projection.norm.bias"] + 0.1
    serialised = (folder / "onnx/rgb.onnx").read_bytes()
    try:
        with torch.no_grad():
            aio_onnx.difference(model, ("rgb",), "other.onnx", serialised)
    except SystemExit as error:
        assert "other.onnx" in str(error) and "differ by" in str(error), error
    else:
        raise AssertionError("a graph of another model passed")
    opset = [(entry.domain, entry.version) for entry in onnx.load_from_string(serialised).opset_import]
    assert opset == [("", aio_onnx.OPSET)], opset


with tempfile.TemporaryDirectory() as name:
    folders = {kind: Path(name) / kind for kind in ("embedded", "every", "sequence", "mixer", "lora", "prompts", "clip", "transreid", "dinov3", "pe", "siglip", "siglip-text")}
    for folder in folders.values():
        folder.mkdir()
    print("embedded weights", flush=True)
    expected = compare(folders["embedded"], embedded)
    assert set(expected) == {"rgb.onnx", "text.onnx"}, set(expected)
    example(folders["embedded"], expected)
    wrong_graphs_are_refused(folders["embedded"])

    print("weights with every stem", flush=True)
    weights = folders["every"] / "weights.safetensors"
    with_every_stem(weights)
    expected = compare(folders["every"], weights, ["rgb+text", "sketch+infrared"])
    assert set(expected) == {f"{m}.onnx" for m in (*VISUAL, "text", "rgb+text", "infrared+sketch")}, set(expected)

    for fusion in ("sequence", "mixer"):
        print(f"weights of the fusion {fusion}, with learned embeddings of absent modalities", flush=True)
        fused = folders[fusion] / "weights.safetensors"
        with_fusion(weights, fused, fusion)
        compare(folders[fusion], fused, ["sketch+infrared", "rgb+colour-pencil"])

    for kind in ({"lora": {"rank": 4, "alpha": 8.0}}, {"prompts": {"tokens": 8}}):
        (name_of_kind,) = kind
        print(f"weights with adapters of the kind {name_of_kind}", flush=True)
        adapted = folders[name_of_kind] / "weights.safetensors"
        with_adapters(weights, adapted, kind)
        compare(folders[name_of_kind], adapted, ["rgb+text", "sketch+infrared"])

    for kind, checkpoint, combinations, *settings in (
        ("clip", "open-clip.safetensors", []),
        ("transreid", "transreid-ssl.pth", []),
        # Rotary positions, with and without words behind them; the pooling of two models, of which one has no class token.
        ("dinov3", "dinov3-hugging-face.safetensors", ["rgb+text"]),
        ("pe", "pe-open-clip.safetensors", ["rgb+text"]),
        ("siglip", "siglip-hugging-face.safetensors", ["rgb+text"], "--text-encoder", "table"),
        # Its text tower, with another tokenizer than CLIP's.
        ("siglip-text", "siglip-text-hugging-face.safetensors", []),
    ):
        print(f"converted checkpoint {checkpoint}", flush=True)
        weights = folders[kind] / "weights.safetensors"
        call(program, "weights", "convert", checkpoints / checkpoint, "--output", weights, "--height", 64, "--width", 32, *settings)
        compare(folders[kind], weights, combinations)
print("onnxruntime agrees with the program")
