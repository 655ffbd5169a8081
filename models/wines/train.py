"""Train the PyTorch example, and write what its job needs.

    python models/wines/train.py BUILD

    BUILD/wines/model.pth, code/inference.py    the model, ready to be packed
    BUILD/data/wines.csv                        held-out rows: id and 13 measurements, no header
    BUILD/data/wines-truth.csv                  their ids and the true class of each, with a header

The data are the chemical analyses of 178 Italian wines of three cultivars, which scikit-learn ships.
"""

from __future__ import annotations

import csv
import shutil
import sys
from pathlib import Path

import torch
from sklearn.datasets import load_wine
from sklearn.model_selection import train_test_split

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "code"))

from inference import CLASSES, WineNet  # noqa: E402  # the network that is served is the one that is trained

HELD_OUT = 0.3
SEED = 20261122
STEPS = 300


def main(build: Path) -> None:
    """Split, fit on the one part, write the model and the other part."""
    dataset = load_wine()
    ids = [f"wine-{row:03}" for row in range(len(dataset.target))]
    train_rows, held_out_rows, train_classes, held_out_classes, _, held_out_ids = train_test_split(
        dataset.data, dataset.target, ids, test_size=HELD_OUT, random_state=SEED, stratify=dataset.target
    )

    folder = build / "wines"
    (folder / "code").mkdir(parents=True, exist_ok=True)
    shutil.copyfile(HERE / "code" / "inference.py", folder / "code" / "inference.py")
    model = fit(torch.tensor(train_rows, dtype=torch.float32), torch.tensor(train_classes))
    torch.save(model.state_dict(), folder / "model.pth")

    data = build / "data"
    data.mkdir(exist_ok=True)
    with (data / "wines.csv").open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerows([wine, *row] for wine, row in zip(held_out_ids, held_out_rows.tolist(), strict=True))
    with (data / "wines-truth.csv").open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(["wine_id", "prediction"])
        rows.writerows(
            [wine, CLASSES[number]] for wine, number in zip(held_out_ids, held_out_classes, strict=True)
        )


def fit(rows: torch.Tensor, classes: torch.Tensor) -> WineNet:
    """Return the network, fitted to all rows at once."""
    torch.manual_seed(SEED)
    model = WineNet()
    model.mean.copy_(rows.mean(dim=0))
    model.scale.copy_(rows.std(dim=0))
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    for _ in range(STEPS):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(rows), classes).backward()
        optimizer.step()
    return model


if __name__ == "__main__":
    main(Path(sys.argv[1]))
