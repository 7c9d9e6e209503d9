"""Tables of user data, written by pandas with pyarrow.

    python scripts/golden/table.py crates/aio-data/tests/golden

shop.parquet: nullable integers. gaps.parquet and gaps.csv: what pandas makes of integers with a gap by itself, which are floating-point numbers.
narrow.parquet: integers of 16 bits. dated.parquet: a column of times that no table has.
"""

import sys
from pathlib import Path

import pandas as pd

folder = Path(sys.argv[1])
columns = ["path", "identity", "camera", "modality", "split", "caption", "source"]
rows = [
    ("pictures/a.jpg", 1, 3, "rgb", "gallery", None, 10),
    ("pictures/b.png", 1, None, "sketch", "query", None, 10),
    (None, 1, None, "text", "query", "A man, tall, in red.", 10),
    ("pictures/c.jpg", 2, 4, "rgb", "train", None, None),
]
table = pd.DataFrame(rows, columns=columns)
table.astype({"camera": "Int64", "source": "Int64"}).to_parquet(folder / "shop.parquet", index=False, compression="snappy")

rows[1] = (*rows[1][:2], -1, *rows[1][3:])
gaps = pd.DataFrame(rows, columns=columns)
assert gaps.dtypes["camera"] == "float64" and gaps.dtypes["source"] == "float64"
gaps.to_parquet(folder / "gaps.parquet", index=False, compression="snappy")
gaps.to_csv(folder / "gaps.csv", index=False)
narrow = table.astype({"identity": "int16"})
narrow.to_parquet(folder / "narrow.parquet", index=False, compression="snappy")
dated = table.assign(when=pd.Timestamp("2026-11-30"))
dated.to_parquet(folder / "dated.parquet", index=False, compression="snappy")
