"""The clock of MemoryCache."""


class Clock:
    """Replaces `monotonic`; its time passes only when a test calls `forward`."""

    def __init__(self, monkeypatch) -> None:
        self.now = 1000.0
        for module in ("entries", "backends.memory"):
            monkeypatch.setattr(f"cachelayer.{module}.monotonic", self)

    def __call__(self) -> float:
        self.now += 1e-6
        return self.now

    def forward(self, seconds: float) -> None:
        self.now += seconds
