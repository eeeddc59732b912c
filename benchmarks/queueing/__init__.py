"""How fast a task starts and how many are done: ours beside other queues."""
