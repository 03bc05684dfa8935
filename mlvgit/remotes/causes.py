"""Why a server was not reached, told apart for all kinds that speak HTTP, and what to do about it.

Each library says it in its own words, deep in the text of its error; what a person can do is the same for all.
"""

import re
from typing import Final, NamedTuple

from mlvgit.core.text import printable

__all__ = ["Cause", "cause_of"]

_NO_NAME: Final = re.compile(r"dns error|NameResolutionError|failed to lookup address")
_REFUSED: Final = re.compile(r"ConnectionRefused|Connection refused")
_NO_TLS: Final = re.compile(r"InvalidContentType|WRONG_VERSION_NUMBER|wrong version number|RECORD_LAYER_FAILURE")
_NOBODY: Final = "127.0.0.1:0"
"""What is asked in place of a host that is not to be spoken to."""


class Cause(NamedTuple):
    """Why it was not reached.

    Attributes:
        why: the rest of the sentence "it does not ...: ".
        hint: what to do.
    """

    why: str
    hint: str


def cause_of(said: str, host: str, named: str) -> Cause | None:
    """Return what kept a server from being reached; None when it is none of what is known here.

    Args:
        said: all that the library said.
        host: who was asked, with the port where one was named.
        named: where a person looks for the address, such as "endpoint in mlv.yaml".
    """
    from urllib.request import getproxies

    host = printable(host)
    if getproxies().keys() - {"no"}:
        named = f"{named}; or is it the proxy that is set up here (HTTPS_PROXY)?"
    if _NO_NAME.search(said):
        return Cause(f"there is no host {host}, as far as is known here", f"a typo, or no network? {named}")
    if _REFUSED.search(said) and _NOBODY not in said:
        return Cause(
            f"nothing listens at {host} (connection refused)",
            f"is the server running, and are host and port right? {named}",
        )
    if _NO_TLS.search(said):
        return Cause(f"{host} does not speak https", f"where the server speaks http, write http://{host}: {named}")
    return None
