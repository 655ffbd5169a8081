"""Train the example model, and write what the main job needs.

    python models/tumours/train.py BUILD

    BUILD/tumours/parameters.json, code/inference.py    the model, ready to be packed
    BUILD/data/tumours.csv                              held-out rows: id and 30 measurements, no header
    BUILD/data/tumours-truth.csv                        their ids and the true class of each, with a header

The data are the 569 fine needle aspirates of the Wisconsin breast cancer data set, which
scikit-learn ships. It leaves out the patients' ids, so a row's place in the set serves as one.
"""

from __future__ import annotations

import csv
import json
import shutil
import sys
import tempfile
from pathlib import Path

from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

HELD_OUT = 0.3
SEED = 20261122


def main(build: Path) -> None:
    """Train, and put each file into its place whole: another training or a run may be in progress at the same time."""
    build.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".training-", dir=build) as made:
        train(Path(made))
        for file in sorted(path for path in Path(made).rglob("*") if path.is_file()):
            target = build / file.relative_to(made)
            target.parent.mkdir(parents=True, exist_ok=True)
            file.replace(target)


def train(build: Path) -> None:
    """Split, fit on the one part, write the model and the other part."""
    dataset = load_breast_cancer()
    ids = [f"case-{row:04}" for row in range(len(dataset.target))]
    classes = [str(dataset.target_names[target]) for target in dataset.target]
    train_rows, held_out_rows, train_classes, held_out_classes, _, held_out_ids = train_test_split(
        dataset.data, classes, ids, test_size=HELD_OUT, random_state=SEED, stratify=classes
    )

    scaler = StandardScaler().fit(train_rows)
    classifier = LogisticRegression(max_iter=1000).fit(scaler.transform(train_rows), train_classes)

    folder = build / "tumours"
    (folder / "code").mkdir(parents=True, exist_ok=True)
    shutil.copyfile(Path(__file__).parent / "code" / "inference.py", folder / "code" / "inference.py")
    parameters = {
        "mean": scaler.mean_.tolist(),
        "scale": scaler.scale_.tolist(),
        "coefficients": classifier.coef_[0].tolist(),
        "intercept": float(classifier.intercept_[0]),
        "classes": classifier.classes_.tolist(),
    }
    (folder / "parameters.json").write_text(json.dumps(parameters, indent=1), encoding="utf-8")

    data = build / "data"
    data.mkdir(exist_ok=True)
    with (data / "tumours.csv").open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerows([case, *row] for case, row in zip(held_out_ids, held_out_rows.tolist(), strict=True))
    with (data / "tumours-truth.csv").open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(["case_id", "prediction"])
        rows.writerows(zip(held_out_ids, held_out_classes, strict=True))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
