"""Errors the warehouse raises; each message is one sentence that says what to do.

Belongs here: the exception types. Doesn't: handling them (orchestration turns them into exit codes).
"""


class WarehouseError(Exception):
    """The warehouse can't go on; the old published version still stands."""


class WarehouseBusyError(WarehouseError):
    """Another run holds the warehouse lock (exit code 3)."""


class CatalogError(WarehouseError):
    """A file under sql/ is wrong; the message names the file and the mend."""


class ContractError(WarehouseError):
    """A model's result doesn't have the columns or the grain that its header promises."""


class QuarantineError(WarehouseError):
    """More rows wait in quarantine than the cap allows; `share` says how many."""

    def __init__(self, sentence: str, share: object) -> None:
        super().__init__(sentence)
        self.share = share


class PublicationError(WarehouseError):
    """A publication was refused or doesn't verify; the link still points to the old version."""
