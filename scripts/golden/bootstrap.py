"""Intervals and rank agreement, from NumPy and SciPy.

    python scripts/golden/bootstrap.py crates/aio-eval/tests/golden/bootstrap.json
    python scripts/golden/bootstrap.py --coverage      # the table of docs/protocols.md, a few minutes

`enumerated`: the exact bootstrap distribution of a few people, from all n^n draws. Its quantiles are what many random draws must find; each is the
same over a range of levels, written as `margin`, so that no tolerance is needed. `resampled`: scipy.stats.bootstrap over people, each with the sum
and the number of their queries. `difference`: the same for two methods. `agreement`: τ-b and the normal approximation of scipy.stats.kendalltau; for
up to eight methods the p-value of scipy.stats.permutation_test over all pairings, and without ties also the exact one of kendalltau.
"""

import itertools
import json
import sys

import numpy as np
import scipy
from scipy import stats

rng = np.random.default_rng(20261128)


def by_person(values, people):
    who = np.unique(people)
    return (
        np.array([values[people == w].sum() for w in who]),
        np.array([(people == w).sum() for w in who]),
    )


def enumerated(values, people):
    values, people = np.array(values), np.array(people)
    sums, counts = by_person(values, people)
    draws = np.array(list(itertools.product(range(len(sums)), repeat=len(sums))))
    means = np.sort(sums[draws].sum(1) / counts[draws].sum(1))
    means = np.round(means, 12)
    bounds, margin = [], 1.0
    for level in (0.025, 0.975):
        at = means[int(np.ceil(level * len(means))) - 1]
        below, upto = (means < at).mean(), (means <= at).mean()
        margin = min(margin, level - below, upto - level)
        bounds.append(float(at))
    return {
        "values": values.tolist(),
        "people": people.tolist(),
        "mean": float(values.mean()),
        "low": bounds[0],
        "high": bounds[1],
        "draws": len(means),
        "margin": float(margin),
    }


def enumerated_with_margin(people):
    """Draws values until the quantiles are the same over five standard errors of a distribution function of 100,000 draws."""
    while True:
        case = enumerated(np.round(rng.random(len(people)), 2), people)
        if case["margin"] > 0.0025:
            return case


def resampled(values, people):
    sums, counts = by_person(values, people)
    result = stats.bootstrap(
        (sums, counts),
        lambda s, c, axis: s.sum(axis=axis) / c.sum(axis=axis),
        paired=True,
        vectorized=True,
        n_resamples=100_000,
        batch=1000,
        method="percentile",
        rng=np.random.default_rng(1),
    )
    low, high = result.confidence_interval
    return float(low), float(high), float(result.standard_error)


def person_case(number, queries_of_each, unlike):
    """Average precisions whose people differ by `unlike`."""
    people = np.repeat(np.arange(number), rng.integers(1, queries_of_each + 1, number))
    hard = unlike * rng.normal(size=number)
    values = 1 / (1 + np.exp(-(0.5 + hard[people] + rng.normal(size=len(people)))))
    return np.round(values, 6), people


def resampled_case(number, queries_of_each, unlike):
    values, people = person_case(number, queries_of_each, unlike)
    low, high, error = resampled(values, people)
    return {
        "values": values.tolist(),
        "people": people.tolist(),
        "mean": float(values.mean()),
        "low": low,
        "high": high,
        "standard_error": error,
    }


def difference_case():
    a, people = person_case(60, 6, 1.5)
    b = np.round(np.clip(a + 0.03 + 0.1 * rng.normal(size=len(a)), 0, 1), 6)
    low, high, error = resampled(a - b, people)
    return {
        "a": a.tolist(),
        "b": b.tolist(),
        "people": people.tolist(),
        "mean": float((a - b).mean()),
        "low": low,
        "high": high,
        "standard_error": error,
    }


def agreement_case(a, b):
    a, b = np.array(a, dtype=float), np.array(b, dtype=float)
    n = len(a)
    ties = len(set(a)) < n or len(set(b)) < n
    tau = stats.kendalltau(a, b, variant="b", method="asymptotic" if n > 8 else "auto")
    if n <= 8:
        balance = lambda x: abs(np.sum(np.triu(np.sign(x[:, None] - x) * np.sign(b[:, None] - b))))
        test = stats.permutation_test((a,), balance, permutation_type="pairings", alternative="greater", n_resamples=np.inf)
        p = test.pvalue
        if not ties:
            assert abs(p - stats.kendalltau(a, b, method="exact").pvalue) < 1e-12
    else:
        p = tau.pvalue
    return {"a": a.tolist(), "b": b.tolist(), "tau": float(tau.statistic), "p": float(p), "exact": n <= 8}


def coverage(trials=2000, draws=1000):
    """How often an interval at 95 % holds the true mean, for drawn people and for drawn queries; one to six queries per person."""
    rng = np.random.default_rng(0)
    precision = lambda hard, noise: 1 / (1 + np.exp(-(0.5 + 1.5 * hard + noise)))
    true = precision(rng.normal(size=4_000_000), rng.normal(size=4_000_000)).mean()
    for number in (5, 10, 20, 50, 100):
        inside = np.zeros(2)
        for _ in range(trials):
            counts = rng.integers(1, 7, number)
            people = np.repeat(np.arange(number), counts)
            values = precision(rng.normal(size=number)[people], rng.normal(size=len(people)))
            drawn = rng.integers(0, number, (draws, number))
            by_people = np.bincount(people, values, number)[drawn].sum(1) / counts[drawn].sum(1)
            by_queries = values[rng.integers(0, len(values), (draws, len(values)))].mean(1)
            for i, means in enumerate((by_people, by_queries)):
                low, high = np.quantile(means, [0.025, 0.975])
                inside[i] += low <= true <= high
        print(number, *(f"{100 * share:.1f} %" for share in inside / trials))


def drawn_case(n, digits):
    x = np.round(rng.normal(size=n), digits)
    return agreement_case(x, np.round(0.7 * x + rng.normal(size=n), digits))


if sys.argv[1] == "--coverage":
    sys.exit(coverage())
golden = json.dumps(
    {
        "numpy": np.__version__,
        "scipy": scipy.__version__,
        "enumerated": [
            # Rank-1 of three people: all 27 draws.
            enumerated([1, 0, 1, 1, 0, 0, 1], [4, 4, 9, 7, 7, 7, 7]),
            enumerated_with_margin([1, 1, 2, 3, 3, 3]),
            enumerated_with_margin([4, 4, 4, 9, 7, 7, 2, 2]),
            enumerated_with_margin([1, 2, 2, 3, 4, 4, 5, 5]),
            enumerated_with_margin([1, 2, 3, 4, 5]),
        ],
        "resampled": [resampled_case(25, 1, 0.0), resampled_case(40, 8, 1.5), resampled_case(60, 5, 0.7)],
        "difference": difference_case(),
        "agreement": [
            agreement_case([1, 2], [5, 3]),
            agreement_case([0.61, 0.55, 0.72, 0.48, 0.66], [0.40, 0.35, 0.58, 0.37, 0.52]),
            agreement_case([1, 1, 2], [1, 1, 2]),
            agreement_case([1, 1, 2, 3, 3], [2, 1, 2, 2, 4]),
            agreement_case([3, 1, 4, 1, 5, 9, 2, 6], [2, 7, 1, 8, 2, 8, 1, 8]),
            agreement_case([1, 2, 3, 4, 5, 6, 7, 8], [8, 7, 6, 5, 4, 3, 2, 1]),
            drawn_case(8, 3),
            drawn_case(9, 3),
            drawn_case(14, 0),
            drawn_case(30, 3),
            drawn_case(40, 0),
        ],
    }
)
with open(sys.argv[1], "w") as file:
    file.write(golden + "\n")
