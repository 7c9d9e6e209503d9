"""mAP of queries of several modalities on the development domains, whose infrared pictures are rendered (the card of the default model):

    pip install numpy
    python scripts/bench/mixed_queries.py target/quick/aio datasets/synthetic [MODEL]

Every person has two queries of each combination: the k-th picture or sentence of each modality. The gallery is all photographs; a photograph of the same person by
the camera of the query's photograph is not counted. Late fusion is the mean of the parts' embeddings of length 1. A gain compares the query with the same query
without the modality, and both count the same photographs: those of the whole query. Intervals are 95 % over people drawn again.
"""

import csv
import itertools
import json
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

program, world = sys.argv[1], Path(sys.argv[2]).resolve()
model = sys.argv[3] if len(sys.argv) > 3 else "default"
MODALITIES = ["rgb", "infrared", "sketch", "text"]
QUERIES, DRAWS = 2, 1000


def embedded(rows, folder, columns):
    """Embeddings of length 1 of rows of paths and sentences, [rows, width]."""
    table, output = folder / "list.csv", folder / "f.safetensors"
    with table.open("w", newline="") as file:
        csv.writer(file).writerows([columns, *rows])
    subprocess.run([program, "embed", "--list", table, "--output", output, "--model", model], check=True, capture_output=True)
    raw = output.read_bytes()
    length = struct.unpack("<Q", raw[:8])[0]
    about = json.loads(raw[8 : 8 + length])["features"]
    start, end = (8 + length + offset for offset in about["data_offsets"])
    features = np.frombuffer(raw[start:end], np.float32).reshape(about["shape"])
    return features / np.linalg.norm(features, axis=1, keepdims=True)


def average_precision(queries, gallery, people, cameras, of_gallery):
    scores = queries @ gallery.T
    found = []
    for row, person, camera in zip(scores, people, cameras):
        kept = ~((of_gallery[:, 0] == person) & (of_gallery[:, 1] == camera))
        order = np.argsort(-row[kept], kind="stable")
        places = np.flatnonzero((of_gallery[kept, 0] == person)[order])
        found.append(np.mean((np.arange(len(places)) + 1) / (places + 1)))
    return np.array(found)


def interval(values, draws):
    """95 % of the mean over people drawn again; every person has QUERIES values."""
    means = values.reshape(-1, QUERIES).mean(1)[draws].mean(1)
    return 100 * np.percentile(means, [2.5, 97.5])


def evaluate(name, folder):
    parts = {}
    with (world / name / f"{name}.csv").open() as file:
        for row in csv.DictReader(file):
            person = parts.setdefault(int(row["identity"]), {m: [] for m in MODALITIES})
            value = row["caption"] if row["modality"] == "text" else str(world / name / row["path"])
            part = (value, int(row["camera"] or 0))
            if part not in person[row["modality"]]:
                person[row["modality"]].append(part)
    photographs = [(path, person, camera) for person in parts for path, camera in parts[person]["rgb"]]
    gallery = embedded([[path] for path, *_ in photographs], folder, ["rgb"])
    of_gallery = np.array([pair for _, *pair in photographs])
    people = np.repeat(sorted(parts), QUERIES)
    draws = np.random.default_rng(0).integers(0, len(parts), (DRAWS, len(parts)))
    scores, features = {}, {}
    print(f"\n{name}: {len(photographs)} photographs, {len(people)} queries\n")
    print("| query | mAP | late fusion | gain by RGB | by infrared | by sketch | by text | against late fusion |\n|---|--:|--:|--:|--:|--:|--:|--:|")
    for size in range(1, 5):
        for chosen in itertools.combinations(MODALITIES, size):
            rows, cameras = [], []
            for person, number in ((p, k) for p in sorted(parts) for k in range(QUERIES)):
                each = [parts[person][m][number % len(parts[person][m])] for m in chosen]
                rows.append([value for value, _ in each])
                cameras.append(each[0][1] if chosen[0] == "rgb" else -1)
            features[chosen] = embedded(rows, folder, chosen)
            score = lambda queries: average_precision(queries, gallery, people, cameras, of_gallery)
            scores[chosen] = score(features[chosen])
            low, high = interval(scores[chosen], draws)
            line = [" + ".join("RGB" if m == "rgb" else m for m in chosen), f"{100 * scores[chosen].mean():.1f} [{low:.1f}, {high:.1f}]"]
            if size == 1:
                line += ["–"] * 6
            else:
                late = score(sum(features[(m,)] for m in chosen))
                between = lambda other: "{:.1f} to {:.1f}".format(*interval(scores[chosen] - other, draws))
                line.append(f"{100 * late.mean():.1f}")
                without = lambda one: score(features[tuple(m for m in chosen if m != one)])
                line += [between(without(one)) if one in chosen else "–" for one in MODALITIES]
                line.append(between(late))
            print("| " + " | ".join(line) + " |")


with tempfile.TemporaryDirectory() as folder:
    for name in ("dev-ordinary", "dev-steep"):
        evaluate(name, Path(folder))
