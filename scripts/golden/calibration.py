"""Reference numbers of calibration: scikit-learn's Platt scaling and isotonic regression, and the expected calibration error.

    python scripts/golden/calibration.py crates/aio-gallery/tests/golden/calibration.json

The expected calibration error is that of Guo et al. (2017) with 15 bins of equal width, written out below.
"""

import json
import sys

import numpy as np
import sklearn
from sklearn.calibration import _sigmoid_calibration
from sklearn.isotonic import IsotonicRegression

rng = np.random.default_rng(20261128)


def expected_calibration_error(probability, same, bins=15):
    which = np.minimum((probability * bins).astype(int), bins - 1)
    total = 0.0
    for b in range(bins):
        inside = which == b
        if inside.any():
            total += inside.mean() * abs(same[inside].mean() - probability[inside].mean())
    return total


cases = []
for count, share, digits in [(400, 0.3, 6), (60, 0.5, 1), (500, 0.05, 2)]:
    same = (rng.random(count) < share).astype(int)
    s = np.round(np.clip(0.55 * same + 0.2 + 0.2 * rng.normal(size=count), -1, 1), digits)
    a, b = _sigmoid_calibration(s, same)
    probability = 1 / (1 + np.exp(a * s + b))
    isotonic = IsotonicRegression(y_min=0, y_max=1, out_of_bounds="clip").fit(s, same)
    grid = np.linspace(-1, 1, 41)
    cases.append(
        {
            "similarities": s.tolist(),
            "same": same.astype(bool).tolist(),
            "slope": -a,
            "intercept": -b,
            "platt_ece": expected_calibration_error(probability, same),
            "isotonic_grid": isotonic.predict(grid).tolist(),
            "isotonic_ece": expected_calibration_error(isotonic.predict(s), same),
        }
    )
with open(sys.argv[1], "w") as file:
    json.dump({"sklearn": sklearn.__version__, "grid": grid.tolist(), "cases": cases}, file)
    file.write("\n")
