"""A look at the address of a Dask scheduler, before a client waits there for half a minute.

Called by `workers` beside it and by the pools of studies.
"""

from __future__ import annotations

import re
import socket
from typing import Final

#: Seconds in which a machine that is there should take a call.
_PATIENCE: Final = 5.0
#: What an address should be.
PRINTED: Final = "the address that `dask scheduler` prints, like tcp://127.0.0.1:8786"
_ADDRESS: Final = re.compile(r"(?:(\w+)://)?(\[[^\]]+\]|[^:/\[\]]+):(\d+)/?")


def trouble_at(address: str) -> str | None:
    """Return why nobody answers at an address, in a few words; None where somebody does.

    Only addresses of TCP are looked at, encrypted or not.

    Examples
    --------
    >>> trouble_at("localhost")
    'no host:port'
    >>> trouble_at("tcp://127.0.0.1:99999")
    'ports end at 65535'
    """
    found = _ADDRESS.fullmatch(address.strip())
    scheme = address.partition("://")[0] if "://" in address else "tcp"
    if scheme not in ("tcp", "tls"):
        return None
    if found is None:
        return "no host:port"
    if not 0 < int(found[3]) < 65536:
        return "ports end at 65535"
    try:
        with socket.create_connection((found[2].strip("[]"), int(found[3])), _PATIENCE):
            return None
    except (OSError, UnicodeError) as error:
        return str(getattr(error, "strerror", None) or error or type(error).__name__)
