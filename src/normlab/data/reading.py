"""What a person may say about a file: how it is written, and what to take from it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any

from normlab.errors import SettingError

# thousands signs, each with its kin
SIGNS: Mapping[str, str] = {".": ".", ",": ",", " ": " \u00a0\u2009\u202f", "'": "'\u2019"}
NAMES: Mapping[str, str] = {".": "point", ",": "comma", " ": "blank", "'": "apostrophe"}
DELIMITERS: Mapping[str, str] = {
    "comma": ",", "semicolon": ";", "tab": "\t", "\\t": "\t", "pipe": "|", "space": " ", "blank": " ",
}  # fmt: skip
DECIMALS: Mapping[str, str] = {"point": ".", "comma": ","}
THOUSANDS: Mapping[str, str] = {
    "point": ".", "comma": ",", "space": " ", "blank": " ", "apostrophe": "'", "none": "",
}  # fmt: skip


@dataclass(frozen=True)
class Reading:
    """Options of a reader; what is None is found out from the file.

    delimiter: one character, or comma, semicolon, tab, pipe, space. decimal: "." or ",", or point, comma.
    thousands: one of . , ' and a blank, or point, comma, apostrophe, space, none. skip_rows: lines before
    the table. array: which array of an .npz, or of a dict in a .pt. exclude: columns to leave out.
    """

    delimiter: str | None = None
    decimal: str | None = None
    thousands: str | None = None
    skip_rows: int | None = None
    array: str | None = None
    exclude: tuple[str, ...] = ()

    @classmethod
    def of(cls, /, **given: Any) -> "Reading":
        """Options as a person gives them. Errors: SettingError."""
        exclude = given.pop("exclude", None) or ()
        names = (exclude,) if isinstance(exclude, str) else tuple(exclude)
        return cls(exclude=names, **given)

    def __post_init__(self) -> None:
        """Signs in place of their names."""
        self._set("delimiter", DELIMITERS, _one_character, "one character, or a name")
        self._set("decimal", DECIMALS, set(DECIMALS.values()).__contains__, "a sign or a name")
        self._set("thousands", THOUSANDS, [*SIGNS, ""].__contains__, "a sign or a name")
        if self.decimal is not None and self.decimal == self.thousands:
            raise SettingError(
                f"decimal and thousands are both {self.decimal!r}; they must differ."
            )
        skip = self.skip_rows
        if skip is not None and (not isinstance(skip, int) or isinstance(skip, bool) or skip < 0):
            raise SettingError(f"skip_rows={skip!r} given; it must be a whole number, 0 or more.")
        for name in self.exclude:
            if not isinstance(name, str):
                raise SettingError(f"exclude={name!r} given; it must be names of columns.")
        if self.array is not None and not isinstance(self.array, str):
            raise SettingError(f"array={self.array!r} given; it must be the name of an array.")

    def _set(self, option: str, names: Mapping[str, str], known: Any, words: str) -> None:
        given = getattr(self, option)
        if given is None:
            return
        sign = names.get(given, given) if isinstance(given, str) else None
        if sign is None or not known(sign):
            known_names = ", ".join(name for name in names if name.isalpha())
            raise SettingError(f"{option}={given!r} given; it must be {words}: {known_names}.")
        object.__setattr__(self, option, sign)

    @property
    def reading(self) -> "Reading":
        """These options alone, of settings that have others too."""
        return Reading(**{f.name: getattr(self, f.name) for f in fields(Reading)})

    def given(self) -> dict[str, Any]:
        """The options that were given, by name."""
        every = {field.name: getattr(self, field.name) for field in fields(Reading)}
        return {name: value for name, value in every.items() if value not in (None, ())}


OF_TEXT = ("delimiter", "decimal", "thousands", "skip_rows")


def refuse_unused(reading: Reading, used: Iterable[str], what: str) -> None:
    """SettingError for options that say nothing about such a file."""
    unused = [name for name in reading.given() if name not in {*used}]
    if unused:
        raise SettingError(
            f"{', '.join(unused)} given, which has no effect on {what}; leave it out."
        )


def _one_character(sign: str) -> bool:
    return len(sign) == 1 and sign.isascii() and not sign.isalnum() and sign not in '"\r\n.+-\0'
