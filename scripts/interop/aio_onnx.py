"""Writes a model as ONNX files and compares them with PyTorch: `aio_torch.py MODEL --onnx DIR`. docs/weights.md describes the files.

An ONNX graph has a fixed list of inputs, none of which can be left out. So each modality has a file of its own, and each combination of modalities has one, too.
"""

import hashlib
import json
import os
from pathlib import Path

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

try:
    import onnx
    import onnxruntime
    import onnxscript  # noqa: F401 (torch.onnx needs it)
except ImportError as error:
    raise SystemExit(f"error: the Python package {error.name} is missing\nhint: pip install onnx onnxscript onnxruntime") from None

# Every onnxruntime since 1.14 (2023) reads it.
OPSET = 18
# `embedding` is the exporter's own name for the rows of a token table.
OUTPUT = "features"
# Largest difference between a component of a unit embedding from onnxruntime and the same from PyTorch.
TOLERANCE = 1e-4
# Protocol buffers, the format of ONNX files, end here.
LARGEST_FILE = 2**31 - 1


class Embedding(nn.Module):
    """Inputs of some modalities, in their order, to unit embeddings [batch, embedding]."""

    def __init__(self, model, modalities):
        super().__init__()
        self.model, self.modalities = model, modalities

    def forward(self, *inputs):
        return F.normalize(self.model.embed(dict(zip(self.modalities, inputs))))


def seeded(model, modality, batch, length):
    """Random input of a modality: pictures, or captions of which each is one word longer than the next, with padding behind."""
    random = torch.Generator().manual_seed(1000 * batch + length)
    if modality != "text":
        p = model.preprocessing
        return torch.randn(batch, 3, p["height"], p["width"], generator=random)
    vocabulary = len(model.state[f"{model.text_prefix}.embedding.weight"])
    ids = torch.randint(1, vocabulary, (batch, length), generator=random)
    words = (length - torch.arange(batch)).clamp(min=1)
    return ids * (torch.arange(length) < words[:, None])


def graph(model, modalities):
    """The ONNX graph of some modalities. Inputs have the names of their modalities; batch and length of captions are free."""
    embedding = Embedding(model, modalities).eval()
    batch, length = torch.export.Dim("batch"), torch.export.Dim("length", max=model.context)
    axes = tuple({0: batch, 1: length} if m == "text" else {0: batch} for m in modalities)
    inputs = tuple(seeded(model, m, 3, 7) for m in modalities)
    # Exported here, because torch.onnx would try again without free axes where it cannot export with them.
    program = torch.export.export(embedding, inputs, dynamic_shapes=(axes,))
    program = torch.onnx.export(program, input_names=list(modalities), output_names=[OUTPUT], opset_version=OPSET, external_data=False, verbose=False)
    proto = program.model_proto
    # The exporter numbers free axes, and notes for every node which line of which file on this machine it comes from.
    for value in (*proto.graph.input, *proto.graph.output):
        for axis, name in zip(value.type.tensor_type.shape.dim, ("batch", "length")):
            if axis.dim_param:
                axis.dim_param = name
    for part in (proto.graph, *proto.graph.node, *proto.graph.input, *proto.graph.output, *proto.graph.initializer):
        del part.metadata_props[:]
        part.doc_string = ""
    del proto.graph.value_info[:]
    return proto


def difference(model, modalities, name, serialised):
    """The largest difference between onnxruntime and PyTorch over several sizes; more than the tolerance is an error that names the file."""
    embedding, largest = Embedding(model, modalities), 0.0
    session = onnxruntime.InferenceSession(serialised, providers=["CPUExecutionProvider"])
    for batch, length in ((1, 1), (2, model.context), (5, 9)):
        inputs = [seeded(model, m, batch, length) for m in modalities]
        try:
            (found,) = session.run([OUTPUT], {m: x.numpy() for m, x in zip(modalities, inputs)})
        except Exception as error:
            raise SystemExit(f"error: {name}: onnxruntime cannot run it for {batch} rows: {error}; the file was not written") from None
        expected = embedding(*inputs).numpy()
        if found.shape != expected.shape:
            raise SystemExit(f"error: {name}: {OUTPUT} of {batch} rows have the shape {found.shape}, expected {expected.shape}; the file was not written")
        largest = max(largest, np.abs(found - expected).max().item())
    # Not `largest > TOLERANCE`, which a NaN would pass.
    if not largest <= TOLERANCE:
        raise SystemExit(
            f"error: {name}: onnxruntime and PyTorch differ by {largest:.2e}, expected at most {TOLERANCE:.0e}; the file was not written\n"
            "hint: try other versions of torch and onnxruntime"
        )
    return largest


def selected(model, combinations):
    """Every modality of the model alone, then the wanted combinations, each in the model's order."""
    sets = [(m,) for m in model.modalities]
    for combination in combinations:
        wanted = combination.replace("-", "_").split("+")
        unknown = [m for m in wanted if m not in model.modalities]
        if unknown:
            has = ", ".join(written(m) for m in model.modalities)
            raise SystemExit(f"error: --combine {combination}: the weights have no modality {written(unknown[0])!r}\nhint: they have {has}")
        sets.append(tuple(m for m in model.modalities if m in wanted))
    return list(dict.fromkeys(sets))


def written(modality):
    """The name of a modality in file names and commands."""
    return modality.replace("_", "-")


def export(model, weights, folder, combinations=()):
    """Writes one file per modality and combination into `folder`. A file appears only after it was compared with PyTorch."""
    sets = selected(model, combinations)
    size = sum(tensor.nbytes for tensor in model.state.values())
    if size > LARGEST_FILE:
        raise SystemExit(f"error: {weights} has {size} bytes as 32-bit numbers, an ONNX file holds at most {LARGEST_FILE}")
    print(f"torch {torch.__version__}, onnx {onnx.__version__}, onnxruntime {onnxruntime.__version__}, opset {OPSET}")
    about = {
        "preprocessing": model.preprocessing,
        "fusion": model.fusion,
        "absent": model.config.get("absent", "none"),
        "weights": hashlib.sha256(Path(weights).read_bytes()).hexdigest(),
        **{key: model.about[key] for key in ("origin", "licence") if key in model.about},
    }
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for modalities in sets:
        file = folder / ("+".join(written(m) for m in modalities) + ".onnx")
        proto = graph(model, modalities)
        onnx.helper.set_model_props(proto, {"aio": json.dumps({"modalities": [written(m) for m in modalities], **about})})
        onnx.checker.check_model(proto, full_check=True)
        serialised = proto.SerializeToString()
        largest = difference(model, modalities, file, serialised)
        unfinished = file.with_suffix(".onnx.part")
        unfinished.write_bytes(serialised)
        os.replace(unfinished, file)
        print(f"{file}: {len(serialised):,} bytes, largest difference from PyTorch {largest:.1e}")
