"""Labelled features and the results of the reference evaluators.

torchreid's functions (PyPI, 0.2.5) compute Market-1501's protocol and re-ranking. SYSU-MM01's evaluation, the rule of Tri-CUHK-PEDES
and mINP are implemented here from their published definitions, because no package contains them.

    pip download --no-deps --no-binary :all: torchreid==0.2.5 && tar xzf torchreid-0.2.5.tar.gz
    python scripts/golden/score.py torchreid-0.2.5 crates/aio-bench/tests/golden
"""

import importlib.util
import json
import sys
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

package, out = Path(sys.argv[1]), Path(sys.argv[2])


def load(relative):
    """Loads one file of the package, without the models and data sets that its __init__ imports."""
    spec = importlib.util.spec_from_file_location("peer", package / "torchreid/reid" / relative)
    module = importlib.util.module_from_spec(spec)
    module.__package__ = "peer"
    spec.loader.exec_module(module)
    return module


eval_market1501 = load("metrics/rank.py").eval_market1501
re_ranking = load("utils/rerank.py").re_ranking

rng = np.random.default_rng(20240617)
PEOPLE, WIDTH = 24, 16
people = rng.normal(size=(PEOPLE, WIDTH))
places = rng.normal(size=(7, WIDTH))


def side(rows, cameras, first_image):
    ids = rng.integers(0, PEOPLE, rows)
    cams = rng.choice(cameras, rows)
    features = people[ids] + 0.6 * places[cams] + 1.0 * rng.normal(size=(rows, WIDTH))
    return features.astype(np.float32), ids, cams, first_image + np.arange(rows)


query, gallery = side(60, [3, 6], 0), side(260, [1, 2, 3, 4, 5, 6], 30)
for name, (features, ids, cams, images) in (("query", query), ("gallery", gallery)):
    save_file({"features": features, "ids": ids, "cameras": cams, "images": images}, out / f"{name}.safetensors")

qf, q_ids, q_cams, q_images = query
gf, g_ids, g_cams, g_images = gallery


def euclidean(a, b):
    return np.sqrt(np.maximum(((a[:, None].astype(np.float64) - b[None]) ** 2).sum(-1), 0))


def unit(a):
    return a.astype(np.float64) / np.linalg.norm(a, axis=1, keepdims=True)


def scores(distances, drop, by_identity=False, ranks=(1, 5, 10, 20), trapezoid=False):
    """CMC, mAP and mINP without the pairs of `drop[q, g]`. With `by_identity`, CMC counts first occurrences of identities (SYSU-MM01)."""
    cmc, aps, inps = [], [], []
    for i in range(len(q_ids)):
        order = np.argsort(distances[i], kind="stable")
        order = order[~drop[i, order]]
        hits = g_ids[order] == q_ids[i]
        if not hits.any():
            continue
        places = np.flatnonzero(hits) + 1
        if trapezoid:
            before = np.array([1.0 if p == 1 else j / (p - 1) for j, p in enumerate(places)])
            aps.append(np.mean(0.5 * (before + np.arange(1, len(places) + 1) / places)))
        else:
            aps.append(np.mean(np.arange(1, len(places) + 1) / places))
        inps.append(len(places) / places[-1])
        if by_identity:
            _, first = np.unique(g_ids[order], return_index=True)
            hits = hits[np.sort(first)]
        cmc.append(np.flatnonzero(hits)[0] + 1)
    cmc = np.array(cmc)
    return {
        "queries": len(q_ids),
        "skipped": len(q_ids) - len(cmc),
        "gallery": len(g_ids),
        "map": float(np.mean(aps)),
        "minp": float(np.mean(inps)),
        "rank": {str(k): float(np.mean(cmc <= k)) for k in ranks},
    }


same_id = q_ids[:, None] == g_ids[None]
market = same_id & (q_cams[:, None] == g_cams[None])
place = np.array([0, 1, 2, 2, 4, 5, 6])
sysu = place[q_cams][:, None] == place[g_cams][None]
tri = same_id & (q_images[:, None] == g_images[None])
plain, cosine = euclidean(qf, gf), 1 - unit(qf) @ unit(gf).T

expected = {
    "market1501 euclidean": scores(plain, market),
    "market1501 cosine": scores(cosine, market),
    "market1501 cosine trapezoid": scores(cosine, market, trapezoid=True),
    "sysu-mm01 cosine": scores(cosine, sysu, by_identity=True),
    "tri cosine": scores(cosine, tri),
    "none euclidean": scores(plain, np.zeros_like(market)),
}

# Market-1501's protocol: the expected values are torchreid's.
for metric, distances in (("euclidean", plain), ("cosine", cosine)):
    cmc, mean_ap = eval_market1501(distances, q_ids, g_ids, q_cams, g_cams, 50)
    ours = expected[f"market1501 {metric}"]
    assert abs(mean_ap - ours["map"]) < 1e-9 and abs(cmc[0] - ours["rank"]["1"]) < 1e-6, (mean_ap, ours)
    ours["map"] = float(mean_ap)
    ours["rank"] = {str(k): float(cmc[k - 1]) for k in (1, 5, 10, 20)}

# The authors' re-ranking takes Euclidean distances. torchreid's function is a copy of the authors' code.
for k1, k2, lam in ((20, 6, 0.3), (7, 3, 0.5), (10, 1, 0.0)):
    for metric, (a, b) in (("euclidean", (qf, gf)), ("cosine", (unit(qf), unit(gf)))):
        reranked = re_ranking(euclidean(a, b), euclidean(a, a), euclidean(b, b), k1=k1, k2=k2, lambda_value=lam)
        expected[f"market1501 {metric} k1={k1},k2={k2},lambda={lam}"] = scores(reranked, market)

(out / "score.json").write_text(json.dumps(expected, indent=1) + "\n")
