"""What a job does to the data, in words: for people who know their data and not JSONPath."""
