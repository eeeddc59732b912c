"""How fast a task starts, and how many tasks run per second, in several queues."""
