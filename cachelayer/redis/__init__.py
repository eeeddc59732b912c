"""What RedisCache is made of: values and stamps in a server that hosts share."""
