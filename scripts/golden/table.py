"""A table of user data, written by pandas with pyarrow.

    python scripts/golden/table.py crates/aio-data/tests/golden/shop.parquet
"""

import sys

import pandas as pd

rows = [
    ("pictures/a.jpg", 1, 3, "rgb", "gallery", None, 10),
    ("pictures/b.png", 1, None, "sketch", "query", None, 10),
    (None, 1, None, "text", "query", "A man, tall, in red.", 10),
    ("pictures/c.jpg", 2, 4, "rgb", "train", None, None),
]
table = pd.DataFrame(rows, columns=["path", "identity", "camera", "modality", "split", "caption", "source"])
table = table.astype({"camera": "Int64", "source": "Int64"})
table.to_parquet(sys.argv[1], index=False, compression="snappy")
