"""When a schedule starts a job: cron expressions, one-time starts and the longest gap between two starts."""
