"""What starts a run: schedules, uploads, and the queue of starts that failed."""
