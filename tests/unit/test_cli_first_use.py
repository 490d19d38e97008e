"""The message about compiling on the first run: said once, only when it takes a while."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from numba.core import event

from koubei_sim.cli import screen


class Bar:
    """Notes what a bar of progress is told."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.tasks: list[str] = []
        self.counts: list[tuple[int, int]] = []
        self.console = SimpleNamespace(print=self.said.append)

    def add_task(self, name: str, total: int) -> str:
        self.tasks.append(name)
        return name

    def update(self, task: Any, completed: int, total: int) -> None:
        self.counts.append((completed, total))

    def remove_task(self, task: Any) -> None:
        self.tasks.remove(task)


def compile_some(count: int) -> None:
    """Send the events that numba sends while it compiles."""
    for _ in range(count):
        with event.trigger_event("numba:compile"):
            pass


def test_said_once_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Catches a message said for each function, over 80 columns, or a bar that stays."""
    monkeypatch.setattr(screen, "PATIENCE", 0.0)
    bar = Bar()
    with screen.first_use(bar):
        compile_some(200)
        assert bar.tasks == ["compiling"]
    assert len(bar.said) == 1
    assert len(bar.said[0]) < screen.WIDTH
    assert bar.counts[-1] == (200, 201)
    assert not bar.tasks
    compile_some(1)  # nobody listens any more
    assert bar.counts[-1] == (200, 201)


def test_silent_for_a_little() -> None:
    """Catches a message where nothing, or next to nothing, is compiled."""
    bar = Bar()
    with screen.first_use(bar):
        compile_some(3)
    assert not bar.said
    assert not bar.tasks
