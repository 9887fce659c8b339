"""A letter in its reader's language."""

from codeplan.kit.languages import Languages
from codeplan.letters.notices import Notice

languages = Languages("codeplan.letters")


def written(notice: Notice, language: str) -> tuple[str, str]:
    """Subject and text. ``language``: "" for English."""
    if notice.said is None:
        return notice.subject, notice.text
    words = languages.of(language or "en")
    subject = words.gettext(notice.said.subject) % notice.said.values
    return subject, "".join(words.gettext(part.text) % part.values for part in notice.said.parts)
