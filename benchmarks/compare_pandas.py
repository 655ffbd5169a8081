"""What one would write with pandas to compare two runs: the same figures as `compare`, in memory.

python compare_pandas.py FIRST SECOND, with a Python that has pandas, prints the keys of both runs and its peak memory.
"""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.peak_memory import peak_mib

QUANTILES = (0.0, 0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 1.0)


def main(first: str, second: str) -> None:
    import pandas  # type: ignore[import-untyped,import-not-found,unused-ignore]  # noqa: PLC0415 - as above

    names = ["customer_id", "score", "churns"]
    one, other = (pandas.read_csv(file, header=None, names=names) for file in (first, second))
    joined = one.merge(other, on="customer_id", how="outer", suffixes=("", "_2"), indicator=True)
    both = joined[joined["_merge"] == "both"]
    figures: dict[str, Any] = {
        "both": len(both),
        "only": [int((joined["_merge"] == side).sum()) for side in ("left_only", "right_only")],
        "duplicated": [int(rows["customer_id"].duplicated().sum()) for rows in (one, other)],
        "changed": [int((both[name] != both[f"{name}_2"]).sum()) for name in ("score", "churns")],
        "difference": float((both["score"] - both["score_2"]).abs().mean()),
        "numbers": [
            [float(rows["score"].mean()), *rows["score"].quantile(list(QUANTILES))] for rows in (one, other)
        ],
        "moves": both.groupby(["churns", "churns_2"]).size().to_list(),
    }
    edges = [-math.inf, *one["score"].quantile([part / 10 for part in range(1, 10)]), math.inf]
    shares = [
        pandas.cut(rows["score"], edges).value_counts(sort=False, normalize=True) for rows in (one, other)
    ]
    before, after = (share.clip(lower=0.0001) for share in shares)
    figures["psi"] = float(((after - before) * (after / before).map(math.log).astype(float)).sum())
    print(json.dumps({**figures, "peak_mib": peak_mib()}))  # noqa: T201 - the output of this program


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
