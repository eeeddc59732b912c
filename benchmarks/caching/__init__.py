"""The cache beside what else caches in a Django project."""
