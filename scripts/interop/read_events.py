"""Reads the TensorBoard files of a run with the tensorboard package and compares them with metrics.jsonl.

usage: read_events.py RUN_DIRECTORY     (pip install tensorboard)
"""
import json
import sys
from pathlib import Path

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

run = Path(sys.argv[1])
events = EventAccumulator(str(run / "tensorboard"), size_guidance={"scalars": 0, "images": 0})
events.Reload()
lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
tags = events.Tags()
compared = 0
for name in sorted({term for line in lines for term in line["terms"]}):
    expected = {line["step"]: line["terms"][name] for line in lines if name in line["terms"]}
    found = {scalar.step: scalar.value for scalar in events.Scalars(f"loss/{name}")}
    assert found.keys() == expected.keys(), f"loss/{name}: steps {sorted(found)} and {sorted(expected)}"
    for step, value in expected.items():
        assert abs(found[step] - value) <= 1e-6 * max(1.0, abs(value)), f"loss/{name} at {step}: {found[step]} and {value}"
        compared += 1
rates = {scalar.step: scalar.value for scalar in events.Scalars("rate")}
assert rates.keys() == {line["step"] for line in lines}
pictures = [tag for tag in tags["images"]]
for tag in pictures:
    image = events.Images(tag)[-1]
    assert image.encoded_image_string[:2] == b"\xff\xd8" and image.width > 0 and image.height > 0, tag
tests = [tag for tag in tags["scalars"] if tag.startswith("test/")]
print(f"{len(lines)} steps, {compared} loss values as in metrics.jsonl, {len(tests)} test scores, {len(pictures)} pictures")
