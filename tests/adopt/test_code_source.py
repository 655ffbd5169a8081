from __future__ import annotations

import ast
import json
from typing import Any

import pytest

from batch_transform.adopt.code_source import Code, read_code
from batch_transform.job.errors import InputError


def notebook(*cells: str) -> str:
    return json.dumps(
        {"cells": [{"cell_type": "code", "source": cell.splitlines(keepends=True)} for cell in cells]}
    )


def places(code: Code) -> dict[str, str]:
    """Return the names that are set in the code, with the place of each."""
    return {
        node.targets[0].id: code.place(node)
        for node in ast.walk(code.tree)
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
    }


@pytest.mark.parametrize(
    "magic",
    ["%%time\n", "%%capture out\n", "%%time\n%%capture\n", "\n%%timeit -n 1\n", "%%local\n", "%%foo bar\n"],
)
def test_a_cell_under_a_magic_is_read(magic: str) -> None:
    code = read_code(notebook("a = 1", f"{magic}b = 2\n"), "nb.ipynb")
    at = magic.count("\n") + 1
    assert places(code) == {"a": "nb.ipynb, cell 1, line 1", "b": f"nb.ipynb, cell 2, line {at}"}
    assert code.unread == ()


@pytest.mark.parametrize("magic", ["%%bash", "%%writefile inference.py", "%%html", "%%SQL"])
def test_a_cell_in_another_language_is_ignored(magic: str) -> None:
    code = read_code(notebook(f"{magic}\nrm (x\n", "a = 1"), "nb.ipynb")
    assert places(code) == {"a": "nb.ipynb, cell 2, line 1"}
    assert code.unread == ()


@pytest.mark.parametrize(
    "line",
    [
        "%pip install -q \\\n    sagemaker==2",
        "!aws s3 ls s3://bucket/it's",
        "!ls (",
        "if True:\n    !ls",
        "frame?",
        'text = """\n%pip\n!ls\n"""',
        "?frame",
        "x = !ls",
        "x = %who_ls",
        "%matplotlib inline",
        "%time x = f(1)",
    ],
)
def test_lines_of_ipython_syntax_do_not_hide_the_others(line: str) -> None:
    code = read_code(notebook(f"a = 1\n{line}\nb = 2"), "nb.ipynb")
    found = places(code)
    assert found["a"] == "nb.ipynb, cell 1, line 1"
    assert found["b"] == f"nb.ipynb, cell 1, line {2 + line.count(chr(10)) + 1}"
    assert code.unread == ()


def test_a_cell_that_is_indented_as_a_whole_is_read() -> None:
    code = read_code(notebook("  a = 1\n  !ls\n  if a:\n    b = 2"), "nb.ipynb")
    assert places(code) == {"a": "nb.ipynb, cell 1, line 1", "b": "nb.ipynb, cell 1, line 4"}


def test_a_line_that_only_looks_like_a_magic_stays() -> None:
    code = read_code(notebook('a = ("%s/x"\n     % bucket)\n!ls\n'), "nb.ipynb")
    assert ast.unparse(code.tree).startswith("a = '%s/x' % bucket")


def test_a_value_from_a_shell_is_not_a_constant() -> None:
    (assign, *_) = read_code(notebook("x = !cat filter.txt"), "nb.ipynb").tree.body
    assert isinstance(assign, ast.Assign)
    assert isinstance(assign.value, ast.Call)


def test_a_cell_that_is_not_python_is_reported_and_the_others_are_read() -> None:
    code = read_code(notebook("a = 1", "x = 1\ny = (\n", "b = 2"), "nb.ipynb")
    assert places(code) == {"a": "nb.ipynb, cell 1, line 1", "b": "nb.ipynb, cell 3, line 1"}
    (unread,) = code.unread
    assert unread.startswith("nb.ipynb, cell 2, line 2: is not valid Python (")


def test_old_notebooks_and_odd_cells_are_read() -> None:
    old: dict[str, Any] = {"worksheets": [{"cells": [{"cell_type": "code", "input": ["a = 1\n"]}, 7]}]}
    assert places(read_code(json.dumps(old), "nb.ipynb")) == {"a": "nb.ipynb, cell 1, line 1"}


NOTE = """\
# How we score

Some text, and a list:

1. first

   ```python
   a = 1
   ```

> ~~~py
> b = 2
> ~~~

```bash
rm (x
```

```
c = 3
```

```
$ not python at all
```

```pycon
>>> d = 4
>>> print(d)
4
```

    e = 5

```{code-cell} ipython3
f = 6
```
"""


def test_the_code_blocks_of_a_markdown_note_are_read_with_their_lines() -> None:
    code = read_code(NOTE, "note.md")
    assert places(code) == {
        "a": "note.md:8",
        "b": "note.md:12",
        "c": "note.md:20",
        "d": "note.md:28",
        "e": "note.md:33",
        "f": "note.md:36",
    }
    assert code.unread == ()
    assert places(read_code(NOTE, "standard input")) == {
        name: place.replace("note.md", "standard input") for name, place in places(code).items()
    }


@pytest.mark.parametrize(("language", "is_named"), [("python", True), ("", True), ("text", False)])
def test_a_block_that_is_not_python_is_reported_if_it_may_start_a_job(language: str, is_named: bool) -> None:
    code = read_code(f"x\n\n```{language}\nmodel.transform(\n```\n", "note.md")
    assert [one.partition(": ")[0] for one in code.unread] == (["note.md:4"] if is_named else [])


def test_fails_for_a_script_that_is_not_python() -> None:
    with pytest.raises(InputError, match=r"job\.py:2: is not valid Python"):
        read_code("a = 1\nx = (\n", "job.py")
    with pytest.raises(InputError, match="is JSON, but not a notebook"):
        read_code('{"a": 1}', "x.json")
