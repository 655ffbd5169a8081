"""Predicts the species of penguins. The AWS scikit-learn container calls these four functions, here and on AWS.

The container of this job has scikit-learn 1.2 and Python 3.9. It also installs the packages that a
requirements.txt beside this file lists.
"""

import io
import json
import os

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler


def model_fn(model_dir):
    """Load the model once, when the container starts. `model_dir` is models/penguins, unpacked."""
    with open(os.path.join(model_dir, "parameters.json"), encoding="utf-8") as file:
        parameters = json.load(file)
    scaler = StandardScaler()
    scaler.mean_ = np.array(parameters["mean"])
    scaler.scale_ = np.array(parameters["scale"])
    classifier = LogisticRegression()
    classifier.coef_ = np.array(parameters["coefficients"])
    classifier.intercept_ = np.array(parameters["intercepts"])
    classifier.classes_ = np.array(parameters["species"])
    return make_pipeline(scaler, classifier)


def input_fn(input_data, content_type):
    """Read a request: one line for each penguin, with its four measurements."""
    if content_type != "text/csv":
        raise ValueError("this model reads text/csv, not " + str(content_type))
    return np.loadtxt(io.StringIO(input_data), delimiter=",", ndmin=2)


def predict_fn(data, model):
    """Return the most likely species of each penguin, with its probability."""
    probabilities = model.predict_proba(data)
    return list(zip(probabilities.max(axis=1), model.classes_[probabilities.argmax(axis=1)]))


def output_fn(prediction, accept):
    """Write the answer: one line for each penguin, in the order of the request."""
    if accept != "text/csv":
        raise ValueError("this model answers text/csv, not " + str(accept))
    return "".join("%.4f,%s\n" % (probability, species) for probability, species in prediction), accept
