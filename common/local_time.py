"""The one time zone: days, office hours and nights are those of Viet Nam.

Belongs here: its name and its object. Doesn't: reading times (sql/macros.sql) or the run's clock (settings).
"""

from zoneinfo import ZoneInfo

TIME_ZONE = "Asia/Ho_Chi_Minh"
LOCAL = ZoneInfo(TIME_ZONE)
