"""`serve`: opens the door of the live page: address, token, who may ask, and a clean end.

On this machine's own address anybody on the machine may look; on any other a token is needed.
Pages of other sites are turned away wherever they come from: a browser would carry the visitor's
rights along.  marimo serves the page, uvicorn the sockets.
Called by ``koubei app``.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import logging
import secrets
import socket
import threading
from collections.abc import Awaitable, Callable, MutableMapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, urlsplit

from koubei_sim import checks
from koubei_sim.app.design import MOST_BYTES, MOST_PEOPLE, opened
from koubei_sim.app.opening import PEOPLE, Opening, open_with, when_it_stands
from koubei_sim.errors import KoubeiError

logger = logging.getLogger("koubei_sim")

PORT: Final = 2718
HOST: Final = "127.0.0.1"
LEAST_TOKEN: Final = 8
#: Visitors at once; each has a thread, and results in memory.
MOST_VISITORS: Final = 64
#: Seconds after which the runs of a visitor who has closed the page are given up.
AWAY: Final = 10
#: Seconds that a visitor waits at most for the page of the one before.
ENTRANCE: Final = 5.0

#: All that the page itself asks for; marimo has more doors than that.
_SENT_TO: Final = frozenset(
    {"/api/kernel/set_ui_element_value", "/api/kernel/function_call", "/auth/login"}
)

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


def serve(
    scenario: str | Path = "xiaomi",
    host: str = HOST,
    port: int = PORT,
    people: int = PEOPLE,
    token: str | None = None,
    lang: str = "en",
    say: Callable[[str], object] = print,
) -> None:
    """Serve the live page until Ctrl-C or SIGTERM.

    Parameters
    ----------
    scenario : str or Path
        Preset or TOML file that a visitor finds; others can be chosen on the page.
    host : str
        Address to listen on.  On any but the machine's own a token is needed.
    port : int
        0: one that is free.
    people : int
        People simulated at first, at most (1..1,000,000).
    token : str, optional
        Word that visitors must bring; one is made where the host needs it.  8 signs at least.
    lang : {"en", "zh"}
        Language of the page at first; a visitor can change it.
    say : callable
        Is told where the page is.

    Raises
    ------
    KoubeiError
        Before anything is served: marimo is not installed, the port is taken, ...
    """
    people = checks.whole("people", people, 1, MOST_PEOPLE)
    port = checks.whole("port", port, 0, 65_535)
    lang = checks.lang(lang)
    word = token_for(host, token)
    opening = Opening(opened(scenario), people, lang)
    opening.settings()  # refuses what the page could not open with
    check_installed()
    door = listening(host, port)
    open_with(opening)
    with contextlib.closing(door):
        _serve(door, host, word, opening, say)


def check_installed() -> None:
    """Refuse to serve where the extra ``app`` is not installed.

    Raises
    ------
    KoubeiError
    """
    missing = [name for name in ("marimo", "uvicorn", "zmq") if find_spec(name) is None]
    if missing:
        raise KoubeiError(
            "app", f"{missing[0]} is not installed", fix="pip install 'koubei-sim[app]'"
        )


def is_own(host: str) -> bool:
    """Return whether an address is reached from this machine alone.

    Examples
    --------
    >>> is_own("127.0.0.1"), is_own("::1"), is_own("localhost"), is_own("0.0.0.0")
    (True, True, True, False)
    """
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def token_for(host: str, token: str | None) -> str:
    """Return the word that visitors must bring, "" for none.

    Examples
    --------
    >>> token_for("127.0.0.1", None), len(token_for("0.0.0.0", None)) > 20
    ('', True)
    >>> token_for("0.0.0.0", "1234")
    Traceback (most recent call last):
    ...
    koubei_sim.errors.KoubeiError: token: too short, got 4 signs, allowed 8 or more
    """
    if token is None:
        return "" if is_own(host) else secrets.token_urlsafe(18)
    if len(token) < LEAST_TOKEN:
        raise KoubeiError(
            "token", "too short", got=f"{len(token)} signs", allowed=f"{LEAST_TOKEN} or more"
        )
    return token


def listening(host: str, port: int) -> socket.socket:
    """Return a socket that listens.

    Raises
    ------
    KoubeiError
        Where the port is taken, or the host is none of this machine.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    door = socket.socket(family, socket.SOCK_STREAM)
    try:
        if hasattr(socket, "SO_EXCLUSIVEADDRUSE"):  # on Windows the other means to share it
            door.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        else:
            door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        door.bind((host, port))
        door.listen(128)
    except socket.gaierror as error:
        door.close()
        raise KoubeiError("host", f"unknown ({error.strerror})", got=host) from None
    except OSError as error:
        door.close()
        raise KoubeiError(
            "port", f"cannot be had on {host} ({error.strerror})", got=port,
            fix="another one, or 0 for any that is free",
        ) from None  # fmt: skip
    return door


def _serve(
    door: socket.socket, host: str, word: str, opening: Opening, say: Callable[[str], object]
) -> None:
    import marimo
    import uvicorn

    from koubei_sim.app import show

    builder = marimo.create_asgi_app(
        quiet=True, include_code=False, token=word or None, session_ttl=AWAY,
        html_head=show.head(),
    )  # fmt: skip
    page = str(Path(__file__).with_name("page.py"))
    app: Any = Doorman(builder.with_app(path="", root=page).build(), own=is_own(host))
    config = uvicorn.Config(
        app, log_level="warning", lifespan="off", timeout_graceful_shutdown=2,
        ws_max_size=2 * MOST_BYTES,
    )  # fmt: skip
    shown = f"[{host}]" if ":" in host else host
    address = f"http://{shown}:{door.getsockname()[1]}/"
    say(f"{address}?access_token={quote(word)}" if word else address)
    threading.Thread(target=_first, args=(opening,), name="first", daemon=True).start()
    uvicorn.Server(config).run(sockets=[door])


def _first(opening: Opening) -> None:
    """Run and draw what the first visitor sees, so that nobody waits for code to be compiled."""
    from koubei_sim.app.desk import READY, Desk
    from koubei_sim.app.layout import results
    from koubei_sim.app.levers import mechanisms_of

    try:
        settings = opening.settings()
        mechanisms_of(settings.source.scenario, opening.lang)
        for answer in Desk().answers(settings):
            results(answer, opening.lang)
            READY.set()
    except Exception as error:  # a visitor is told of it in his own run
        logger.warning("the first run of the page failed: %s", error)
    finally:
        READY.set()


class Doorman:
    """Turns away what other sites send, what is too large, and visitors that are too many.

    Parameters
    ----------
    app : callable
        The ASGI application behind it.
    own : bool
        Whether it listens on this machine's own address: then it answers to no other name, so that
        a name of another site that leads here finds nothing.
    """

    def __init__(self, app: App, own: bool) -> None:
        self._app, self._own = app, own
        self._visitors = 0
        self._entrance = asyncio.Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or answer it with a refusal."""
        kind = scope["type"]
        if kind not in ("http", "websocket"):
            return await self._app(scope, receive, send)
        headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
        refusal = self._refusal(scope, headers)
        if refusal:
            return await _refuse(kind, send, *refusal)
        if kind == "http":
            return await self._app(scope, _at_most(receive), send)
        self._visitors += 1
        try:
            await self._one_by_one(scope, receive, send)
        finally:
            self._visitors -= 1

    async def _one_by_one(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a visitor in when the page of the one before stands.

        marimo compiles the page for each visitor on a thread of his own, and Python 3.11.7, with
        others of its time, may fail where two threads make syntax trees at once
        (github.com/python/cpython/issues/106905): a visitor would find a dead page.
        """
        stands, loop = asyncio.Event(), asyncio.get_running_loop()
        async with self._entrance:
            when_it_stands(lambda: loop.call_soon_threadsafe(stands.set))
            page = asyncio.ensure_future(self._app(scope, receive, send))
            waits = asyncio.ensure_future(stands.wait())
            try:
                # Who comes back to a page that stands already makes none.
                await asyncio.wait({page, waits}, timeout=ENTRANCE, return_when="FIRST_COMPLETED")
            except asyncio.CancelledError:
                page.cancel()
                raise
            finally:
                waits.cancel()
        await page

    def _refusal(self, scope: Scope, headers: dict[bytes, str]) -> tuple[int, str] | None:
        kind, path = scope["type"], scope["path"]
        host, origin = headers.get(b"host", ""), headers.get(b"origin", "")
        if self._own and not is_own(urlsplit(f"//{host}").hostname or ""):
            return 403, "host: not the name of this machine's own address"
        if origin and urlsplit(origin).netloc != host:
            return 403, "origin: a page of another site"
        sent = kind == "http" and scope["method"] not in ("GET", "HEAD")
        if (sent and path not in _SENT_TO) or (kind == "websocket" and path != "/ws"):
            return 404, f"{path}: no such door"
        length = headers.get(b"content-length", "0")
        if not checks.digits(length) or int(length) > 2 * MOST_BYTES:
            return 413, "upload: too large, allowed 1 MB"
        if kind == "websocket" and self._visitors >= MOST_VISITORS:
            return 503, f"visitors: too many, allowed {MOST_VISITORS}"
        return None


def _at_most(receive: Receive) -> Receive:
    """Return a `receive` that breaks off a body which is longer than it said."""
    taken = 0

    async def counted() -> MutableMapping[str, Any]:
        nonlocal taken
        message = await receive()
        taken += len(message.get("body", b""))
        return {"type": "http.disconnect"} if taken > 2 * MOST_BYTES else message

    return counted


async def _refuse(kind: str, send: Send, status: int, said: str) -> None:
    if kind == "websocket":
        await send({"type": "websocket.close", "code": 1008, "reason": said})
        return
    body = said.encode()
    headers = [(b"content-type", b"text/plain; charset=utf-8"),
               (b"content-length", str(len(body)).encode())]  # fmt: skip
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
