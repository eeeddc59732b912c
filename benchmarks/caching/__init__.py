"""The cache compared with other caches for Django projects."""
