"""CDK constructs that define a batch transform job, one idea a module; `BatchTransform` puts them together."""
