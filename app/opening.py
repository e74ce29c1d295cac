"""What a browser shows before the dashboard has sent anything: words in the place of a blank frame that jumps."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from app.theme import PAGE_CSS, theme

Message = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]

# Until the sidebar is there Streamlit draws a frame that then moves by its width. After some seconds it is shown all
# the same: then something is wrong, and the page says what.
_OPEN = '[data-testid="stSidebar"], [data-testid="stDialog"], [data-testid="stException"], [class*="st-key-notice_"]'
# The rules leave with the words: rules that asked on their own whether the page is open would have the browser ask
# again at every change of it, which was a quarter of its work.
_STYLE = """<style id="vasp-lens-opening">
@keyframes vasp-lens-shown {to {visibility: visible}}
@keyframes vasp-lens-gone {to {visibility: hidden}}
[data-testid="stAppViewContainer"] {visibility: hidden; animation: vasp-lens-shown 0s 15s forwards !important}
body::before {
  content: "Opening VASP Lens \\2026"; position: fixed; inset: 45% 0 auto; text-align: center;
  font: 15px "Source Sans", sans-serif; color: LIGHT_INK; animation: vasp-lens-gone 0s 15s forwards !important
}
@media (prefers-color-scheme: dark) {body::before {color: DARK_INK}}
</style><style>
@media (prefers-color-scheme: dark) {html, body {background: DARK_PAGE}}
</style><script>
new MutationObserver((changes, observer) => {
  if (!document.querySelector('OPEN')) return;
  observer.disconnect();
  document.getElementById("vasp-lens-opening").remove();
}).observe(document.documentElement, {childList: true, subtree: true});
</script></head>"""


def _style() -> bytes:
    light, dark = theme("light"), theme("dark")
    inks = {"LIGHT_INK": light.muted, "DARK_INK": dark.muted, "DARK_PAGE": dark.background}
    # The page's own rules from the first moment on: sent with the page they would come when it is half drawn.
    text = _STYLE.replace("OPEN", _OPEN).replace("</head>", f"{PAGE_CSS}</head>")
    for name, ink in inks.items():
        text = text.replace(name, ink)
    return text.encode()


STYLE = _style()
# With these the server would answer with packed content, or with none because the browser has it already.
_ASKED_PLAINLY = {b"accept-encoding", b"if-none-match", b"if-modified-since", b"range"}


class Opening:
    """ASGI middleware that writes STYLE into the page that the server sends; everything else passes as it is."""

    def __init__(self, app: Callable[..., Awaitable[None]]) -> None:
        self._app = app

    async def __call__(self, scope: Message, receive: Callable[[], Awaitable[Message]], send: Send) -> None:
        """Answer one request."""
        asked = dict(scope.get("headers", ()))
        if scope["type"] != "http" or scope["method"] != "GET" or b"text/html" not in asked.get(b"accept", b""):
            await self._app(scope, receive, send)
            return
        headers = [(name, value) for name, value in scope["headers"] if name not in _ASKED_PLAINLY]
        await self._app({**scope, "headers": headers}, receive, _Written(send))


class _Written:
    """Sends an answer on; a page is held back until it is whole, and gets its style."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._start: Message | None = None
        self._body = b""

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            content = dict(message["headers"]).get(b"content-type", b"")
            if message["status"] == 200 and content.startswith(b"text/html"):
                self._start = message
                return
        if self._start is None or message["type"] != "http.response.body":
            await self._send(message)
            return
        self._body += message.get("body", b"")
        if message.get("more_body"):
            return
        body = self._body.replace(b"</head>", STYLE, 1)
        headers = [(name, value) for name, value in self._start["headers"] if name not in {b"content-length", b"etag"}]
        headers.append((b"content-length", str(len(body)).encode()))
        await self._send({**self._start, "headers": headers})
        await self._send({**message, "body": body})
