"""How a text file is written: one decision, made from its first lines."""

from dataclasses import dataclass

_DELIMITERS = {
    ",": "commas", ";": "semicolons", "\t": "tabs", "|": "pipes", " ": "blanks", "": "one column",
}  # fmt: skip


@dataclass(frozen=True)
class Dialect:
    """How a text file is written, but for its numbers, whose forms belong to the columns.

    delimiter is "" where there is one column; `runs`: several blanks count as one; `padded`: blanks stand
    before quotes. skip is how many lines are before the first row of numbers, header and units included;
    comment begins lines that are no rows; `among`: such lines are also between the rows. names has one
    for each column, "" where it has none. row_names: R's, in a first column that the header leaves out.
    units are what the row under the header holds.
    """

    encoding: str
    delimiter: str
    quote: str
    names: tuple[str, ...]
    header: bool = True
    skip: int = 0
    comment: str = ""
    among: bool = False
    runs: bool = False
    padded: bool = False
    units: tuple[str, ...] = ()
    row_names: bool = False
    left_out: tuple[str, ...] = ()  # lines before the table that are no comments

    @property
    def width(self) -> int:
        return len(self.names)

    @property
    def plain(self) -> bool:
        """Whether pyarrow reads such a file as it is."""
        return not (self.among or self.runs or self.padded)

    def words(self, numbers: str) -> str:
        """The decision in words; `numbers` says how numbers are written, or nothing."""
        parts = [
            _DELIMITERS.get(self.delimiter, f"delimiter {self.delimiter!r}"),
            numbers,
            "header" if self.header else "no header",
            "row of units" if self.units else "",
            "row names" if self.row_names else "",
            f"comments after {self.comment}" if self.comment else "",
            f"quotes {self.quote}" if self.quote != '"' else "",
            self.encoding,
        ]
        return ", ".join(filter(None, parts))

    def notes(self) -> list[str]:
        found = []
        if self.left_out:
            first = self.left_out[0]
            found.append(
                f"Left out {_lines(len(self.left_out))} before the table: {first[:60]!r}"
                f"{' …' if len(self.left_out) > 1 or len(first) > 60 else ''} (--skip-rows chooses)."
            )
        if self.units:
            units = ", ".join(map(repr, self.units[:12]))
            found.append(f"The row under the header was read as units: {units}.")
        return found


def _lines(count: int) -> str:
    return f"{count} line{'s' * (count > 1)}"
