"""The first picture of the README: one job file, one template, and the two places where it runs."""

from __future__ import annotations

from tools.pictures.svg import Theme, arrow, box, caption, frame

HEIGHT = 482
TITLE = (
    "A job file becomes a CloudFormation template. The local AWS on your laptop and AWS run the same template: "
    "preflight, transform job, report. The results have your ids next to the predictions."
)


def flow(theme: Theme) -> str:
    """Draw it, from the top to the bottom."""
    return "\n".join(
        [
            box(
                theme,
                (10, 10, 250, 84),
                "Job file",
                ["`jobs/tumours.yaml`", "model, data, filters"],
                strong=True,
            ),
            arrow(theme, (260, 52), (378, 52)),
            caption(theme, 319, 42, "`cdk synth`"),
            box(
                theme,
                (380, 10, 250, 84),
                "CloudFormation template",
                ["model, roles, alarms,", "state machine"],
            ),
            arrow(theme, (442, 94), (442, 118), (135, 118), (135, 146)),
            arrow(theme, (505, 94), (505, 146)),
            box(
                theme,
                (10, 148, 250, 84),
                "Your laptop",
                ["`batch-transform run`", "no account, no containers"],
            ),
            box(theme, (380, 148, 250, 84), "AWS", ["`cdk deploy`", "schedule, upload, API"]),
            caption(theme, 320, 195, "same template"),
            arrow(theme, (135, 232), (135, 260)),
            arrow(theme, (505, 232), (505, 260)),
            frame(theme, (10, 262, 620, 116)),
            caption(theme, 320, 284, "each run: the state machine"),
            box(theme, (24, 298, 180, 66), "Preflight", ["checks the data"]),
            arrow(theme, (204, 331), (228, 331)),
            box(theme, (230, 298, 180, 66), "Transform job", ["filters, scores, joins"], strong=True),
            arrow(theme, (410, 331), (434, 331)),
            box(theme, (436, 298, 180, 66), "Report", ["counts, or explains"]),
            arrow(theme, (320, 378), (320, 404)),
            box(theme, (130, 406, 380, 66), "Results", ["`case-0179,benign`"]),
        ]
    )
