"""The URLs of the contenders, and then those of the product."""

from benchmarks.caching.tree import urls
from skillfleet import urls as product

urlpatterns = [*urls(), *product.urlpatterns]
