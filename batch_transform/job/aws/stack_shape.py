"""What AWS takes of what the stack makes around a transform job: schedules, topics, logs and alarms."""

from __future__ import annotations

from batch_transform.job.aws.request_shape import Choice, Text, Whole

# A child id of the CDK, which becomes a part of the schedule's name.
SCHEDULE_NAME = Text(
    1, 32, r"[a-zA-Z0-9](-*[a-zA-Z0-9])*", "letters, digits and inner hyphens, such as nightly"
)
# Scheduler API reference, FlexibleTimeWindow.
WINDOW_IN_MINUTES = Whole(1, 1440)
# The Scheduler is exact to the minute, so that less would promise what it does not keep; a day is our limit.
QUIET_PERIOD_IN_SECONDS = Whole(60, 86_400)
KEY_PART = Text(longest=1024)
# S3 User Guide, "Naming Amazon S3 objects": bytes of a key, as UTF-8.
LONGEST_KEY = 1024
# Of the 4 KB that Lambda takes for a function's environment (quotas), which holds names and ARNs as well.
LONGEST_UPLOAD_INPUT = 3000
EMAIL = Text(
    longest=320,
    pattern=r'[^\s@,;<>"]+@[^\s@,;<>"]+\.[^\s@,;<>".]+',
    in_words="an address, such as team@example.com",
)
TOPIC_ARN = Text(
    longest=512,
    pattern=r"arn:aws[a-z\-]*:sns:[a-z0-9\-]+:\d{12}:[a-zA-Z0-9_\-]{1,256}(\.fifo)?",
    in_words="the ARN of a topic, arn:aws:sns:REGION:ACCOUNT:NAME",
)
OVERLAPPING_RUNS = Choice(("wait", "skip", "fail", "allow"))
# CloudWatch Logs API reference, PutRetentionPolicy.
_LOGS_KEPT = "1 3 5 7 14 30 60 90 120 150 180 365 400 545 731 1096 1827 2192 2557 2922 3288 3653"
LOG_RETENTION_IN_DAYS = tuple(int(days) for days in _LOGS_KEPT.split())
LONGEST_DURATION_IN_SECONDS = Whole(1)
# CloudWatch evaluates seven days at most (User Guide, "Evaluating an alarm").
STARTS_WITHIN_HOURS = Whole(1, 168)
