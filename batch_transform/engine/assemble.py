"""Results, put together into the bytes of an `.out` object."""

from __future__ import annotations


def assemble(results: list[bytes], *, with_lines: bool) -> bytes:
    """Return the results' bytes.

    AssembleWith None puts nothing between them. AssembleWith Line ends each with a newline, and adds
    none where there is one (recorded: an output of exactly the answer's length, one newline at its end).
    """
    if not with_lines:
        return b"".join(results)
    lines = b"\n".join(results)
    if results and b"\n\n" not in lines and not lines.endswith(b"\n"):
        return lines + b"\n"  # no result ends with a newline
    return b"".join([result if result.endswith(b"\n") else result + b"\n" for result in results])
