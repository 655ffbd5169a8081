"""The containers' exceptions."""

from __future__ import annotations


class ClientError(Exception):
    """When a function of the model's code raised an error, as opposed to the container itself."""


class ImportModuleError(ClientError):
    """When the program cannot be imported."""


class UnsupportedFormatError(Exception):
    """When there is no encoder or decoder for a content type."""

    def __init__(self, content_type: str) -> None:
        # the text is part of an answer's body
        self.message = (
            f"Content type {content_type} is not supported by this framework.\n\n"
            "            Please implement input_fn to to deserialize the request data or an output_fn to\n"
            "            serialize the response. For more information, see the SageMaker Python SDK README."
        )
        super().__init__(self.message)


for _error in (ClientError, ImportModuleError, UnsupportedFormatError):
    _error.__module__ = "sagemaker_containers._errors"  # as a log shows it
