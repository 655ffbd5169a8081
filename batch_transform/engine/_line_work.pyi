from collections.abc import Callable

_Slow = Callable[[bytes, bytes | None], bytes]

def csv(
    records: bytes,
    answers: bytes | None,
    offset: int,
    plain: bool,
    kind: int,
    indexes: tuple[int, ...],
    ending: int,
    slow: _Slow,
    /,
) -> tuple[bytes, int]: ...
def json(
    records: bytes,
    answers: bytes | None,
    offset: int,
    names: tuple[bytes, ...],
    is_bare: bool,
    ending: int,
    slow: _Slow,
    /,
) -> tuple[bytes, int]: ...
def count(text: bytes, start: int, end: int, /) -> int: ...
