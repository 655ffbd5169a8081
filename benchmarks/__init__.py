"""`make bench`: compares the engine with SageMaker SDK local mode and with a bare client."""
