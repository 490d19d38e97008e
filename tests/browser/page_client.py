"""A visitor of the live page without a browser: the messages that marimo and its page exchange.

Twenty browsers do not fit on a small machine, twenty of these do.  Called by the load test and by
`benchmarks/bench_app.py`.
"""

from __future__ import annotations

import json
import re
import threading
import time
import urllib.request
from contextlib import ExitStack
from html import unescape
from typing import Any
from uuid import uuid4

OBJECT = re.compile(r"<marimo-ui-element object-id=.([\w-]+).[^>]*>\s*<(marimo-[\w-]+)([^>]*)>")


class PageClient:
    """One visitor: what he is shown, and a way to move what he sees.

    Attributes
    ----------
    html : str
        The results as they stand.
    controls : dict of str to str
        Label of each control -> its id.
    seen : list of str
        The results as they stood, one after the other.
    drawn : int
        How often controls were drawn.
    """

    def __init__(self, address: str, wait: float = 120.0) -> None:
        from websockets.sync.client import connect

        self.address = address.rstrip("/")
        self.html = ""
        self.controls: dict[str, str] = {}
        self.seen: list[str] = []
        self.drawn = 0
        self._session = f"s_{uuid4().hex[:6]}"
        self._token = self._server_token()
        where = self.address.replace("http", "ws", 1) + f"/ws?session_id={self._session}"
        self._stay = ExitStack()
        self._socket = self._stay.enter_context(connect(where, max_size=None, open_timeout=wait))
        self._change = threading.Condition()
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    def _server_token(self) -> str:
        with urllib.request.urlopen(self.address + "/", timeout=60) as page:
            found = re.search(r'"serverToken":\s*"([^"]*)"', page.read().decode())
        return found[1] if found else ""

    def _listen(self) -> None:
        from websockets.exceptions import ConnectionClosed

        try:
            for message in self._socket:
                self._take(json.loads(message))
        except ConnectionClosed:
            pass

    def _take(self, message: dict[str, Any]) -> None:
        if message.get("op") != "cell-op":
            return
        output = (message.get("data") or message).get("output") or {}
        data = output.get("data")
        if not isinstance(data, str):
            return
        with self._change:
            self.drawn += "<marimo-slider" in data
            for name, kind, words in OBJECT.findall(data):
                label = re.search(r"data-label=(['\"])(.*?)\1", words)
                said = re.sub("<[^>]+>", "", str(json.loads(unescape(label[2])))) if label else ""
                self.controls.setdefault(said.strip() or kind, name)
            if "koubei-" in data and "marimo-ui-element" not in data:
                self.html = data
                self.seen.append(data)
            self._change.notify_all()

    def send(self, control: str, value: Any) -> None:
        """Move a control, by the beginning of its label."""
        name = next(i for label, i in self.controls.items() if label.startswith(control))
        body = json.dumps({"objectIds": [name], "values": [value]}).encode()
        headers = {
            "Content-Type": "application/json",
            "Marimo-Session-Id": self._session,
            "Marimo-Server-Token": self._token,
        }
        asked = urllib.request.Request(
            self.address + "/api/kernel/set_ui_element_value", body, headers
        )
        with urllib.request.urlopen(asked, timeout=60):
            pass

    def until(self, wanted: Any, wait: float = 120.0) -> str:
        """Return the results once `wanted` of them is true."""
        end = time.monotonic() + wait
        with self._change:
            while not wanted(self.html):
                left = end - time.monotonic()
                assert left > 0.0, f"never came; seen: {re.sub('src=[^>]*', '', self.html)[-2000:]}"
                self._change.wait(left)
            return self.html

    def close(self) -> None:
        """Leave."""
        self._stay.close()
