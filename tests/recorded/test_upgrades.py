"""An upgrade replaces no stateful resource: today's templates, compared with those of each release."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from batch_transform.local.cloud_assembly import read_stack
from recorded.forms import FORMS, synthesised
from recorded.record import STATEFUL, assembly_of, kept_of, recorded, releases


@pytest.mark.parametrize("form", FORMS)
def test_an_upgrade_keeps_what_is_stateful_and_each_output(form: str, tmp_path: Path) -> None:
    now = kept_of(synthesised(form, tmp_path))
    for release in releases():
        before = recorded(release, form)
        lost = {
            (stack, section, name): (value, now.get(stack, {}).get(section, {}).get(name, "missing"))
            for stack, sections in before.items()
            for section, values in sections.items()
            for name, value in values.items()
            if now.get(stack, {}).get(section, {}).get(name, "missing") != value
        }
        assert lost == {}, release


def test_the_first_release_is_recorded_and_holds_each_kind() -> None:
    assert "0.1.0" in releases()
    kinds = {
        kind
        for form in FORMS
        for stack in recorded("0.1.0", form).values()
        for kind, _ in stack["Resources"].values()
    }
    assert kinds == STATEFUL - {"AWS::DynamoDB::Table"}


def test_each_release_keeps_an_assembly_with_all_its_assets(tmp_path: Path) -> None:
    for release in releases():
        assembly = assembly_of(release, tmp_path / release)
        stack = read_stack(assembly, "BatchTransform")
        assert all(asset.path.exists() for asset in stack.assets)
        template = json.loads((assembly / "BatchTransform.template.json").read_text())
        assert "AWS::StepFunctions::StateMachine" in {one["Type"] for one in template["Resources"].values()}
