"""A bucket whose keys stay sorted lists what the emulator lists by looking at all of them."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from ministack.services import s3  # type: ignore[import-untyped]  # it has no types

from batch_transform.local.emulator.storage.sorted_keys import SortedObjects

slow = s3._collect_list_entries
NAMES = st.text(st.sampled_from("ab/é\U0010ffff"), min_size=1, max_size=5)


@settings(max_examples=400, deadline=None)
@given(
    st.lists(NAMES),
    st.lists(st.tuples(NAMES, st.sampled_from(["put", "pop", "del"]))),
    st.sampled_from(["", "a", "a/", "b", "é"]),
    st.sampled_from(["", "/", "b"]),
    st.integers(0, 4),
    st.one_of(st.just(""), NAMES),
)
def test_each_page_has_what_a_look_at_all_objects_finds(  # noqa: PLR0917  # each is drawn
    before: list[str], changes: list[tuple[str, str]], prefix: str, delimiter: str, most: int, after: str
) -> None:
    objects = SortedObjects({name: {"size": 1} for name in before})
    plain = dict(objects)
    for name, change in changes:
        for each in (objects, plain):
            if change == "put":
                each[name] = {"size": 2}
            elif change == "pop":
                each.pop(name, None)
            elif name in each:
                del each[name]
    assert dict(objects) == plain
    while True:
        page = objects.page(prefix, delimiter, most, after)
        assert page == slow(plain, prefix, delimiter, most, after)
        _, _, has_more, last = page
        if not has_more or not last:
            return
        after = last


def test_a_bucket_without_objects_has_an_empty_page() -> None:
    objects = SortedObjects({"a": {}})
    objects.clear()
    assert objects.page("", "", 1000, "") == ([], [], False, "")
