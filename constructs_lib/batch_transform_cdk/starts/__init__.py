"""What starts a run: schedules, uploads, and the queue of undelivered starts."""
