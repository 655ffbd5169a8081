"""Sends a notification about a run that failed, timed out or was stopped; see `run_message`."""

from __future__ import annotations

from typing import Any

from aws_client import aws_client
from run_message import EndedRun, message

_sns = aws_client("sns")


def handler(event: dict[str, Any], _context: object) -> None:
    """Publish the notification to the topic that the rule names."""
    notification = message(EndedRun(job=event["job"], job_file=event["job_file"], detail=event["detail"]))
    _sns.publish(TopicArn=event["topic"], Subject=notification.subject, Message=notification.text)
