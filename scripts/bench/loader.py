"""JPEG files to augmented batches with torchvision's DataLoader, beside this project's loader: pictures per second.

Usage: loader.py DIRECTORY [PROGRAM]
PROGRAM is the compiled crates/aio-data/examples/loader.rs. Both decode, resize to 256 x 128, flip, shift, jitter, and erase,
with two workers or threads, in turn. The peer runs twice: with PIL, and with torchvision's own JPEG decoder and
transforms on tensors. Prints one JSON line with medians, also by processor time. DIRECTORY holds at least 500
JPEG files, such as a rendered Market-1501's bounding_box_test. Needs torch and torchvision, outside this repository.
"""

import json
import os
import pathlib
import resource
import statistics
import subprocess
import sys
import time

import PIL.Image
import torch
import torchvision
from torchvision.io import decode_jpeg, read_file
from torchvision.transforms import v2

ROUNDS = 3
WORKERS = 2
BATCH = 64
SIZE = (256, 128)
MEAN, STD = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]


def steps(first, last):
    return v2.Compose(
        [
            *first,
            v2.Resize(SIZE, antialias=True),
            v2.RandomHorizontalFlip(),
            v2.Pad(4),
            v2.RandomCrop(SIZE),
            v2.ColorJitter(0.2, 0.2),
            *last,
            v2.ToDtype(torch.float32, scale=True),
            v2.Normalize(MEAN, STD),
            v2.RandomErasing(p=0.4),
        ]
    )


class Photographs(torch.utils.data.Dataset):
    def __init__(self, files, fast):
        self.files, self.fast = files, fast
        self.steps = steps([], []) if fast else steps([], [v2.PILToTensor()])

    def __len__(self):
        return len(self.files)

    def __getitem__(self, number):
        path = str(self.files[number])
        picture = decode_jpeg(read_file(path)) if self.fast else PIL.Image.open(path).convert("RGB")
        return self.steps(picture)


def used():
    """Processor seconds of finished workers and of this process."""
    return sum(sum(resource.getrusage(who)[:2]) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))


def peer(files, fast):
    torch.manual_seed(0)
    begun, before = time.perf_counter(), used()
    loader = torch.utils.data.DataLoader(Photographs(files, fast), batch_size=BATCH, num_workers=WORKERS, prefetch_factor=2)
    for _ in loader:
        pass
    del loader
    return time.perf_counter() - begun, used() - before


torch.set_num_threads(1)
files = sorted(pathlib.Path(sys.argv[1]).glob("*.jpg"))
assert len(files) >= 500, f"{len(files)} JPEG files in {sys.argv[1]}, expected at least 500"
seconds = {"pil": [], "torchvision": [], "aio": []}
for _ in range(ROUNDS):
    for name, fast in [("pil", False), ("torchvision", True)]:
        seconds[name].append(peer(files, fast))
    if len(sys.argv) > 2:
        environment = {**os.environ, "RAYON_NUM_THREADS": str(WORKERS)}
        before = used()
        found = json.loads(subprocess.run([sys.argv[2], sys.argv[1]], check=True, capture_output=True, env=environment).stdout)
        assert found["pictures"] == len(files)
        seconds["aio"].append((found["seconds"], used() - before))
line = {"torch": torch.__version__, "torchvision": torchvision.__version__, "pictures": len(files)}
for name, both in seconds.items():
    if both:
        wall, processor = (statistics.median(values) for values in zip(*both))
        line |= {f"{name}_per_second": round(len(files) / wall), f"{name}_per_processor_second": round(len(files) / processor)}
print(json.dumps(line))
