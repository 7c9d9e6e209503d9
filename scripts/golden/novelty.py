"""Prints the golden numbers of crates/aio-bench/src/novelty/linear.rs: scikit-learn 1.9.1, numpy.

python3 -m venv venv && venv/bin/pip install scikit-learn==1.9.1 && venv/bin/python scripts/golden/novelty.py
"""

import numpy as np
from sklearn.covariance import LedoitWolf

rows = np.round(np.random.default_rng(5).normal(size=(7, 3)) * [1, 2, 0.5] + [0, 1, -1], 3)
fitted = LedoitWolf().fit(rows)
print("rows", rows.tolist())
print("shrinkage", fitted.shrinkage_)
print("covariance", fitted.covariance_.tolist())
print("squared Mahalanobis distances", fitted.mahalanobis(rows).tolist())
