from collections.abc import Callable

def filter_lines(
    records: bytes,
    answers: bytes | None,
    offset: int,
    plain: bool,
    kind: int,
    selection: tuple[int, ...] | tuple[bytes, ...],
    ending: int,
    slow: Callable[[bytes, bytes | None], bytes],
    /,
) -> tuple[bytes, int]: ...
def newlines(text: bytes, start: int, end: int, /) -> int: ...
