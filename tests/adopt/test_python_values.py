from __future__ import annotations

import ast

import pytest

from batch_transform.adopt.python_values import NotKnown, Values


def value(source: str) -> object:
    """Return the value of the argument of `use(...)` in a piece of Python code."""
    tree = ast.parse(source)
    (call,) = [
        node for node in ast.walk(tree) if isinstance(node, ast.Call) and ast.unparse(node.func) == "use"
    ]
    return Values(tree).of(call.args[0])


@pytest.mark.parametrize(
    ("source", "known"),
    [
        ("n = 1\nuse(f'$[{n}:]')", "$[1:]"),
        ("n: int = 1\nuse('$[%d:]' % n)", "$[1:]"),
        ("use('$[{}:{end}]'.format(1, end=3))", "$[1:3]"),
        ("use(f'$[{1 + 2 * 3 - 1}:]')", "$[6:]"),
        ("use('$[' + ','.join(['0', '-1']) + ']')", "$[0,-1]"),
        ("c = {'filters': {'in': '$'}}\nuse(c['filters']['in'])", "$"),
        ("import os\nuse(os.path.join('s3://b', 'x/'.rstrip('/')))", "s3://b/x"),
        ("a = {'x': 1}\nuse({**a, 'y': 2})", {"x": 1, "y": 2}),
        ("use({'x': 1} | dict(y=2))", {"x": 1, "y": 2}),
        ("a = {'x': 1}\na['y'] = {}\na['y']['z'] = 2\nuse(a)\na['x'] = 3", {"x": 1, "y": {"z": 2}}),
        ("a = {'x': 1}\na.update({'y': 2}, z=3)\nuse(a)", {"x": 1, "y": 2, "z": 3}),
        ("a = {'x': 1}\nb = a.copy()\nb['y'] = 2\nuse(b)", {"x": 1, "y": 2}),
        ("f = 'a'\nuse(f)\nf = 'b'", "a"),
        ("f = 'a'\nf = f + 'b'\nuse(f)", "ab"),
        ("a = {}\na['x'] = 1\na = {'y': 2}\na['z'] = 3\nuse(a)", {"y": 2, "z": 3}),
        # looked up in the enclosing function, then outside
        ("f = 'a'\ndef g():\n    f = 'b'\n    use(f)\ndef h():\n    f = 'c'", "b"),
        ("f = 'a'\ndef g():\n    use(f)", "a"),
        ("if x:\n    f = 'a'\n    for one in many:\n        with y as z:\n            use(f)", "a"),
        ("use(f'{1.5:.2f}{True!r}')", "1.50True"),
    ],
)
def test_values_that_can_be_derived_without_running_the_code_are_known(source: str, known: object) -> None:
    assert value(source) == known


@pytest.mark.parametrize(
    "source",
    [
        "use(f'$[{n}:]')",
        "n = len(columns)\nuse(f'$[{n}:]')",
        "f = '$'\ndef g(f):\n    use(f)",
        "f = '$'\ndef g(f='$[1:]'):\n    use(f)",
        "f = '$'\nfor f in many:\n    use(f)",
        "f = '$'\nf += '[1:]'\nuse(f)",
        "f = '$'\nif x:\n    f = '$[1:]'\nuse(f)",
        "f = '$'\ndef g():\n    global f\n    f = '$[1:]'\nuse(f)",
        "from settings import f\nuse(f)",
        "f = '$'\n(f := '$[1:]')\nuse(f)",
        "f = '$'\nf = '$[1:]'\ndef g():\n    use(f)",
        "use(f)\nf = '$'\nf = '$[1:]'",
        "a = [1]\na.append(2)\nuse(a)",
        "a = {'x': 1}\na.update(other)\nuse(a)",
        "a = {'x': 1}\na.pop('x')\nuse(a)",
        "a = {'x': 1}\na[key] = 2\nuse(a)",
        "use('$' if x else '$[1:]')",
        "use('{0.__class__}'.format('a'))",
        "use('%1000000000d' % 1)",
        "use('%*d' % (1000000000, 1))",
    ],
)
def test_values_that_depend_on_running_the_code_are_unknown(source: str) -> None:
    assert isinstance(value(source), NotKnown)


def test_only_the_member_that_is_set_under_a_condition_is_unknown() -> None:
    found = value("a = {'x': 1}\nif y:\n    a['f'] = '$'\nuse(a)")
    assert isinstance(found, dict)
    assert found["x"] == 1
    assert isinstance(found["f"], NotKnown)


def test_names_that_refer_to_names_are_resolved_quickly() -> None:
    lines = ["a0 = 'x'", *(f"a{n + 1} = a{n} + a{n}" for n in range(49)), "use(a49)"]
    assert isinstance(value("\n".join(lines)), NotKnown)
