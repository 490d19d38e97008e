"""What a person sees while a long call works: one line on stderr, or a live bar in a notebook.

A bar says what is being done ("building the world", "running 20 replicates") and how far it is.
While kernels are compiled it says that instead: numba tells when it compiles, so this is said when,
and only when, they do not come from disk.  Where a door is not told whether to show progress, it
does so where somebody watches, after half a second.  Nothing is ever written to stdout.

Called by the meters of `runs`, studies and cascades, and by the command line.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, Final

#: Seconds before a bar that nobody asked for appears.
SOON: Final = 0.5
#: Seconds of compiling before it is said: one or two small functions are not worth a word.
PATIENCE: Final = 1.0
#: What is said of compiling; the seconds are those of two idle cores.
COMPILING: Final = "compiling kernels, once, about {seconds} s"
#: Seconds for the fan pyramid, and for one rule of cascades.
PYRAMID, CASCADE = 20, 12

#: Held by the outermost call: what it calls in turn shows nothing by itself.
_SHOWN = threading.Lock()


def watched() -> bool:
    """Return whether a bar is shown where nobody said yes or no.

    On a terminal and in a notebook, on the main thread; not in continuous integration (`CI` is
    set) and not where `KOUBEI_PROGRESS` is 0.
    """
    if os.environ.get("CI") or os.environ.get("KOUBEI_PROGRESS") == "0":
        return False
    if threading.current_thread() is not threading.main_thread():
        return False
    return _notebook() or (sys.stderr is not None and sys.stderr.isatty())


def _notebook() -> bool:
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    return "IPKernelApp" in getattr(shell, "config", ())


class Bar:
    """One line that says what is done and how far it is; made by `progress_bar`.

    Parameters
    ----------
    total : int or None
        How much there is to do; None where nobody knows.
    unit : str
        What is counted; empty where nothing is.
    asked : bool
        Whether somebody asked for it; else it appears after `SOON`, and leaves nothing behind.
    seconds : int
        About how long compiling takes.
    """

    def __init__(self, total: int | None, unit: str, asked: bool, seconds: int) -> None:
        import warnings

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # said where ipywidgets is absent, while imported
            from tqdm.auto import tqdm
        live = any(kind.__module__ == "tqdm.notebook" for kind in tqdm.__mro__)
        # A live one is as wide as its cell, and left in the page where it was asked for.
        shape: dict[str, Any] = {"leave": asked} if live else {"leave": False, "ncols": 79}
        if not unit:
            shape["bar_format"] = "{desc} ... {elapsed}"
        self.line: Any = tqdm(total=total, unit=unit, delay=0.0 if asked else SOON, **shape)
        self._appears = 0.0 if asked else time.monotonic() + SOON
        self._doing, self._lock = "", threading.RLock()
        self._compiling = COMPILING.format(seconds=seconds)
        self._listening = listen(self._compiled)
        self._ended = threading.Event()
        if not live:  # the clock goes on while nothing else does
            threading.Thread(target=self._clock, daemon=True, name="koubei progress").start()

    def _clock(self) -> None:
        wait = max(0.0, self._appears - time.monotonic()) or 1.0
        while not self._ended.wait(wait):
            with self._lock:
                if not self._ended.is_set():
                    self._show()
            wait = 1.0

    @property
    def done(self) -> int:
        """How much is done."""
        return int(self.line.n)

    def say(self, doing: str) -> None:
        """Say what is being done now."""
        with self._lock:
            if doing != self._doing:
                self._doing = doing
                self.line.set_description_str(doing, refresh=False)
                self._show()

    def move(self, done: int, total: int | None = None, more: str = "") -> None:
        """Say how much is done, of how much, and what else there is to say."""
        with self._lock:
            if total is not None:
                self.line.total = total
            if more:
                self.line.set_postfix_str(more, refresh=False)
            self.line.update(done - self.line.n)

    def skip(self, done: int) -> None:
        """Take note of what was done before: it says nothing about the speed."""
        with self._lock:
            self.line.initial += done

    def _compiled(self, now: bool) -> None:
        with self._lock:
            self.line.set_description_str(self._compiling if now else self._doing, refresh=False)
            self._show()

    def _show(self) -> None:
        if time.monotonic() >= self._appears:
            self.line.delay = 0.0  # so that it is wiped away in the end
            self.line.refresh()

    def close(self) -> None:
        """Take it away; said twice it does nothing."""
        self._listening()
        with self._lock:
            self._ended.set()
            self.line.close()

    def __enter__(self) -> Bar:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@contextlib.contextmanager
def progress_bar(
    progress: object, total: int | None, unit: str, seconds: int = PYRAMID
) -> Iterator[Bar | None]:
    """Give a bar where one is wanted, else None.

    Parameters
    ----------
    progress : bool, callable or None
        As at every door: True for a bar; None for one where somebody watches (`watched`), unless
        this is inside another call, which has been told what is wanted.
    total, unit, seconds
        See `Bar`.

    Examples
    --------
    >>> with progress_bar(False, 3, "day") as bar:
    ...     bar is None
    True
    """
    asked = progress is True
    first = _SHOWN.acquire(blocking=False)
    try:
        if asked or (progress is None and first and watched()):
            with Bar(total, unit, asked, seconds) as bar:
                yield bar
        else:
            yield None
    finally:
        if first:
            _SHOWN.release()


def listen(tell: Callable[[bool], None]) -> Callable[[], None]:
    """Have it told when compiling has gone on for a while (True) and when it pauses (False).

    Nothing is told where kernels come from disk, or one or two are missing.  Returns what ends it.
    """
    from numba.core import event

    class Listener(event.Listener):
        began: float | None = None
        depth = 0
        said = False

        def on_start(self, compiling: Any) -> None:
            self.depth += 1
            now = time.monotonic()
            self.began = now if self.began is None else self.began
            if not self.said and now - self.began > PATIENCE:
                self.said = True
                tell(True)

        def on_end(self, compiling: Any) -> None:
            self.depth -= 1
            if self.said and not self.depth:
                self.said = False
                tell(False)

    listener: Any = Listener()
    event.register("numba:compile", listener)

    def end() -> None:
        with contextlib.suppress(ValueError):  # ended before
            event.unregister("numba:compile", listener)

    return end
