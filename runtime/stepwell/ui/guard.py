"""Who is answered: a browser that was given the token, on this machine, for this page. Pure.

A web page from elsewhere can let a browser send requests to this machine. It knows no token, gets no cookie
sent along, and can't read an answer. Where it has made its own name point here (DNS rebinding), the browser
sends that name as Host.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.cookies import CookieError, SimpleCookie

COOKIE = "stepwell"
_OWN = ("same-origin", "none")

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
        "require-trusted-types-for 'script'; trusted-types 'none'"
    ),
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
"""What every answer says: take scripts and styles from here only, send nothing away, be in no frame."""


@dataclass(frozen=True, slots=True)
class Guard:
    """Admits requests.

    Attributes:
        port: where the server listens.
        token: what the first request shows in its URL and the others in a cookie.
        root: the path below which everything is; it is the cookie's, so that no other server of this
            machine is sent it: browsers tell servers apart by host, not by port (RFC 6265, 8.5).
    """

    port: int
    token: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)
    root: str = field(default_factory=lambda: f"/{secrets.token_hex(8)}/")

    @property
    def url(self) -> str:
        """The URL of the first request."""
        return f"http://127.0.0.1:{self.port}/?token={self.token}"

    @property
    def cookie(self) -> str:
        """The header with which a browser is given the cookie."""
        return f"{COOKIE}={self.token}; Path={self.root}; HttpOnly; SameSite=Lax"

    def is_host(self, host: str | None) -> bool:
        """Whether a request was sent to this server by one of its own names."""
        return host in (f"127.0.0.1:{self.port}", f"localhost:{self.port}")

    def is_token(self, given: str | None) -> bool:
        """Whether that is the token; takes the same time however much of it is right."""
        return hmac.compare_digest((given or "").encode(), self.token.encode())

    def admits(self, headers: Mapping[str, str], *, navigation: bool) -> bool:
        """Whether a request shows the cookie, and comes from the page itself.

        Args:
            navigation: whether it is for the page, to which a link may lead from anywhere.
        """
        if not navigation and headers.get("Sec-Fetch-Site", "none") not in _OWN:
            return False
        try:
            morsel = SimpleCookie(headers.get("Cookie")).get(COOKIE)
        except CookieError:
            return False
        return morsel is not None and self.is_token(morsel.value)
