"""The style that is written into the page before the dashboard speaks: there, whole, and nowhere else."""

from __future__ import annotations

import asyncio

import pytest

from app.opening import STYLE, Opening

PAGE = b"<html><head><title>x</title></head><body></body></html>"


def answered(kind: bytes, chunks: list[bytes], *, method: str = "GET", status: int = 200, accept: bytes = b"text/html"):
    """What the browser gets, and the headers that the server saw."""
    sent, seen = [], {}

    async def app(scope, receive, send):
        seen.update(scope["headers"])
        length = str(sum(map(len, chunks))).encode()
        headers = [(b"content-type", kind), (b"content-length", length), (b"etag", b"1")]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        for place, chunk in enumerate(chunks):
            await send({"type": "http.response.body", "body": chunk, "more_body": place < len(chunks) - 1})

    async def send(message):
        sent.append(message)

    headers = [(b"accept", accept), (b"accept-encoding", b"gzip"), (b"if-none-match", b"1"), (b"cookie", b"c")]
    asyncio.run(Opening(app)({"type": "http", "method": method, "headers": headers}, None, send))
    body = b"".join(message.get("body", b"") for message in sent[1:])
    return dict(sent[0]["headers"]), body, seen


@pytest.mark.parametrize("cuts", [1, 2, 7])
def test_a_page_gets_the_style_once_and_its_true_length(cuts):
    step = -(-len(PAGE) // cuts)
    headers, body, seen = answered(b"text/html; charset=utf-8", [PAGE[n : n + step] for n in range(0, len(PAGE), step)])
    assert body == PAGE.replace(b"</head>", STYLE) and body.count(STYLE) == 1
    assert headers[b"content-length"] == str(len(body)).encode() and b"etag" not in headers
    assert seen.keys() == {b"accept", b"cookie"}, "asked for plainly, so that it comes whole and unpacked"


@pytest.mark.parametrize(
    "other",
    [
        {"kind": b"application/json"},
        {"kind": b"text/html", "method": "POST"},
        {"kind": b"text/html", "accept": b"*/*"},
        {"kind": b"text/html", "status": 404},
    ],
)
def test_everything_else_passes_as_it_is(other):
    headers, body, _ = answered(other.pop("kind"), [PAGE[:9], PAGE[9:]], **other)
    assert body == PAGE and headers[b"etag"] == b"1"


def test_other_traffic_is_left_alone():
    passed = []

    async def app(scope, receive, send):
        passed.append(scope)

    asyncio.run(Opening(app)({"type": "websocket", "headers": []}, None, None))
    assert passed == [{"type": "websocket", "headers": []}]


def test_the_style_fetches_nothing_and_gives_way_when_something_is_wrong():
    text = STYLE.decode()
    assert "url(" not in text and "@import" not in text and "OPEN" not in text
    for shown in ("stSidebar", "stDialog", "stException", "st-key-notice_"):
        assert shown in text
    assert text.count("15s forwards") == 2, "after a while the page is shown whatever happens"
