"""The job engine: queue, workers, checkpoints, retries and periodic maintenance."""
