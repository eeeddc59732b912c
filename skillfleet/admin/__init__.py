"""The admin of accounts, the queue and the cache, and the dashboard.

Django imports this module when all apps are loaded; it registers the pages.
"""

from skillfleet.admin.accounts import GroupAdmin, TokenAdmin, UserAdmin
from skillfleet.admin.cache import CacheAdmin
from skillfleet.admin.queue import (
    FailureAdmin,
    QueuedAdmin,
    ScheduleAdmin,
    SuccessAdmin,
)

__all__ = [
    "CacheAdmin",
    "FailureAdmin",
    "GroupAdmin",
    "QueuedAdmin",
    "ScheduleAdmin",
    "SuccessAdmin",
    "TokenAdmin",
    "UserAdmin",
]
