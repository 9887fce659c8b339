"""Sending mail by SMTP. Knows no account and no notice."""

from dataclasses import dataclass
from email.message import EmailMessage

import aiosmtplib

_TIMEOUT_SECONDS = 30


class MailFailed(Exception):
    """The server did not take it. ``final``: it never will."""

    def __init__(self, why: str, final: bool) -> None:
        super().__init__(why)
        self.final = final


@dataclass(frozen=True, slots=True)
class MailSettings:
    """``security``: starttls, tls or none."""

    host: str
    port: int
    security: str
    user: str
    password: str
    sender: str


class Mailer:
    def __init__(self, settings: MailSettings) -> None:
        self._settings = settings

    async def send(self, to: str, subject: str, text: str, message_id: str) -> None:
        """``message_id``: the same for the same mail, so that one sent twice is known.

        Raises MailFailed.
        """
        message = EmailMessage()
        settings = self._settings
        domain = settings.sender.rpartition("@")[2].rstrip(">") or "localhost"
        message["From"], message["To"], message["Subject"] = settings.sender, to, subject
        message["Message-ID"] = f"<{message_id}@{domain}>"
        message.set_content(text)
        try:
            await aiosmtplib.send(
                message,
                hostname=settings.host,
                port=settings.port,
                username=settings.user or None,
                password=settings.password or None,
                use_tls=settings.security == "tls",
                start_tls=settings.security == "starttls",
                timeout=_TIMEOUT_SECONDS,
            )
        except aiosmtplib.SMTPRecipientsRefused as refused:
            raise MailFailed(str(refused), final=True) from refused
        except aiosmtplib.SMTPResponseException as refused:
            raise MailFailed(str(refused), final=500 <= refused.code < 600) from refused
        except (aiosmtplib.SMTPException, OSError, ValueError) as problem:
            raise MailFailed(str(problem), final=isinstance(problem, ValueError)) from problem
