"""How much memory a piece of work takes at its height, beyond what the process had before."""

from pathlib import Path
from threading import Event, Thread


class Peak:
    """``with Peak() as memory: …``; then ``memory.grown`` in MB."""

    def __enter__(self):
        self.before = self.highest = resident()
        self.over = Event()
        self.watch = Thread(target=self._watch, daemon=True)
        self.watch.start()
        return self

    def _watch(self):
        while not self.over.wait(0.02):
            self.highest = max(self.highest, resident())

    def __exit__(self, *_):
        self.over.set()
        self.watch.join()

    @property
    def grown(self) -> float:
        return self.highest - self.before


def resident() -> float:
    """What the process holds in memory now, in MB."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024
