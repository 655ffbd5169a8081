"""Predicts the queue of support tickets. The AWS PyTorch container calls these four functions, here and on AWS.

The container also installs the packages that a requirements.txt beside this file lists.
"""

import json
import os
import re

import torch


class TicketNet(torch.nn.Module):
    """Averages the vectors of a text's words, and chooses a queue by the result."""

    def __init__(self, words, queues):
        super().__init__()
        self.words = {
            word: number for number, word in enumerate(words, start=1)
        }  # 0 is a text without any of them
        self.queues = queues
        self.vectors = torch.nn.EmbeddingBag(len(words) + 1, 32, mode="mean")
        self.scores = torch.nn.Linear(32, len(queues))

    def forward(self, texts):
        known = [[self.words[word] for word in words_of(text) if word in self.words] for text in texts]
        numbers = [torch.tensor(words or [0]) for words in known]
        starts = torch.tensor([0] + [len(words) for words in numbers[:-1]]).cumsum(dim=0)
        return self.scores(self.vectors(torch.cat(numbers), starts))


def words_of(text):
    """Return the first five letters of each word: `deliver`, `delivery` and `delivered` count as one."""
    return [word[:5] for word in re.findall(r"[a-z0-9]+", text.lower())]


def model_fn(model_dir):
    """Load the model once, when the container starts. `model_dir` is models/tickets, unpacked.

    model.pth holds the network's numbers and no code: it loads under any release of PyTorch.
    """
    with open(os.path.join(model_dir, "words.json"), encoding="utf-8") as file:
        model = TicketNet(**json.load(file))
    model.load_state_dict(torch.load(os.path.join(model_dir, "model.pth"), weights_only=True))
    return model.eval()


def input_fn(request_body, content_type):
    """Read a request: one line for each ticket. The job sends the field `text` alone, as a JSON string."""
    if content_type != "application/jsonlines":
        raise ValueError("this model reads application/jsonlines, not " + str(content_type))
    if isinstance(request_body, (bytes, bytearray)):
        request_body = request_body.decode("utf-8")
    return [json.loads(line) for line in request_body.splitlines() if line]


def predict_fn(texts, model):
    """Return the most likely queue of each ticket, with its probability."""
    with torch.no_grad():
        probabilities, numbers = model(texts).softmax(dim=1).max(dim=1)
    return [
        {"probability": round(probability, 4), "queue": model.queues[number]}
        for probability, number in zip(probabilities.tolist(), numbers.tolist())
    ]


def output_fn(prediction, accept):
    """Write the answer: one JSON object on a line for each ticket, in the order of the request."""
    if accept != "application/jsonlines":
        raise ValueError("this model answers application/jsonlines, not " + str(accept))
    return "".join(json.dumps(answer) + "\n" for answer in prediction), accept
