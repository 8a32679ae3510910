"""Columns of an arrow table, normalised batch by batch; the others go through as they are."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from normlab.data.choosing import find, unique
from normlab.data.columns import Read, Words, from_arrow
from normlab.errors import DataError
from normlab.measuring.applying.scaling import Scaling


@dataclass(frozen=True, eq=False)
class Plan:
    """Which columns are changed: place in the table → place among the features of the scaling."""

    scaling: Scaling
    places: dict[int, int]

    @classmethod
    def of(cls, scaling: Scaling, names: Sequence[str], exclude: Sequence[str]) -> "Plan":
        """Columns found by the names that the statistics have. Errors: DataError where one is not there."""
        found = Read(list(names), [Words("")] * len(names), "")
        unique(found)
        at = {name: i for i, name in enumerate(found.names)}
        left_out = {find(name, at) for name in exclude}
        missing = [name for name in scaling.names if name not in at and name not in left_out]
        for name in missing[:1]:
            try:
                find(name, at)
            except DataError as error:
                raise DataError(f"{error}; the statistics are of that column") from None
            raise DataError(f"has no column {name!r}, of which the statistics are")
        features = enumerate(scaling.names)
        places = {at[name]: i for i, name in features if name not in left_out}
        if not places:
            raise DataError("no column is left to normalise; exclude fewer")
        return cls(scaling, places)

    def schema(self, schema: Any) -> Any:
        """The schema of what `changed` gives; what was said about its fields stays."""
        import pyarrow as pa

        fields = list(schema)
        for place in self.places:
            kept = fields[place]
            dtype = result_dtype_of(kept.type, kept.name)
            fields[place] = pa.field(kept.name, dtype, kept.nullable, kept.metadata)
        return pa.schema(fields, schema.metadata)

    def changed(self, batch: Any, schema: Any) -> Any:
        """One record batch, normalised."""
        import pyarrow as pa

        columns = list(batch.columns)
        for place, feature in self.places.items():
            columns[place] = self.column(columns[place], feature).cast(schema.field(place).type)
        return pa.RecordBatch.from_arrays(columns, schema=schema)

    def column(self, column: Any, feature: int) -> Any:
        """An arrow array normalised; null stays null, and NaN NaN."""
        import pyarrow as pa

        numbers = from_arrow(column)
        missing = np.asarray(numbers.is_null())
        values = numbers.to_numpy(zero_copy_only=False)
        scaling = self.scaling
        mean, divisor = scaling.mean.reshape(-1)[feature], scaling.divisor.reshape(-1)[feature]
        return pa.array(scaling(values, mean, divisor), mask=missing if missing.any() else None)


def result_dtype_of(kind: Any, name: str) -> Any:
    """float32 of what float32 holds, else float64. Errors: DataError for what is no number."""
    import pyarrow as pa

    column = from_arrow(pa.array([], kind))
    if isinstance(column, Words):
        raise DataError(
            f"column {name!r} is not numeric ({column.kind}), but the statistics say it was"
        )
    small = pa.types.is_integer(kind) and kind.bit_width <= 16
    return pa.float32() if small else column.type
