"""The name of a job.

The TransformJobName of every attempt begins with it, `<name>-<YYYYMMDD>T<HHMMSS>-<8 hex digits>-<attempt>`, and so do
S3 prefixes and resource names. A TransformJobName has at most 63 ASCII letters, digits and inner hyphens (API
reference, CreateTransformJob); 32 for the job leave room for the rest.
"""

from __future__ import annotations

import re
import unicodedata

MAX_LENGTH = 32

_LEGAL = re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9])*")


def is_job_name(text: str) -> bool:
    """Whether a job may have this name."""
    return len(text) <= MAX_LENGTH and _LEGAL.fullmatch(text) is not None


def near_job_name(text: str) -> str:
    """Return the closest legal name to `text`; it may be empty."""
    ascii_text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    hyphened = re.sub(r"[^a-zA-Z0-9]+", "-", ascii_text).strip("-")
    return hyphened[:MAX_LENGTH].strip("-")
