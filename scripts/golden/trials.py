"""Image counts of a small SYSU-MM01 tree, a permutation file in the authors' format, and the galleries drawn from both sources.

    python scripts/golden/trials.py crates/aio-bench/tests/golden
"""

import json
import random
import sys
from pathlib import Path

import numpy as np
from scipy.io import savemat

out = Path(sys.argv[1])
IDS = [2, 3, 7, 11]
CAMERAS = {"all": [1, 2, 4, 5], "indoor": [1, 2]}
rng = np.random.default_rng(7)

# Images per (identity, camera); 0 where a camera has no image of the identity.
counts = {(i, c): 0 if (i, c) in {(3, 1), (11, 2)} else int(rng.integers(3, 21)) for i in IDS for c in range(1, 7)}


def files(identity, camera):
    return [f"cam{camera}/{identity:04d}/{n:04d}.jpg" for n in range(1, counts[identity, camera] + 1)]


cells = np.empty((6, 1), dtype=object)
for camera in range(1, 7):
    people = np.empty((333 if camera in (1, 2, 6) else 533, 1), dtype=object)
    for identity in range(1, len(people) + 1):
        n = counts.get((identity, camera), 0)
        people[identity - 1, 0] = np.array([rng.permutation(n) + 1 for _ in range(10)], dtype=np.uint8).reshape(10, n)
    cells[camera - 1, 0] = people
savemat(out / "rand_perm_cam.mat", {"rand_perm_cam": cells}, do_compression=True)

expected = {"counts": [[i, c, n] for (i, c), n in counts.items()]}
for mode, cameras in CAMERAS.items():
    python = []
    for trial in range(10):
        # mangye16/Cross-Modal-Re-ID-baseline, data_manager.py, process_gallery_sysu.
        random.seed(trial)
        gallery = []
        for identity in sorted(IDS):
            for camera in cameras:
                if counts[identity, camera]:
                    gallery.append(random.choice(sorted(files(identity, camera))))
        python.append({"trial": trial, "gallery": gallery})
    expected[f"python {mode}"] = {"trials": python}
    for shots in (1, 10):
        official = []
        for trial in range(10):
            gallery = []
            for identity in IDS:
                for camera in cameras:
                    if counts[identity, camera]:
                        row = cells[camera - 1, 0][identity - 1, 0][trial]
                        gallery += [f"cam{camera}/{identity:04d}/{n:04d}.jpg" for n in row[:shots]]
            official.append({"trial": trial, "gallery": gallery})
        expected[f"official {mode} {shots}"] = {"trials": official}

(out / "trials.json").write_text(json.dumps(expected) + "\n")
