"""Tells three cultivars of wine apart, under the contract of the AWS PyTorch inference container.

The archive holds the network's state_dict, not a pickled network: it loads with `weights_only`, so
that loading it runs no code, and under any release of PyTorch that has these layers.
"""

import io
import os

import torch

CLASSES = ("cultivar-0", "cultivar-1", "cultivar-2")
MEASUREMENTS = 13


class WineNet(torch.nn.Module):
    """Scales its input as the training data were, and has one hidden layer."""

    def __init__(self):
        super().__init__()
        self.register_buffer("mean", torch.zeros(MEASUREMENTS))
        self.register_buffer("scale", torch.ones(MEASUREMENTS))
        self.layers = torch.nn.Sequential(
            torch.nn.Linear(MEASUREMENTS, 16), torch.nn.ReLU(), torch.nn.Linear(16, len(CLASSES))
        )

    def forward(self, rows):
        return self.layers((rows - self.mean) / self.scale)


def model_fn(model_dir):
    """Load the state_dict `model.pth` of the model archive."""
    model = WineNet()
    model.load_state_dict(torch.load(os.path.join(model_dir, "model.pth"), weights_only=True))
    return model.eval()


def input_fn(request_body, request_content_type):
    """Read rows of 13 measurements from a CSV without header."""
    if request_content_type != "text/csv":
        raise ValueError("this model reads text/csv, not " + str(request_content_type))
    rows = [[float(cell) for cell in line.split(",")] for line in io.StringIO(request_body) if line.strip()]
    return torch.tensor(rows, dtype=torch.float32)


def predict_fn(input_data, model):
    """Give each row's likeliest class, and its probability."""
    with torch.no_grad():
        probabilities, classes = model(input_data).softmax(dim=1).max(dim=1)
    return list(zip(probabilities.tolist(), classes.tolist()))


def output_fn(prediction, accept):
    """Write one line for each row: probability, class."""
    if accept != "text/csv":
        raise ValueError("this model answers text/csv, not " + str(accept))
    return "".join("%.6f,%s\n" % (probability, CLASSES[number]) for probability, number in prediction), accept
