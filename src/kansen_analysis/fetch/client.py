"""Ask publishers for files: patient with a bad line, polite to their servers."""

from __future__ import annotations

import contextlib
import json
import random
import socket
import threading
import time
import urllib.request
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

import urllib3
from urllib3.exceptions import HTTPError, MaxRetryError, ResponseError, SSLError
from urllib3.util import Retry, Timeout

from kansen_analysis import __version__
from kansen_analysis.fetch.errors import FetchError, NotThereError, UnreachableError
from kansen_analysis.fetch.store import Part

PER_HOST = 2  # connections at a time
CHUNK = 1 << 16
HEADWAY = 4096  # bytes; a cut download that got this much further has not failed
DOCUMENT_MAX = 100_000_000  # bytes of a web page or one page of a table
_AGAIN = "run the same command again; what was received is kept"
_LATER = (429, 500, 502, 503, 504)
_NO_HOST = "no such host, or no network"
_UNREACHABLE = ("ConnectTimeoutError", "NewConnectionError", "NameResolutionError", "ProxyError")


@dataclass(frozen=True)
class Patience:
    """How long to try, in seconds.

    Parameters
    ----------
    attempts : int
        Times in a row that may fail without any headway.
    backoff : float
        Pause after the first failure; doubled each time, with up to as much again by chance.
    timeout : float
        Silence after which a connection counts as dead.
    longest : float
        Longest pause; a server that asks for a longer one is left alone.
    first : float
        In which the publishers are to let us in before anything is asked of them.
    """

    attempts: int = 5
    backoff: float = 1.0
    timeout: float = 30.0
    longest: float = 120.0
    first: float = 4.0


class _Trouble(Exception):
    """Something that may be over in a moment."""

    def __init__(self, found: str, wait: float | None = None, unreachable: bool = False):
        super().__init__(found)
        self.found, self.wait, self.unreachable = found, wait, unreachable


class Client:
    """The one way out of this package to the network.

    Parameters
    ----------
    base_urls : mapping of str to str, optional
        Addresses to use in place of others: beginning of an address -> what to put there. For a
        mirror, or a publisher that moved.
    patience : Patience, optional
    stop : threading.Event, optional
        Ends every transfer and pause when set.
    """

    def __init__(
        self,
        base_urls: Mapping[str, str] | None = None,
        patience: Patience | None = None,
        stop: threading.Event | None = None,
    ):
        self.base_urls = dict(base_urls or {})
        self.patience = patience or Patience()
        self.stop = stop or threading.Event()
        self._pools: dict[str | None, urllib3.PoolManager] = {}
        self._gone: dict[str, str] = {}  # host -> why it cannot be reached
        self._mutex = threading.Lock()

    def address(self, url: str) -> str:
        """Return the address to use for a published one.

        Examples
        --------
        >>> Client({"https://duo.nl": "http://mirror.example/duo"}).address("https://duo.nl/a.csv")
        'http://mirror.example/duo/a.csv'
        """
        for old, new in self.base_urls.items():
            if url.startswith(old):
                return new + url.removeprefix(old)
        return url

    def knock(self, urls: Iterable[str]) -> dict[str, str]:
        """Try for a few seconds to connect with every host, all at once.

        A host that cannot be reached is not asked again; when not one lets us in, none is. A host
        that takes its time while others answer is given the time it needs.

        Parameters
        ----------
        urls : iterable of str
            An address at each host.

        Returns
        -------
        dict of str to str
            Host -> why it cannot be reached.
        """
        hosts = {urlsplit(url).hostname or "": self.address(url) for url in urls}
        said: dict[str, str] = {}
        end = time.monotonic() + self.patience.first

        def knock(host: str) -> None:
            parts = urlsplit(self._proxy(hosts[host]) or hosts[host])
            port = parts.port or {"http": 80}.get(parts.scheme, 443)
            while True:
                left = end - time.monotonic()
                try:
                    with socket.create_connection((parts.hostname, port), max(left, 0.01)):
                        said[host] = ""
                        return
                except TimeoutError:
                    return  # may yet come
                except OSError as error:
                    lost = isinstance(error, socket.gaierror)
                    pause = self.patience.first / 4
                    if time.monotonic() + pause > end:
                        said[host] = _NO_HOST if lost else "no connection"
                        return
                    time.sleep(pause)

        # Not a pool: looking up a name can hang, and nothing ends that but the end of the process.
        threads = [threading.Thread(target=knock, args=(host,), daemon=True) for host in hosts]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(max(0.0, end + 0.2 - time.monotonic()))
        answered = dict(said)
        gone = {host: why for host, why in answered.items() if why}
        if "" not in answered.values():
            gone |= {host: "no connection in time" for host in hosts if host not in answered}
        self._gone |= gone
        return gone

    def _proxy(self, url: str) -> str | None:
        """Return the proxy this machine is set up with for an address."""
        parts = urlsplit(url)
        direct = not parts.hostname or urllib.request.proxy_bypass(parts.hostname)
        return None if direct else urllib.request.getproxies().get(parts.scheme)

    def _pool(self, url: str) -> urllib3.PoolManager:
        """Return the connections to use."""
        proxy = self._proxy(url)
        with self._mutex:
            if proxy not in self._pools:
                self._pools[proxy] = (
                    urllib3.ProxyManager(proxy, maxsize=PER_HOST, block=True)
                    if proxy
                    else urllib3.PoolManager(maxsize=PER_HOST, block=True)
                )
            return self._pools[proxy]

    def close(self) -> None:
        """Close all connections."""
        for pool in self._pools.values():
            pool.clear()

    @contextlib.contextmanager
    def _ask(self, name: str, url: str, headers: Mapping[str, str]) -> Iterator:
        """Open one response; what may pass is `_Trouble`, what will not is `FetchError`."""
        address = self.address(url)
        fixed = {"User-Agent": f"kansen-analysis/{__version__}", "Accept-Encoding": "identity"}
        response = None
        try:
            response = self._pool(address).request(
                "GET",
                address,
                headers=fixed | dict(headers),
                preload_content=False,
                redirect=True,
                retries=Retry(
                    total=None, connect=0, read=0, redirect=5, status=0, other=0,
                    respect_retry_after_header=False,
                ),
                timeout=Timeout(connect=self.patience.timeout, read=self.patience.timeout),
            )  # fmt: skip
            self._refuse(name, url, response)
            yield response
        except MaxRetryError as error:
            if isinstance(error.reason, ResponseError):
                raise FetchError(
                    name,
                    f"a redirect that does not end at {url}",
                    "the file",
                    "open the address in a browser and download the file by hand",
                ) from error
            if isinstance(error.reason, SSLError):
                raise FetchError(
                    name,
                    f"a certificate this machine does not trust at {urlsplit(address).hostname}",
                    "a secure connection",
                    "ask who manages this machine for its certificates (SSL_CERT_FILE names them)",
                ) from error
            kind = type(error.reason).__name__
            raise _Trouble(_words(error.reason), unreachable=kind in _UNREACHABLE) from error
        except HTTPError as error:
            raise _Trouble(_words(error)) from error
        finally:
            if response is not None:
                response.close()  # a half-read body is not worth keeping the connection for
                response.release_conn()  # its place among the two of this host, though

    def _refuse(self, name: str, url: str, response) -> None:
        status = response.status
        if status in (200, 206, 304, 416):
            return
        found = f"status {status} at {url}"
        if status in _LATER:
            asked = response.headers.get("Retry-After")
            with contextlib.suppress(HTTPError):  # a time in no known notation
                wait = Retry().parse_retry_after(asked) if asked else None
                if wait and wait > self.patience.longest:
                    raise FetchError(
                        name,
                        f"status {status}: the publisher asks to wait {wait:.0f} seconds",
                        "the file",
                        "run the same command after that",
                    )
                raise _Trouble(found, wait)
            raise _Trouble(found)
        remedy = "it may have moved; look for it on the publisher's page and download it by hand"
        raise (NotThereError if status in (404, 410) else FetchError)(
            name, found, "the file", remedy
        )

    def _patiently(self, name: str, url: str, action: Callable, got=lambda: 0):
        """Repeat until it succeeds, or fails too often without getting further."""
        failures, best, host = 0, got(), urlsplit(url).hostname or ""
        while True:
            try:
                if host in self._gone:
                    raise UnreachableError(host, self._gone[host])
                return action()
            except _Trouble as trouble:
                # Beyond what was ever received: a beginning that is begun again is no headway.
                failures = 0 if got() - best >= HEADWAY else failures + 1
                best = max(best, got())
                if failures >= self.patience.attempts and trouble.unreachable:
                    self._gone[host] = f"{trouble.found}, {failures} times"
                    continue
                if failures >= self.patience.attempts:
                    raise FetchError(
                        name, f"{trouble.found}, {failures} times", "a whole file", _AGAIN
                    ) from trouble
                steps = 2 ** (failures - 1) if failures else 0.1
                pause = self.patience.backoff * steps * (1 + random.random())
                pause = max(min(pause, self.patience.longest), trouble.wait or 0)
                if self.stop.wait(pause):
                    raise FetchError(name, "an interruption", "a whole file", _AGAIN) from None

    def read(self, name: str, url: str) -> bytes:
        """Return a document: a web page, or an answer of an API.

        Raises
        ------
        FetchError
            When it does not come.
        """

        def once() -> bytes:
            with self._ask(name, url, {}) as response:
                content = b""
                for chunk in response.stream(CHUNK, decode_content=False):
                    content += chunk
                    if len(content) > DOCUMENT_MAX:
                        raise FetchError(name, f"an endless answer at {url}", "a page", _AGAIN)
                return content

        return self._patiently(name, url, once)

    def read_json(self, name: str, url: str) -> dict:
        """Return an answer of an API; numbers are kept as they are written.

        Raises
        ------
        FetchError
            When it does not come, or is something else.
        """
        content = self.read(name, url)
        try:
            answer = json.loads(content, parse_int=str, parse_float=str)
        except ValueError:
            answer = None
        if not isinstance(answer, dict):
            raise FetchError(
                name,
                f"{content[:40]!r} at {url}",
                "JSON",
                "try again later; if it stays, the publisher changed the service",
            )
        return answer

    def download(
        self,
        name: str,
        url: str,
        part: Part,
        known: Mapping[str, str] = {},
        progress: Callable[[int, int | None], None] = lambda done, total: None,
    ) -> bool:
        """Download a file into a part, from where an earlier attempt stopped.

        Parameters
        ----------
        name, url : str
            The file, for messages, and its address.
        part : Part
            Takes the bytes.
        known : mapping
            ``etag`` and ``last_modified`` of the version we have, if any.
        progress : callable, optional
            Gets the number of bytes received and expected.

        Returns
        -------
        bool
            False when the publisher says that it did not change.

        Raises
        ------
        FetchError
            When it does not come whole.
        """
        return self._patiently(
            name, url, lambda: self._receive(name, url, part, known, progress), lambda: part.size
        )

    def _receive(self, name, url, part: Part, known, progress) -> bool:
        start = part.resume_at()
        if start:
            headers = {"Range": f"bytes={start}-"}
            if part.validator:
                headers["If-Range"] = part.validator
        else:
            pairs = {"If-None-Match": "etag", "If-Modified-Since": "last_modified"}
            headers = {header: known[key] for header, key in pairs.items() if known.get(key)}
        with self._ask(name, url, headers) as response:
            if response.status == 304:
                return False
            if response.status == 416 or (response.status == 206 and not start):
                part.discard()
                raise _Trouble("a part of the file that was not asked for")
            answer = response.headers
            refuse_type(name, url, answer.get("Content-Type", ""))
            if answer.get("Content-Encoding", "identity") != "identity":
                raise FetchError(
                    name, f"a body packed as {answer['Content-Encoding']}", "the file", _AGAIN
                )
            if response.status == 206:
                if not part.continues(answer, start):
                    part.discard()
                    raise _Trouble("the rest of another version of the file")
            else:
                start = 0
                part.begin(answer)
            with part.writing(start) as handle:
                done = start
                for chunk in response.stream(CHUNK, decode_content=False):
                    handle.write(chunk)
                    done += len(chunk)
                    progress(done, part.total)
                    if self.stop.is_set():
                        raise FetchError(name, "an interruption", "a whole file", _AGAIN)
        if part.total is not None and part.size != part.total:
            size = part.size
            if size > part.total:
                part.discard()
            raise _Trouble(f"{size} of {part.total} bytes")
        return True


def _words(error: BaseException | None) -> str:
    """Say in a few words what kind of bad line it was."""
    kinds = {
        "ReadTimeoutError": "no answer in time",
        "ConnectTimeoutError": "no connection in time",
        "IncompleteRead": "a body that was cut off",
        "ProtocolError": "a connection that was cut off",
        "NewConnectionError": "no connection",
        "NameResolutionError": _NO_HOST,
    }
    name = type(error).__name__
    return kinds.get(name, f"a failed connection ({name})")


def refuse_type(name: str, url: str, content_type: str) -> None:
    """Refuse an answer that says it is something else than the file.

    Raises
    ------
    FetchError
        For a web page, an image or the answer of an API.

    Examples
    --------
    >>> refuse_type("a.csv", "https://duo.nl/a.csv", "text/csv; charset=utf-8")
    >>> refuse_type("a.csv", "https://duo.nl/a.csv", "application/octet-stream")
    """
    kind = content_type.partition(";")[0].strip().lower()
    text = name.lower().endswith((".csv", ".txt"))
    main, _, rest = kind.partition("/")
    wrong = rest in ("html", "xhtml+xml", "json", "xml", "pdf", "problem+json") or (
        main in ("image", "audio", "video", "multipart", "font") or (main == "text" and not text)
    )
    if kind and wrong:
        raise FetchError(
            name,
            f"content of type {kind} at {url}",
            "a data file",
            "open the address in a browser: the publisher may have moved the file",
        )
