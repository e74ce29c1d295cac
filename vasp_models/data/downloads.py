"""Fetching a publisher's zip, checking its digest, and taking files out of it safely."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
import hashlib
from http.client import HTTPException, HTTPResponse
from pathlib import Path, PurePosixPath, PureWindowsPath
import re
import shutil
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen
import zipfile
import zlib

from vasp_models.errors import DataError, DownloadError

_TIMEOUT = 60  # seconds without a byte
_BLOCK = 1 << 20
_MD5 = re.compile(r"\b[0-9a-fA-F]{32}\b")
_OTHERWISE = "try again later, or fetch it with a browser and pass it with --from FILE"

Progress = Callable[[int, int | None], None]  # bytes so far, bytes in all where they are known


@dataclass(frozen=True)
class Digests:
    """What a file's content hashes to, and the MD5 that its publisher announces (None where none is served)."""

    md5: str
    sha256: str
    published_md5: str | None = None

    def check(self, label: str) -> None:
        """Raise DownloadError where the file is not the one that was announced."""
        if self.published_md5 is not None and self.md5 != self.published_md5:
            raise DownloadError(
                f"{label} has the MD5 digest {self.md5}, its publisher announces {self.published_md5}: "
                "the file is damaged or another one; fetch it again."
            )


def fetch_zip(url: str, target: Path, progress: Progress | None = None) -> Digests:
    """Download a zip to `target` and check it against the ``.md5`` that is served beside it, where there is one.

    Raises DownloadError where it cannot be had whole, or is not what was announced.
    """
    published = published_md5(url + ".md5")
    hashes = hashlib.md5(usedforsecurity=False), hashlib.sha256()
    with _response(url) as response, target.open("wb") as file:
        total = int(response.headers["Content-Length"]) if response.headers.get("Content-Length") else None
        done = 0
        while block := _block(response, url):
            if done == 0 and not block.startswith(b"PK"):
                raise DownloadError(f"{url} is no zip file (it starts with {block[:15]!r}): {_OTHERWISE}.")
            file.write(block)
            for digest in hashes:
                digest.update(block)
            done += len(block)
            if progress:
                progress(done, total)
    if not done or total is not None and done != total:
        raise DownloadError(f"{url} broke off after {done:,} of {total or 'unknown'} bytes: {_OTHERWISE}.")
    digests = Digests(hashes[0].hexdigest(), hashes[1].hexdigest(), published)
    digests.check(url)
    return digests


def published_md5(url: str) -> str | None:
    """The MD5 that a publisher serves at `url`, None where there is none (404). Raises DownloadError."""
    try:
        with _response(url) as response:
            text = _block(response, url).decode("ascii", errors="replace")
    except DownloadError as error:
        if isinstance(error.__cause__, HTTPError) and error.__cause__.code == 404:
            return None
        raise
    return md5_in(text, url)


def md5_in(text: str, label: str) -> str:
    """The one MD5 digest in the text of an ``.md5`` file. Raises DownloadError where there is none."""
    found = set(_MD5.findall(text))
    if len(found) != 1:
        raise DownloadError(f"{label} holds {len(found)} MD5 digests, expected 1: {_OTHERWISE}.")
    return found.pop().lower()


def digests_of(path: Path) -> Digests:
    """Digests of a file at hand, checked against the ``.md5`` beside it where there is one."""
    hashes = []
    for digest in (lambda: hashlib.md5(usedforsecurity=False), hashlib.sha256):
        with path.open("rb") as file:
            hashes.append(hashlib.file_digest(file, digest).hexdigest())
    beside = path.with_name(path.name + ".md5")
    published = md5_in(beside.read_text(errors="replace"), str(beside)) if beside.is_file() else None
    digests = Digests(hashes[0], hashes[1], published)
    digests.check(str(path))
    return digests


def extract(archive: Path, patterns: Sequence[str], folder: Path, label: str) -> None:
    """Take the files whose bare names match out of a zip, into one flat folder.

    Raises DataError where the zip is truncated, corrupt, or has a member that climbs out of its folder.
    """
    try:
        with zipfile.ZipFile(archive) as zipped:
            for member in zipped.infolist():
                if _climbs(member.filename):
                    raise DataError(
                        f"{label} holds the member {member.filename!r}, which climbs out of the folder: nothing was "
                        "taken from it; fetch the publisher's own zip."
                    )
            for member in zipped.infolist():
                name = PurePosixPath(member.filename).name
                if not member.is_dir() and any(fnmatch(name, pattern) for pattern in patterns):
                    with zipped.open(member) as source, (folder / name).open("wb") as target:
                        shutil.copyfileobj(source, target, _BLOCK)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError) as error:
        raise DataError(
            f"{label} is not a whole zip file ({error}): expected the publisher's; fetch it again."
        ) from None


def _climbs(name: str) -> bool:
    windows = PureWindowsPath(name)
    return bool(name.startswith("/") or windows.drive or windows.root or ".." in windows.parts)


def _response(url: str) -> HTTPResponse:
    if urlsplit(url).scheme not in {"http", "https"}:
        raise DownloadError(f"{url} is no web address: expected one with http or https; check --base-url.")
    try:
        return urlopen(Request(url, headers={"User-Agent": "vasp-lens"}), timeout=_TIMEOUT)
    except HTTPError as error:
        error.close()
        raise DownloadError(f"{url} answers {error.code} ({error.reason}): {_OTHERWISE}.") from error
    except (URLError, OSError, HTTPException) as error:
        raise DownloadError(f"{url} cannot be reached ({getattr(error, 'reason', error)}): {_OTHERWISE}.") from error


def _block(response: HTTPResponse, url: str) -> bytes:
    try:
        return response.read(_BLOCK)
    except (OSError, HTTPException) as error:
        raise DownloadError(f"{url} broke off ({error}): {_OTHERWISE}.") from None
