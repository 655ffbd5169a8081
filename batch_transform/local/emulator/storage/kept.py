"""Keeps S3 objects over a restart, however the process ended.

Bodies are files that are written once. Everything else about a key (its current object, versions and delete markers,
tags, ACLs, annotations, locks) is one row of an SQLite database, which names the files of the bodies. So a key has
its old or its new state, and body and metadata change together. Files that no row names are removed at the next
start.

This holds if the process is killed. After a power failure, the last writes may be missing: then a key has its old
state, or it is left out and named in the log.
"""

from __future__ import annotations

import base64
import json
import logging
import sqlite3
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypeAlias

from ministack.core import responses  # type: ignore[import-untyped]  # it has no types
from ministack.services import s3  # type: ignore[import-untyped]  # it has no types

from batch_transform.job.errors import InputError
from batch_transform.local.emulator.storage.body import Body, BodyFile, BodyFolder, Piece

Key: TypeAlias = tuple[str, str, str]
"""Account, bucket and key. The key is empty for the bucket itself."""

_SCHEMA = (
    "PRAGMA locking_mode = EXCLUSIVE",
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = NORMAL",
    "CREATE TABLE IF NOT EXISTS kept (account TEXT, bucket TEXT, key TEXT, state TEXT NOT NULL, "
    "PRIMARY KEY (account, bucket, key)) WITHOUT ROWID",
)
_BODY, _BYTES = "__body__", "__bytes__"

logger = logging.getLogger(__name__)


class KeptObjects:
    """Keeps changed objects in `data_dir`. Thread safe. The end of the process closes the database."""

    def __init__(self, data_dir: Path) -> None:
        if (data_dir / "s3").is_dir():
            raise InputError(
                f"--data-dir {data_dir}: it holds the objects of an earlier release, which this one cannot read; "
                "take another folder, or copy them with that release"
            )
        folder = data_dir / "objects"
        self.bodies = BodyFolder(folder / "bodies", keeps_files=True)
        self._database = sqlite3.connect(
            folder / "objects.sqlite", isolation_level=None, check_same_thread=False
        )
        for statement in _SCHEMA:
            self._database.execute(statement)
        self._touched: set[Key] = set()
        self._lock = threading.RLock()

    def touch(self, bucket: str, key: str = "") -> None:
        """Note that an object in the account of the request, or the settings of a bucket, changed."""
        with self._lock:
            self._touched.add((responses.get_account_id(), bucket, key))

    def commit(self) -> None:
        """Write everything that was touched, or nothing. Raises OSError and sqlite3.Error; then it stays touched."""
        with self._lock:
            if not self._touched:
                return
            states = {key: self._state(key) for key in self._with_buckets()}
            self._database.execute("BEGIN IMMEDIATE")
            try:
                for key, state in states.items():
                    self._write(key, state)
                self._database.execute("COMMIT")
            except BaseException:
                if self._database.in_transaction:  # SQLite may have rolled back already
                    self._database.execute("ROLLBACK")
                raise
            self._touched.clear()
            self.bodies.sweep()

    def roll_back(self) -> None:
        """Restore everything that was touched to its state at the last commit."""
        with self._lock:
            for key in self._touched:
                row = self._database.execute(
                    "SELECT state FROM kept WHERE account = ? AND bucket = ? AND key = ?", key
                ).fetchone()
                if row or key[2]:  # CloudFormation's buckets are written with their first object
                    self._restore(key, self._decoded(row[0]) if row else {})
            self._touched.clear()
            self.bodies.sweep()

    def load(self) -> None:
        """Load everything into the emulator, over what it has."""
        with self._lock:
            for *key, state in self._database.execute(
                "SELECT * FROM kept ORDER BY key"
            ):  # buckets come first
                decoded = self._decoded(state)
                if missing := _missing(decoded):
                    logger.error("s3://%s/%s is left out: %s is not whole", key[1], key[2], missing.path)
                else:
                    self._restore((key[0], key[1], key[2]), decoded)
            self.bodies.sweep_all()

    def clear(self) -> None:
        """Delete everything."""
        with self._lock:
            self._database.execute("DELETE FROM kept")
            self._touched.clear()
            self.bodies.sweep()

    def _with_buckets(self) -> list[Key]:
        """Return what was touched, with the buckets: an object needs its bucket."""
        return sorted({(account, bucket, "") for account, bucket, _ in self._touched} | self._touched)

    def _write(self, key: Key, state: Mapping[str, Any] | None) -> None:
        if state is None:
            self._database.execute("DELETE FROM kept WHERE account = ? AND bucket = ? AND key = ?", key)
        else:
            self._database.execute(
                "INSERT INTO kept VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET state = excluded.state "
                "WHERE state <> excluded.state",
                (*key, json.dumps(state, default=_encoded)),
            )

    def _state(self, key: Key) -> dict[str, Any] | None:
        account, bucket, name = key
        record = s3._buckets._data.get((account, bucket))
        if record is None:
            return None
        if not name:
            settings = {
                setting: values._data[(account, bucket)]
                for setting, values in s3._PERSISTED_BUCKET_DICTS.items()
                if (account, bucket) in values._data
            }
            return {
                "record": {member: value for member, value in record.items() if member != "objects"},
                "settings": settings,
            }
        current = record["objects"].get(name)
        versions = s3._object_versions._data.get((account, (bucket, name)), [])
        if versions and versions[-1].get("is_delete_marker"):
            current = None  # the emulator adds the marker before it removes the object
        if current is None and not versions:
            return None
        self._to_files([(each, "body") for each in [current] if each] + [(each, "data") for each in versions])
        return {"current": current, "versions": versions, "details": list(_details(key, versions))}

    def _to_files(self, places: list[tuple[dict[str, Any], str]]) -> None:
        """Write bodies in memory to files; a body that several records share to one file."""
        written: dict[int, Body] = {}
        for record, member in places:
            data = record.get(member)
            if isinstance(data, bytes):
                if id(data) not in written:
                    written[id(data)] = self.bodies.write(data) if data else Body(())
                record[member] = written[id(data)]

    def _restore(self, key: Key, state: Mapping[str, Any]) -> None:
        account, bucket, name = key
        if not name:
            _restore_bucket(account, bucket, state)
            return
        versions = s3._object_versions._data.pop((account, (bucket, name)), [])
        for store, place, _ in list(_details(key, versions)):
            _detail_stores()[store]._data.pop((account, (bucket, name, place)), None)
        objects = s3._buckets._data.setdefault((account, bucket), {"objects": {}})["objects"]
        objects.pop(name, None)
        if state.get("current"):
            objects[name] = state["current"]
        if state.get("versions"):
            s3._object_versions._data[(account, (bucket, name))] = state["versions"]
        for store, place, value in state.get("details", []):
            _detail_stores()[store]._data[(account, (bucket, name, place))] = value

    def _decoded(self, state: str) -> dict[str, Any]:
        def decoded(value: dict[str, Any]) -> object:
            if _BODY in value:
                return Body([Piece(self.bodies.file(name), *where) for name, *where in value[_BODY]])
            return base64.b64decode(value[_BYTES]) if _BYTES in value else value

        made: dict[str, Any] = json.loads(state, object_hook=decoded)
        return made


def _detail_stores() -> dict[str, Any]:
    """Return the emulator's stores for what belongs to one version of an object."""
    return {
        "tags": s3._object_tags,
        "acl": s3._object_acl,
        "annotations": s3._object_annotations,
        "retention": s3._object_retention,
        "legal_hold": s3._object_legal_hold,
    }


def _details(key: Key, versions: list[dict[str, Any]]) -> Iterator[tuple[str, str | None, Any]]:
    account, bucket, name = key
    places = [None, *(version["version_id"] for version in versions)]
    for store, values in _detail_stores().items():
        for place in places:
            if (account, (bucket, name, place)) in values._data:
                yield store, place, values._data[(account, (bucket, name, place))]


def _restore_bucket(account: str, bucket: str, state: Mapping[str, Any]) -> None:
    for setting, values in s3._PERSISTED_BUCKET_DICTS.items():
        values._data.pop((account, bucket), None)
        if setting in state["settings"]:
            values._data[(account, bucket)] = state["settings"][setting]
    objects = s3._buckets._data.get((account, bucket), {"objects": {}})["objects"]
    s3._buckets._data[(account, bucket)] = {**state["record"], "objects": objects}


def _encoded(value: object) -> object:
    if isinstance(value, Body):
        return {_BODY: [[piece.file.name, piece.offset, piece.length] for piece in value.pieces]}
    if isinstance(value, bytes):
        return {_BYTES: base64.b64encode(value).decode("ascii")}
    raise TypeError(f"{type(value).__name__} in the state of S3")


def _missing(state: Mapping[str, Any]) -> BodyFile | None:
    """Return a file of the state that is missing or too short, or None."""
    bodies = [version.get("data") for version in state.get("versions", [])]
    bodies.append((state.get("current") or {}).get("body"))
    pieces = (piece for body in bodies if isinstance(body, Body) for piece in body.pieces)
    return next((file for file, offset, length in pieces if file.size() < offset + length), None)
