"""What an hour of an instance costs, and what a run costs."""
