"""InputFilter and OutputFilter: the JSONPath subset that SageMaker accepts, and filters written as column names."""
