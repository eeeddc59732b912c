"""The parts of RedisCache, which has values and stamps in a server for all hosts."""
