"""The voice benefit's two uses: a recording becomes text (and, where asked, another text in the
same use), and a text becomes another one."""

from dataclasses import dataclass

from codeplan.dictation.hearing import Hearing
from codeplan.dictation.rewriting import Rewriting
from codeplan.dictation.transcriber import Heard
from codeplan.media.sent import Sent
from codeplan.store.rows import Account
from codeplan.subscriptions.apart import Spent, WorkFailed
from codeplan.subscriptions.benefits import Benefits, Standing


@dataclass(frozen=True, slots=True)
class Dictated:
    """``text``: as it was rewritten, or as it was heard. ``kept``: it was to be rewritten, and
    stays as it was heard, since the model's text had lost what was said."""

    text: str
    heard: Heard
    kept: bool = False


class DictationDesk:
    def __init__(self, benefits: Benefits, hearing: Hearing, rewriting: Rewriting) -> None:
        self._benefits, self._hearing, self._rewriting = benefits, hearing, rewriting

    @property
    def hears(self) -> bool:
        """Whether a speech model is set up."""
        return self._hearing.transcriber is not None

    @property
    def hears_by(self) -> str:
        """The speech model's name; "" for none."""
        return self._hearing.transcriber.name if self._hearing.transcriber else ""

    @property
    def most_bytes(self) -> int:
        return self._hearing.settings.most_bytes

    async def dictate(
        self, account: Account, sent: Sent, way: str = "", language: str = "", key_id: str = ""
    ) -> Dictated:
        """``way``: how it is rewritten; "" for not at all. Raises CallRefused, WorkFailed."""

        async def work(standing: Standing, spent: Spent) -> Dictated:
            heard = await self._hearing.hear(sent, standing.benefit.most_seconds, spent)
            if not way:
                return Dictated(heard.text, heard)
            model = self._model(standing)
            new = await self._rewriting.rewrite(model, way, heard.text, language, spent)
            return Dictated(new.text, heard, new.kept)

        return await self._benefits.use(account, "voice", "transcribe", work, key_id)

    async def rewrite(self, account: Account, text: str, way: str, language: str = "") -> str:
        """Raises CallRefused, WorkFailed."""

        async def work(standing: Standing, spent: Spent) -> str:
            model = self._model(standing)
            new = await self._rewriting.rewrite(model, way, text, language, spent)
            if new.kept:
                raise WorkFailed("The small model's text had lost what yours says: yours stays.")
            return new.text

        return await self._benefits.use(account, "voice", f"rewrite/{way}", work)

    def _model(self, standing: Standing) -> str:
        """Raises WorkFailed."""
        named = self._hearing.settings.rewrite_model
        if named:
            return named
        if standing.plan is None:
            raise WorkFailed("The plan whose model would rewrite it has ended.", 400)
        return standing.plan.models[0]
