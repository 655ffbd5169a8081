"""Who gets notified, and what watches the runs: topic, alarms, metrics, dashboard."""
