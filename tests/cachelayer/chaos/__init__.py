"""Random schedules of the cache, checked against a model of the truth.

Two processes of several threads read and write a few rows; some are killed. Each notes
in a journal what it did and when, by the one clock that the machine's processes share
(`time.monotonic_ns`). Afterwards the oracle reads the journals.
"""
