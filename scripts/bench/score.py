"""Seconds of the bare product of queries and gallery in NumPy, beside those of `aio score` as a whole: at the size of Market-1501.

Usage: score.py DIRECTORY [AIO]
Writes the features to the directory if they are not there. With the program AIO both are timed in turn, on two threads.
Prints one JSON line: medians of seconds and of processor seconds. Needs numpy (`pip install numpy`), outside this repository.
"""

import json
import os
import pathlib
import resource
import statistics
import subprocess
import sys
import time

THREADS = "2"
os.environ["OPENBLAS_NUM_THREADS"] = os.environ["OMP_NUM_THREADS"] = THREADS

import numpy as np  # noqa: E402 (reads the number of threads)

ROUNDS = 9
WIDTH = 768
# Rows, and how many of them show one of 750 people; the others are distractors of identity 0.
SIDES = {"query": (3_368, 3_368), "gallery": (15_913, 13_115)}


def write(directory):
    random = np.random.default_rng(7)
    people = random.standard_normal((751, WIDTH)).astype("f4")
    for name, (rows, known) in SIDES.items():
        numbers = np.arange(rows)
        ids = np.where(numbers < known, 1 + numbers % 750, 0)
        features = 0.25 * people[ids] + random.standard_normal((rows, WIDTH)).astype("f4")
        np.save(directory / f"{name}.npy", features.astype("f4"))
        np.save(directory / f"{name}.ids.npy", ids.astype("i8"))
        np.save(directory / f"{name}.cameras.npy", (1 + numbers // 750 % 6).astype("i8"))


def used(who):
    usage = resource.getrusage(who)
    return usage.ru_utime + usage.ru_stime


def timed(run, who):
    begun, before = time.perf_counter(), used(who)
    run()
    return time.perf_counter() - begun, used(who) - before


directory = pathlib.Path(sys.argv[1])
directory.mkdir(parents=True, exist_ok=True)
if not (directory / "gallery.cameras.npy").exists():
    write(directory)
query, gallery = (np.load(directory / f"{name}.npy") for name in SIDES)
files = [str(directory / f"{name}.npy") for name in SIDES]
command = [*sys.argv[2:3], "score", "--query", files[0], "--gallery", files[1], "--protocol", "market1501", "--json"]
environment = {**os.environ, "RAYON_NUM_THREADS": THREADS}
times = {"product": [], "aio": []}
for _ in range(ROUNDS):
    times["product"].append(timed(lambda: query @ gallery.T, resource.RUSAGE_SELF))
    if len(sys.argv) > 2:
        run = lambda: subprocess.run(command, env=environment, check=True, capture_output=True)  # noqa: E731
        times["aio"].append(timed(run, resource.RUSAGE_CHILDREN))
found = {"numpy": np.__version__, "rounds": ROUNDS}
for name, pairs in times.items():
    if pairs:
        seconds, processor = (statistics.median(values) for values in zip(*pairs))
        found |= {f"{name}_seconds": round(seconds, 3), f"{name}_processor_seconds": round(processor, 3)}
if times["aio"]:
    found["ratio"] = round(found["aio_seconds"] / found["product_seconds"], 2)
    found["ratio_of_processor_seconds"] = round(found["aio_processor_seconds"] / found["product_processor_seconds"], 2)
print(json.dumps(found))
