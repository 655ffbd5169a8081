"""Train the model of the job `tickets`.

    python training/train_tickets.py

reads    training/tickets.jsonl                        128 support tickets, and the queue that each belongs to
writes   models/tickets/model.pth and words.json       the model, fitted to three quarters of them
         data/tickets.jsonl                            the other quarter: records to score
         data/tickets-truth.jsonl                      their queues, which the test knows

The tickets were made up for this example. Each run writes the same files.
"""

import json
import sys
from collections import Counter
from pathlib import Path

import torch

PROJECT = Path(__file__).resolve().parents[1]
MODEL = PROJECT / "models" / "tickets"
sys.path.insert(0, str(MODEL / "code"))

from inference import TicketNet, words_of  # noqa: E402 - the network that is served is the one that is trained

HELD_OUT = 32
COMMON = 10  # words in more tickets than this, such as `the`, say nothing about a queue
STEPS = 150


def main():
    lines = (PROJECT / "training" / "tickets.jsonl").read_text(encoding="utf-8").splitlines()
    tickets = [json.loads(line) for line in lines]
    known, to_score = tickets[HELD_OUT:], tickets[:HELD_OUT]
    model = fit(known)
    names = {"words": list(model.words), "queues": model.queues}
    (MODEL / "words.json").write_text(json.dumps(names, indent=1) + "\n", encoding="utf-8")
    torch.save(model.state_dict(), MODEL / "model.pth")
    data = PROJECT / "data"
    data.mkdir(exist_ok=True)
    write_lines(data / "tickets.jsonl", to_score, "id", "text")
    write_lines(data / "tickets-truth.jsonl", to_score, "id", "queue")


def fit(tickets):
    torch.manual_seed(7)
    used = Counter(word for ticket in tickets for word in set(words_of(ticket["text"])))
    words = sorted(word for word, count in used.items() if count <= COMMON)
    queues = sorted({ticket["queue"] for ticket in tickets})
    model = TicketNet(words, queues)
    texts = [ticket["text"] for ticket in tickets]
    truth = torch.tensor([queues.index(ticket["queue"]) for ticket in tickets])
    optimizer = torch.optim.Adam(model.parameters(), lr=0.02, weight_decay=0.001)
    for _ in range(STEPS):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(texts), truth).backward()
        optimizer.step()
    return model


def write_lines(path, tickets, *fields):
    with path.open("w", encoding="utf-8") as file:
        for ticket in tickets:
            file.write(json.dumps({field: ticket[field] for field in fields}) + "\n")


if __name__ == "__main__":
    main()
