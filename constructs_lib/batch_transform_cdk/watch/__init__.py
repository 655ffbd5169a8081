"""Notifications, alarms, metrics and events of a job's runs."""
