"""Amazon SageMaker Batch Transform jobs as infrastructure code, and a local AWS that runs them."""
