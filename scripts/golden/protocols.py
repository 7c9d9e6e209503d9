"""Labelled features and the results of the reference evaluators, for the protocols that scripts/golden/score.py does not cover.

CUHK03's classic evaluation is torchreid's function (PyPI, 0.2.5) with 4,000 draws instead of 10. ROC points are from scikit-learn. LLCM's evaluation
and DIR@FAR are implemented here from their published definitions.

    pip download --no-deps --no-binary :all: torchreid==0.2.5 && tar xzf torchreid-0.2.5.tar.gz
    python scripts/golden/protocols.py torchreid-0.2.5 crates/aio-eval/tests/golden/protocols.json
"""

import json
import sys
from pathlib import Path

import numpy as np
from sklearn.metrics import roc_curve

package, out = Path(sys.argv[1]), Path(sys.argv[2])
source = (package / "torchreid/reid/metrics/rank.py").read_text()
assert source.count("num_repeats = 10\n") == 1
peer = {"np": np}
exec(source.replace("num_repeats = 10\n", "num_repeats = 4000\n"), peer)

rng = np.random.default_rng(5)
QUERIES, GALLERY, PEOPLE, WIDTH = 30, 120, 25, 6
people = rng.normal(size=(PEOPLE + 5, WIDTH))
# The last eight queries show people without a gallery picture: the impostors of the open-set protocols.
q_ids = np.concatenate([rng.integers(0, PEOPLE, QUERIES - 8), rng.integers(PEOPLE, PEOPLE + 5, 8)])
g_ids = rng.integers(0, PEOPLE, GALLERY)
q_cams, g_cams = rng.integers(1, 4, QUERIES), rng.integers(1, 4, GALLERY)
qf = (people[q_ids] + 0.8 * rng.normal(size=(QUERIES, WIDTH))).astype(np.float32)
gf = (people[g_ids] + 0.8 * rng.normal(size=(GALLERY, WIDTH))).astype(np.float32)
distances = np.sqrt(((qf[:, None].astype(np.float64) - gf[None]) ** 2).sum(-1))
same = q_ids[:, None] == g_ids[None]
hidden = same & (q_cams[:, None] == g_cams[None])

np.random.seed(0)
cmc, mean_ap = peer["eval_cuhk03"](distances, q_ids, g_ids, q_cams, g_cams, 20)

# LLCM: entries of the same identity and camera are removed. CMC counts first occurrences of identities, average precision counts images.
places, precisions = [], []
for i in range(QUERIES):
    order = np.argsort(distances[i], kind="stable")
    order = order[~hidden[i, order]]
    hits = g_ids[order] == q_ids[i]
    if not hits.any():
        continue
    at = np.flatnonzero(hits) + 1
    precisions.append(np.mean(np.arange(1, len(at) + 1) / at))
    _, first = np.unique(g_ids[order], return_index=True)
    places.append(np.flatnonzero(hits[np.sort(first)])[0] + 1)
llcm = {"map": float(np.mean(precisions)), "cmc": [float(np.mean(np.array(places) <= k)) for k in range(1, 21)]}

# Verification over all pairs that are not hidden: the largest TPR at an FPR of at most f.
rates = [0.0, 0.001, 0.01, 0.1, 0.3, 0.6, 0.9]
fpr, tpr, _ = roc_curve(same[~hidden], -distances[~hidden], drop_intermediate=False)
verification = [float(tpr[fpr <= f].max()) for f in rates]

# Open-set identification (Phillips et al., Handbook of Face Recognition): the nearest entry must have the query's identity and be nearer than the
# threshold that accepts at most a fraction f of the impostors.
nearest = [np.where(hidden[i], np.inf, distances[i]) for i in range(QUERIES)]
genuine = [i for i in range(QUERIES) if (same[i] & ~hidden[i]).any()]
intruders = sorted(nearest[i].min() for i in range(QUERIES) if not same[i].any())
identification = []
for f in rates:
    limit = intruders[int(f * len(intruders))]
    identification.append(float(np.mean([g_ids[nearest[i].argmin()] == q_ids[i] and nearest[i].min() < limit for i in genuine])))

out.write_text(json.dumps({
    "query": {"features": qf.flatten().tolist(), "ids": q_ids.tolist(), "cameras": q_cams.tolist()},
    "gallery": {"features": gf.flatten().tolist(), "ids": g_ids.tolist(), "cameras": g_cams.tolist()},
    "cuhk03_classic": {"map": float(mean_ap), "cmc": [float(v) for v in cmc]},
    "llcm": llcm,
    "rates": rates,
    "verification": verification,
    "identification": identification,
    "genuine_queries": len(genuine),
    "intruders": len(intruders),
    "genuine_pairs": int((same & ~hidden).sum()),
    "impostor_pairs": int((~same).sum()),
    "absent": int((~same.any(1)).sum()),
    "hidden": int((same.any(1) & ~(same & ~hidden).any(1)).sum()),
}) + "\n")
