"""Train the model of the job `penguins`.

    python training/train_penguins.py

reads    training/penguins.csv              342 penguins, with a header and the species of each
writes   models/penguins/parameters.json    the model, fitted to four fifths of them
         data/penguins.csv                  the other fifth: records to score, without a header
         data/penguins-truth.csv            their species, for `batch-transform run --truth`

The penguins were measured on the islands around Palmer Station, Antarctica (Horst, Hill and Gorman 2020,
palmerpenguins, CC0). Each run writes the same files.
"""

import csv
import json
from pathlib import Path

from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

PROJECT = Path(__file__).resolve().parents[1]
MEASUREMENTS = ["bill_length_mm", "bill_depth_mm", "flipper_length_mm", "body_mass_g"]


def main():
    with (PROJECT / "training" / "penguins.csv").open(encoding="utf-8") as file:
        penguins = list(csv.DictReader(file))
    known, to_score = train_test_split(
        penguins, test_size=0.2, random_state=7, stratify=[penguin["species"] for penguin in penguins]
    )
    write_model(known, PROJECT / "models" / "penguins" / "parameters.json")
    data = PROJECT / "data"
    data.mkdir(exist_ok=True)
    write_csv(data / "penguins.csv", ["penguin_id", *MEASUREMENTS], to_score, header=False)
    write_csv(data / "penguins-truth.csv", ["penguin_id", "species"], to_score, header=True)


def write_model(penguins, path):
    """Fit a logistic regression, and save its numbers as JSON: any release of scikit-learn can read them."""
    measurements = [[float(penguin[name]) for name in MEASUREMENTS] for penguin in penguins]
    scaler = StandardScaler().fit(measurements)
    classifier = LogisticRegression().fit(
        scaler.transform(measurements), [penguin["species"] for penguin in penguins]
    )
    parameters = {
        "mean": scaler.mean_.tolist(),
        "scale": scaler.scale_.tolist(),
        "coefficients": classifier.coef_.tolist(),
        "intercepts": classifier.intercept_.tolist(),
        "species": classifier.classes_.tolist(),
    }
    path.write_text(json.dumps(parameters, indent=1) + "\n", encoding="utf-8")


def write_csv(path, columns, penguins, *, header):
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.DictWriter(file, columns, extrasaction="ignore", lineterminator="\n")
        if header:
            rows.writeheader()
        rows.writerows(penguins)


if __name__ == "__main__":
    main()
