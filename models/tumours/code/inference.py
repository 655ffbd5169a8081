"""Tells benign from malignant tumours, under the contract of the AWS scikit-learn container.

The parameters lie in the archive as JSON, not as a pickle: they load under any release of
scikit-learn (the container has 1.2, a laptop a newer one), and loading them runs no code.
"""

import io
import json
import os

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler


def model_fn(model_dir):
    """Rebuild the fitted pipeline from `parameters.json` in the model archive."""
    with open(os.path.join(model_dir, "parameters.json"), encoding="utf-8") as file:
        parameters = json.load(file)
    scaler = StandardScaler()
    scaler.mean_ = np.array(parameters["mean"])
    scaler.scale_ = np.array(parameters["scale"])
    classifier = LogisticRegression()
    classifier.coef_ = np.array([parameters["coefficients"]])
    classifier.intercept_ = np.array([parameters["intercept"]])
    classifier.classes_ = np.array(parameters["classes"])
    return make_pipeline(scaler, classifier)


def input_fn(input_data, content_type):
    """Read rows of measurements, 30 numbers each, from a CSV without header."""
    if content_type != "text/csv":
        raise ValueError("this model reads text/csv, not " + str(content_type))
    return np.loadtxt(io.StringIO(input_data), delimiter=",", ndmin=2)


def predict_fn(data, model):
    """Give each row's probability of being malignant, and the likelier class."""
    probability = model.predict_proba(data)[:, list(model.classes_).index("malignant")]
    return list(zip(probability, model.predict(data)))


def output_fn(prediction, accept):
    """Write one line for each row: probability, class."""
    if accept != "text/csv":
        raise ValueError("this model answers text/csv, not " + str(accept))
    return "".join("%.6f,%s\n" % (probability, name) for probability, name in prediction), accept
