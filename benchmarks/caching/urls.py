"""The contenders' addresses before the product's own."""

from benchmarks.caching.tree import urls
from skillfleet import urls as product

urlpatterns = [*urls(), *product.urlpatterns]
