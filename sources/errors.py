"""What can go wrong while reading the outside, by what a caller should do about it.

Belongs here: the error types. Doesn't: deciding which one applies (http, paging, landing, drops).
No message may hold a secret, a query value or a record's text.
"""


class SourceError(Exception):
    """Any failure of this package; the message is one sentence that says what to do."""


class SpecError(SourceError):
    """The source file, an address or a credential is wrong; nothing was asked of any system."""


class PermanentError(SourceError):
    """Asking again won't help; a person has to act."""


class UnauthorizedError(PermanentError):
    """The system refused the credentials, also after the one token refresh."""


class LoopError(PermanentError):
    """The system repeats itself, or changes faster than it can be read."""


class BudgetError(PermanentError):
    """Waiting longer isn't allowed now; a later run resumes at the page that was not read."""


class TransientError(SourceError):
    """Asking again may help; `retry_after` is the wait the system asked for, in seconds."""

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class LandingError(SourceError):
    """The landing could not be written or read; what stood before is intact."""


class SetAsideError(SourceError):
    """A dropped file can't be taken; the reason is for the person who dropped it."""

    def __init__(self, reason_vi: str, reason_en: str) -> None:
        super().__init__(reason_en)
        self.reason_vi = reason_vi
        self.reason_en = reason_en
