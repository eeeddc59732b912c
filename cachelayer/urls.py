"""The operators' addresses, below the API's prefix; none ends in a slash."""

from django.urls import path

from cachelayer.endpoints import CacheClear, CacheInvalidate, CacheStats

urlpatterns = [
    path("cache/stats", CacheStats.as_view()),
    path("cache/invalidate", CacheInvalidate.as_view()),
    path("cache/clear", CacheClear.as_view()),
]
