"""The admin's own rooms: people, tokens, queue, cache; the dashboard and its sidebar.

Django imports this module when all apps are loaded; it registers what lives here.
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
