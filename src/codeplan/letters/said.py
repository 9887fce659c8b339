"""A letter before it is put into its reader's language: what it says, and the values in it. The
English text is also the name by which a translation is found (gettext)."""

import msgspec


def N_(text: str) -> str:  # noqa: N802 - the name that gettext's tools look for
    """Marks a text that is translated when its letter is written."""
    return text


class Part(msgspec.Struct, frozen=True):
    """A text with ``%(name)s`` for values. A value is the same in every language: an amount, a
    day with its zone, a name."""

    text: str
    values: dict[str, str] = {}


class Said(msgspec.Struct, frozen=True):
    """``text``: in parts, which stand behind each other."""

    subject: str
    text: str | tuple[Part, ...]
    values: dict[str, str] = {}

    def with_values(self, **values: str) -> "Said":
        return msgspec.structs.replace(self, values=values)

    @property
    def parts(self) -> tuple[Part, ...]:
        if isinstance(self.text, str):
            return (Part(self.text, self.values),)
        return self.text
