"""Which rating devices have a highest level to press, declared or inferred by numbers (contracts.md §5.6).

Belongs here: levels and devices. Doesn't: which rating is valid, and counting (kpi.py).
"""

import datetime as dt
from collections import Counter, defaultdict

from tests.oracle.facts import Row, day, instant, level, yes

UNHAPPY = {"KHÔNG HÀI LÒNG", "RẤT KHÔNG HÀI LÒNG", "DISLIKE", "KHÔNG THÍCH", "KHÔNG HỮU ÍCH"}
LEVELS = UNHAPPY | {"RẤT HÀI LÒNG", "HÀI LÒNG", "BÌNH THƯỜNG", "LIKE", "THÍCH", "HỮU ÍCH"}
ENOUGH = 30
Device = tuple[str, str | None]


class Devices:
    """Devices of one world, as seen on the day of as-of."""

    def __init__(self, truth: dict[str, list[Row]], as_of: dt.datetime) -> None:
        self.declared: dict[Device, list[tuple[dt.date, bool]]] = defaultdict(list)
        for row in truth.get("rating_devices", []):
            begins = day(row["valid_from"]) or dt.date.min  # blank: always
            says = str(row["has_top_level"]).lower() in ("yes", "true", "1", "có")
            self.declared[row["source"], row["device_id"] or None].append((begins, says))
        self.pressed: dict[Device, Counter[str]] = defaultdict(Counter)
        for row in truth["ratings"]:
            at, said = instant(row["rated_at"]), level(row["level_raw"])
            is_known = str(row["scale"]) == "3" and said in LEVELS and not yes(row["is_test"])
            if is_known and at and at <= as_of:
                self.pressed[row["source"], row["device_id"] or None][said] += 1

    def has_top_level(self, rating: Row) -> bool:
        """Whether RẤT HÀI LÒNG could be said where this rating was given."""
        if str(rating["scale"]) != "3":
            return str(rating["scale"]) != "like"
        device = rating["source"], rating["device_id"] or None
        at = instant(rating["rated_at"])
        assert at is not None
        said = [(begins, has) for begins, has in self.declared[device] if begins <= at.date()]
        return max(said)[1] if said else not self._seems_to_lack(device)

    def _seems_to_lack(self, device: Device) -> bool:
        pressed = self.pressed[device]
        total, top, neutral = pressed.total(), pressed["RẤT HÀI LÒNG"], pressed["BÌNH THƯỜNG"]
        if total < ENOUGH:
            return False
        return (top <= 1 or top * 100 <= total) and neutral >= 2 and neutral > top
