"""What CloudWatch does with numbers: alarms, and metrics in the lines of a log. Knows nothing of the emulator."""
