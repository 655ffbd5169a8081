"""`make bench`: the engine side by side with SageMaker SDK local mode and with a bare client."""
