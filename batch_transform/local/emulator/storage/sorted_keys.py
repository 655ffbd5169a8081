"""Lists a page of a bucket without looking at its other objects.

The emulator sorts all keys of a bucket for each page of a listing: a listing of 100,000 objects sorts them a hundred
times, in the thread that serves all requests. Here, a bucket that was listed once keeps its keys sorted.
"""

from __future__ import annotations

import threading
from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable
from functools import partial
from typing import Any

from ministack.services import s3  # type: ignore[import-untyped]  # it has no types

Page = tuple[list[str], list[str], bool, str]
"""The keys, the common prefixes, whether there are more of them, and the last of both."""

_LAST = chr(0x10FFFF)


class SortedObjects(dict[str, Any]):
    """The objects of a bucket, and their keys in order. Thread safe, for the methods that the emulator calls."""

    def __init__(self, objects: dict[str, Any]) -> None:
        super().__init__(objects)
        self._lock = threading.Lock()
        self._keys = sorted(objects)

    def __setitem__(self, key: str, value: Any) -> None:  # noqa: ANN401  # the emulator's record of an object
        with self._lock:
            if key not in self:
                insort(self._keys, key)
            super().__setitem__(key, value)

    def __delitem__(self, key: str) -> None:
        with self._lock:
            super().__delitem__(key)
            self._forget(key)

    def pop(self, key: str, *default: Any) -> Any:  # noqa: ANN401  # as above
        """Remove an object, and return it."""
        with self._lock:
            if key in self:
                self._forget(key)
            return super().pop(key, *default)

    def clear(self) -> None:
        """Remove all objects."""
        with self._lock:
            super().clear()
            self._keys.clear()

    def _other_change(self, *_: object, **__: object) -> Any:  # noqa: ANN401  # never returns
        raise NotImplementedError("change a bucket's objects one by one, so that its keys stay sorted")

    popitem = update = setdefault = __ior__ = _other_change

    def _forget(self, key: str) -> None:
        del self._keys[bisect_left(self._keys, key)]

    def page(self, prefix: str, delimiter: str, most: int, after: str) -> Page:
        """Return the next keys and common prefixes after one of them, at most so many."""
        keys: list[str] = []
        prefixes: list[str] = []
        last = ""
        with self._lock:
            at = max(bisect_left(self._keys, prefix), bisect_right(self._keys, after))
            while at < len(self._keys) and (key := self._keys[at]).startswith(prefix):
                end = key.find(delimiter, len(prefix)) if delimiter else -1
                found = key if end < 0 else key[: end + len(delimiter)]
                if found > after and found != last:
                    if len(keys) + len(prefixes) >= most:
                        return keys, prefixes, True, last
                    (keys if end < 0 else prefixes).append(found)
                    last = found
                at = at + 1 if end < 0 else bisect_left(self._keys, found + _LAST, at + 1)
        return keys, prefixes, False, last


def plug_in() -> None:
    """List buckets by their sorted keys."""
    s3._list_objects_v1 = partial(_with_sorted_keys, s3._list_objects_v1)
    s3._list_objects_v2 = partial(_with_sorted_keys, s3._list_objects_v2)
    s3._collect_list_entries = lambda objects, *page: objects.page(*page)


def _with_sorted_keys(list_objects: Callable[..., Any], bucket_name: str, query_params: object) -> Any:  # noqa: ANN401  # the emulator's answer
    bucket = s3._ensure_bucket(bucket_name)
    if bucket is not None and not isinstance(bucket["objects"], SortedObjects):
        bucket["objects"] = SortedObjects(bucket["objects"])
    return list_objects(bucket_name, query_params)
