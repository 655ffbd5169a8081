"""Whether the first row of the data is what the job's names of columns say of it."""

from __future__ import annotations

from collections.abc import Sequence

from batch_transform.job.errors import HeaderRowError, RowWidthError
from batch_transform.job.values.s3_uri import S3Uri
from batch_transform.job.values.wording import counted


def require_data_row(place: S3Uri, cells: Sequence[str], columns: Sequence[str]) -> None:
    """Raise HeaderRowError when the row holds just these names, in any order, and RowWidthError for another width.

    Filters that names were compiled to select by position: of a row with a column more or less they take others,
    and a run would end well with a wrong result. Names that are numbers are no sign of a header: a row of data may
    look like them.
    """
    numbered = all(name.strip().isdigit() for name in columns)
    if not numbered and sorted(cells) == sorted(columns):
        order = "" if list(cells) == list(columns) else ", and in another order than in the job"
        raise HeaderRowError(
            f"{place} begins with the names of its columns{order}: SageMaker knows no header and would send "
            "it to the model as a record; upload the data without that line"
        )
    if len(cells) != len(columns):
        width = counted(len(cells), "column")
        raise RowWidthError(
            f"{place} begins with a row of {width}, and input.columns names {len(columns)}: the filters would select "
            "others than are meant; upload data with these columns, or mend input.columns and deploy"
        )
