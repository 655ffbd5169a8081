from __future__ import annotations

import pytest

from batch_transform.cli.main import main


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("--port", "80000", "--port 80000 is not a port number; use 0 to 65535"),
        ("--ping-timeout", "0", "--ping-timeout 0 is not a number of seconds: give one above 0"),
        ("--alarm-scale", "0", "--alarm-scale 0 is not above 0, or infinite: give a number above 0"),
        ("--schedule-scale", "0", "--schedule-scale 0 is not above 0, or infinite: give a number above 0"),
    ],
)
def test_an_option_value_that_the_server_rejects_exits_with_2(
    option: str, value: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["local", "up", option, value])
    assert ended.value.code == 2
    assert message in capsys.readouterr().err
