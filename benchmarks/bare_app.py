"""A CDK app without its own constructs: it defines the resources of given templates with their L1 classes.

python bare_app.py FOLDER, where FOLDER is a cloud assembly, whose stack names it uses. References are made as a
person makes them: `role.attr_arn`, and strings with tokens in them.
"""

from __future__ import annotations

import functools
import importlib
import json
import re
import sys
from pathlib import Path
from typing import Any

import aws_cdk as cdk

_MODULES = {"StepFunctions": "stepfunctions", "SecretsManager": "secretsmanager"}
_PSEUDO = {
    "AWS::Partition": cdk.Aws.PARTITION,
    "AWS::Region": cdk.Aws.REGION,
    "AWS::AccountId": cdk.Aws.ACCOUNT_ID,
    "AWS::URLSuffix": cdk.Aws.URL_SUFFIX,
    "AWS::NoValue": cdk.Aws.NO_VALUE,
}


class BareStack(cdk.Stack):
    """The resources, mappings and outputs of one template."""

    def __init__(self, scope: cdk.App, construct_id: str, *, template: dict[str, Any]) -> None:
        super().__init__(scope, construct_id)
        self._given = template["Resources"]
        self._made: dict[str, Any] = {}
        self._attributes: dict[tuple[str, str], str] = {}
        self._mappings = {
            name: cdk.CfnMapping(self, name, mapping=mapping)
            for name, mapping in template.get("Mappings", {}).items()
        }
        for name in self._given:
            self._resource(name)
        for name, output in template.get("Outputs", {}).items():
            exported = output.get("Export", {}).get("Name")
            cdk.CfnOutput(self, name, value=self._text(output["Value"]), export_name=exported)

    def _resource(self, name: str) -> Any:  # noqa: ANN401 - of any L1 class
        if name not in self._made:
            resource = self._given[name]
            properties = {
                _snake(key): self._value(value, is_json=_is_json(key, value))
                for key, value in resource.get("Properties", {}).items()
            }
            cls = _l1(resource["Type"])
            self._made[name] = cls(self, name, **properties)
        return self._made[name]

    def _value(self, value: Any, *, is_json: bool) -> Any:  # noqa: ANN401 - any JSON
        if isinstance(value, list):
            return [self._value(item, is_json=is_json) for item in value]
        if not isinstance(value, dict):
            return value
        if len(value) == 1 and (next(iter(value)) == "Ref" or next(iter(value)).startswith("Fn::")):
            return self._text(value)
        return {
            key if is_json else _camel(key): self._value(item, is_json=is_json or _is_json(key, item))
            for key, item in value.items()
        }

    def _text(self, value: Any) -> str:  # noqa: ANN401, PLR0911 - one for each function
        match value:
            case {"Ref": name} if name in _PSEUDO:
                return str(_PSEUDO[name])
            case {"Ref": name}:
                return self._attribute(name, "ref")
            case {"Fn::GetAtt": [name, attribute]}:
                return self._attribute(name, f"attr_{_snake(attribute)}")
            case {"Fn::Join": [separator, parts]}:
                return str(separator).join(map(self._text, parts))
            case {"Fn::Sub": str(text)}:
                return cdk.Fn.sub(text)
            case {"Fn::ImportValue": name}:
                return cdk.Fn.import_value(self._text(name))
            case {"Fn::FindInMap": [name, first, second]}:
                return self._mappings[name].find_in_map(self._text(first), self._text(second))
            case dict():
                return cdk.Token.as_string(value)
            case _:
                return str(value)

    def _attribute(self, name: str, attribute: str) -> str:
        if (name, attribute) not in self._attributes:
            self._attributes[name, attribute] = getattr(self._resource(name), attribute)
        return self._attributes[name, attribute]


def _is_json(key: str, value: object) -> bool:
    """Whether a property holds JSON or the user's own names, which keep their capitals."""
    if key == "Environment":
        return isinstance(value, dict) and "Variables" not in value
    return key.endswith("Document") or key in {"EventPattern", "Variables"}


@functools.cache
def _l1(kind: str) -> Any:  # noqa: ANN401 - any L1 class
    _, service, resource = kind.split("::")
    module = importlib.import_module(f"aws_cdk.aws_{_MODULES.get(service, service.lower())}")
    return getattr(module, f"Cfn{resource}")


@functools.cache
def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).replace(".", "_").lower()


@functools.cache
def _camel(name: str) -> str:
    first, *rest = _snake(name).split("_")
    return first + "".join(part.capitalize() for part in rest)


def main() -> None:
    app = cdk.App()
    for path in sorted(Path(sys.argv[1]).glob("*.template.json")):
        BareStack(app, path.name.partition(".")[0], template=json.loads(path.read_text()))
    app.synth()


main()
