"""Translations by gettext: a package's ``locales/<language>.po`` files, read when they are first
wanted. English is what the code says itself."""

import gettext
from importlib import resources
from io import BytesIO

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po


class Languages:
    """Of one package."""

    def __init__(self, package: str) -> None:
        self._package = package
        self._read: dict[str, gettext.NullTranslations] = {"en": gettext.NullTranslations()}

    def of(self, language: str) -> gettext.NullTranslations:
        """English where there is no such language."""
        if language not in self._read:
            self._read[language] = self._load(language)
        return self._read[language]

    def _load(self, language: str) -> gettext.NullTranslations:
        path = resources.files(self._package) / "locales" / f"{language}.po"
        if not path.is_file():
            return gettext.NullTranslations()
        catalogue = read_po(BytesIO(path.read_bytes()), locale=language)
        compiled = BytesIO()
        write_mo(compiled, catalogue)
        compiled.seek(0)
        return gettext.GNUTranslations(compiled)
