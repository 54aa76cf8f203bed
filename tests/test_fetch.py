"""Fetching from publishers that are played by a server on this machine, with all their faults."""

import csv
import functools
import hashlib
import io
import json
import os
import re
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
import typer
from typer.testing import CliRunner

import kansen_analysis.fetch as package
from kansen_analysis.cli import fetch as command
from kansen_analysis.errors import DataErrors, FileFormatError, LayoutError, UsageError
from kansen_analysis.fetch import FetchErrors, Patience, UnreachableError, fetch
from kansen_analysis.fetch.where import _known, ways
from kansen_analysis.sources import DataFolder, spec

HOSTS = {
    "https://duo.nl": "/duo",
    "https://onderwijsdata.duo.nl": "/ckan",
    "https://www.onderwijsinspectie.nl": "/inspectie",
    "https://opendata.cbs.nl": "/cbs",
}
QUICK = Patience(attempts=3, backoff=0.01, timeout=0.5, longest=2, first=0.4)
IMAGES = "/duo/open_onderwijsdata/images/"
HISTORY = "06.-historisch-overzicht-aantal-leerlingen-per-schoolvestiging.csv"
REVISED = "brin6_heroverweging.csv"
RESOURCE = "ab35e2f6-d565-449a-9dcd-d0f688e997e8"
WORKBOOK = "schoolweging-2022-2023-2024.ods"
WEGING = (
    "/inspectie/site/binaries/site-content/collections/documents/2026/02/09/"
    f"schoolweging-2022-2023---2023-2024---2024-2025/{WORKBOOK}"
)
HTML = b"<!DOCTYPE html><html><body><h1>Storing</h1></body></html>\n"


def table(rows, word="a"):
    return b"CODE;WAARDE\r\n" + b"".join(b"%06d;%s\r\n" % (i, word.encode()) for i in range(rows))


FIELDS = "INSTELLINGSCODE,VESTIGINGSCODE,TYPE_PO,PEILJAAR,TOETSEN_EN_ADVIEZEN,AANTAL_LEERLINGEN"


def resource(rows, fields=FIELDS):
    """A file of the portal, with the fields that `heroverweging` has."""
    row = ",".join("7" for _ in fields.split(",")).encode()
    return fields.encode() + b"\r\n" + b"".join(b"%s\r\n" % row for _ in range(rows))


def workbook(text="x"):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        file.writestr("content.xml", text + "<x/>" * 5000)
    return packed.getvalue()


class Served:
    """One file of a publisher."""

    def __init__(self, content, kind="text/csv", tagged=True):
        self.content, self.kind = content, kind
        self.etag = f'"{hashlib.md5(content).hexdigest()}"' if tagged else ""


class Answer(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *words):
        pass

    def do_GET(self):
        server, path = self.server, unquote(self.path)
        with server.mutex:
            server.asked.append((path, dict(self.headers)))
            server.busy += 1
            server.busiest = max(server.busiest, server.busy)
            pending = server.faults.get(path, [])
            fault = pending[0] if pending else None
            if len(pending) > 1 or (pending and pending[0] in server.once):
                pending.pop(0)
        try:
            time.sleep(server.delay)
            if fault:
                fault(self, server.files.get(path))
            elif path in server.files:
                self.serve(server.files[path])
            else:
                self.reply(404, HTML, "text/html")
        except OSError:  # the client hung up
            self.close_connection = True
        finally:
            with server.mutex:
                server.busy -= 1

    def reply(self, status, body=b"", kind="text/csv", told=None, **headers):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body) if told is None else told))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def serve(self, file, most=None, ranges=True, reset=False, step=0.0):
        """Send a file, or the rest of it; at most so many bytes, then hang up."""
        content, start = file.content, 0
        tag = {"ETag": file.etag} if file.etag else {}
        if file.etag and self.headers.get("If-None-Match") == file.etag:
            self.send_response(304)
            self.end_headers()
            return
        asked = re.match(r"bytes=(\d+)-", self.headers.get("Range", ""))
        if asked and ranges and self.headers.get("If-Range", file.etag) == file.etag:
            start = int(asked[1])
            self.send_response(206)
            tag["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
        else:
            self.send_response(200)
        self.send_header("Content-Type", file.kind)
        self.send_header("Content-Length", str(len(content) - start))
        for name, value in tag.items():
            self.send_header(name, value)
        self.end_headers()
        body = content[start:] if most is None else content[start : start + most]
        for at in range(0, len(body), 20_000):
            self.wfile.write(body[at : at + 20_000])
            time.sleep(step)
        if len(body) < len(content) - start:
            self.close_connection = True
            if reset:
                self.wfile.flush()
                time.sleep(0.02)  # a reset throws away what was not read yet
                linger = struct.pack("ii", 1, 0)
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                self.connection.close()


class Publishers(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Answer)
        self.files, self.faults, self.once, self.asked = {}, {}, set(), []
        self.mutex, self.busy, self.busiest, self.delay = threading.Lock(), 0, 0, 0.0

    @property
    def base_urls(self):
        return {real: f"http://127.0.0.1:{self.server_port}{path}" for real, path in HOSTS.items()}

    def fail(self, path, *faults, then_well=False):
        """Answer with these faults, the last one for ever unless it goes well after that."""
        self.faults[path] = list(faults)
        if then_well:
            self.once.add(faults[-1])

    def mend(self):
        self.faults.clear()

    def json(self, path, answer):
        self.files[path] = Served(json.dumps(answer).encode(), "application/json", tagged=False)

    def ckan(
        self,
        content,
        *,
        resource=RESOURCE,
        package="p-1",
        name=REVISED,
        place="1",
        fields="",
        **more,
    ):
        """Publish a file on the portal, in a data set, at an address of its own."""
        path = f"/dataset/{package}/resource/{place}/download/{name}"
        url = f"https://onderwijsdata.duo.nl{path}"
        self.files[f"/ckan{path}"] = Served(content)
        entry = {"id": resource, "package_id": package, "url": url, **more}
        data_set = {"id": package, "resources": [entry, {"id": "other", "url": url + ".pdf"}]}
        answers = [
            (f"resource_show?id={resource}", entry),
            (f"package_show?id={package}", data_set),
            ("package_search?q=brin6_heroverweging", {"results": [data_set]}),
        ]
        if fields:
            told = {"fields": [{"id": field} for field in ("_id", *fields.split(","))]}
            answers.append((f"datastore_search?resource_id={resource}&limit=0", told))
        for action, answer in answers:
            self.json(f"/ckan/api/3/action/{action}", {"success": True, "result": answer})
        return f"/ckan{path}"

    def statline(self, name, rows, page=3, modified="2026-10-01T02:00:00"):
        """Publish a table in pages; numbers and keys as they are written in `rows`."""
        feed = f"/cbs/ODataFeed/odata/{name}"
        self.json(f"{feed}/TableInfos?$format=json", {"value": [{"Modified": modified}]})
        for start in range(0, len(rows), page):
            skip = f"&$skip={start}" if start else ""
            more = (
                f', "odata.nextLink": "https://opendata.cbs.nl/ODataFeed/odata/{name}'
                f'/TypedDataSet?$format=json&$skip={start + page}"'
                if start + page < len(rows)
                else ""
            )
            text = f'{{"value": [{", ".join(rows[start : start + page])}]{more}}}'
            self.files[f"{feed}/TypedDataSet?$format=json{skip}"] = Served(
                text.encode(), "application/json", tagged=False
            )
        return f"{feed}/TypedDataSet?$format=json"


@pytest.fixture
def publishers():
    server = Publishers()
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture(autouse=True)
def no_internet(monkeypatch):
    """Refuse every connection that leaves this machine."""
    connect, resolve = socket.socket.connect, socket.getaddrinfo

    def only_here(self, address):
        if self.family != socket.AF_UNIX and address[0] not in ("127.0.0.1", "::1"):
            raise OSError(f"a test reached for {address}")
        return connect(self, address)

    def only_known(host, *more, **most):
        if host not in ("127.0.0.1", "localhost", "::1"):
            raise socket.gaierror(f"a test looked up {host}")
        return resolve(host, *more, **most)

    monkeypatch.setattr(socket.socket, "connect", only_here)
    monkeypatch.setattr(socket, "getaddrinfo", only_known)
    for name in list(os.environ):
        if name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)


@pytest.fixture
def get(publishers, tmp_path):
    """Fetch into one folder, quickly, from the played publishers."""

    def run(*sources, **more):
        return fetch(tmp_path, sources, base_urls=publishers.base_urls, patience=QUICK, **more)

    return run


def assert_whole_and_true(folder, publishers, *before):
    """Every file is one that was published, and the manifest tells exactly which and whence."""
    published = {f.content for f in publishers.files.values()} | set(before)
    there = {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and ".parts" not in path.parts and path.name != "manifest.json"
    }
    manifest = {"files": {}, "changed": {}}
    if (folder / "manifest.json").exists():
        manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    entries = manifest["files"] | manifest["changed"]
    assert set(entries) == set(there)
    for name, content in there.items():
        assert content in published
        assert entries[name]["sha256"] == hashlib.sha256(content).hexdigest()
        assert entries[name]["bytes"] == len(content)
        assert re.fullmatch(r"20\d\d-\d\d-\d\dT[\d:]{8}\+00:00", entries[name]["retrieved_at"])
    assert {path.name for path in DataFolder(folder).paths} == set(manifest["files"])
    return set(there)


# --- what each publisher offers ---------------------------------------------------------------


def test_duo_files_are_stored_as_published_with_where_they_came_from(publishers, get, tmp_path):
    for way in ways(["eindscores"]):
        for name in way.rules.get("files", {}).values():
            publishers.files[IMAGES + name] = Served(table(10, name))
    report = get("eindscores")
    assert report.findings == []
    assert len(report.new) == 7
    assert_whole_and_true(tmp_path, publishers)
    name = "05.-gemiddelde-eindtoetsscores-2016-2017.csv"
    entry = json.loads((tmp_path / "manifest.json").read_text(encoding="utf-8"))["files"][name]
    assert entry["url"] == f"https://duo.nl/open_onderwijsdata/images/{name}"
    assert entry["school_years"] == ["2016-2017"]
    assert entry["source"] == "eindscores"
    assert not (tmp_path / ".parts").exists()


def test_only_the_school_year_asked_for_is_fetched(publishers, get, tmp_path):
    name = "05.-gemiddelde-eindscores-bo-sbo-2023-2024.csv"
    publishers.files[IMAGES + name] = Served(table(10))
    report = get("eindscores", school_years=["2023-2024"])
    assert report.new == [name]
    assert report.by_hand == []
    assert [path for path, _ in publishers.asked] == [IMAGES + name]


def test_a_school_year_without_a_documented_address_is_said_with_where_to_look(get):
    by_hand = get("eindscores", school_years=["2020-2021"])
    assert by_hand.findings == []
    assert "https://duo.nl/open_onderwijsdata/" in by_hand.by_hand[0]
    (finding,) = get("leerlingen", school_years=["2010-2011"]).findings
    assert "2010-2011" in str(finding)
    assert "by hand" in finding.remedy


def test_a_register_of_today_is_stored_under_its_school_year(publishers, get, tmp_path):
    publishers.files[IMAGES + "02.-alle-schoolvestigingen-basisonderwijs.csv"] = Served(table(9))
    (name,) = get("vestigingen").new
    assert re.fullmatch(r"02\.-alle-schoolvestigingen-basisonderwijs-20\d\d-20\d\d\.csv", name)


def test_ckan_is_followed_to_wherever_the_file_is_today(publishers, get, tmp_path):
    first, second = resource(5), resource(6)
    publishers.ckan(first, place="1")
    assert get("heroverweging").new == [REVISED]
    publishers.ckan(second, place="2")
    assert list(get("heroverweging").changed) == [REVISED]
    assert_whole_and_true(tmp_path, publishers)


def test_a_resource_that_got_another_id_is_found_by_its_file_name(publishers, get, tmp_path):
    publishers.ckan(resource(5), resource="9999", package="p-2")
    assert get("heroverweging").new == [REVISED]
    assert_whole_and_true(tmp_path, publishers)


def test_links_of_a_page_are_followed_and_listed_files_fill_the_gaps(publishers, get, tmp_path):
    page = "/duo/open_onderwijsdata/primair-onderwijs/aantal-leerlingen/schooladviezen.jsp"
    new = "4-schooladviezen-2025-2026.csv"  # a name and a year that nobody wrote down
    links = f'<a href="../../images/{new}">csv</a> <a href="/x/uitleg.pdf">uitleg</a>'
    renamed = "04.-schooladviezen-2022-2023.csv"  # listed under another name
    links += f'<a href="../../images/{renamed}">2022</a>'
    publishers.files[page] = Served(f"<html>{links}</html>".encode(), "text/html")
    names = [new, renamed, "04.-schooladviezen-2014-2015.csv"]
    names += [f"04-leerlingen-bo-sbo-schooladviezen-{y}-{y + 1}.csv" for y in (2023, 2024)]
    for name in names:
        publishers.files[IMAGES + name] = Served(table(5, name))
    report = get("schooladviezen")
    assert report.findings == []
    assert sorted(report.new) == sorted(names)
    assert sum(path.endswith("2022-2023.csv") for path, _ in publishers.asked) == 1


def test_a_workbook_is_found_behind_a_landing_page(publishers, get, tmp_path):
    start = (
        "/inspectie/trends-en-ontwikkelingen/onderwijsdata/onderwijsresultaten-voortgezet-onderwijs"
    )
    behind, file = "/documenten/data-bestanden/2026/02/09/vo", "/site/vo%20resultaten-2025.ods"
    publishers.files[start] = Served(f'<a href="{behind}">vo</a>'.encode(), "text/html")
    publishers.files["/inspectie" + behind] = Served(f'<a href="{file}">'.encode(), "text/html")
    publishers.files["/inspectie" + unquote(file)] = Served(
        workbook(), "application/vnd.oasis.opendocument.spreadsheet"
    )
    # Links without a host stay with the publisher of the page.
    assert get("vo_resultaten").new == ["vo resultaten-2025.ods"]
    assert_whole_and_true(tmp_path, publishers)


ROWS = [
    '{"ID": 0, "RegioS": "GM0114  ", "Perioden": "2022JJ00", "Jongeren_1": 15.40, "B_2": null}',
    '{"ID": 1, "RegioS": "GM0060  ", "Perioden": "2022JJ00", "Jongeren_1": 7.9, "B_2": 3}',
    '{"ID": 2, "RegioS": "PV22    ", "Perioden": "2022JJ00", "Jongeren_1": 9, "B_2": 0}',
    '{"ID": 3, "RegioS": "a, \\"b\\"", "Perioden": "2023JJ00", "Jongeren_1": null, "B_2": 1}',
]


def test_a_table_of_statline_is_written_whole_and_verbatim(publishers, get, tmp_path):
    publishers.statline("85099NED", ROWS)
    publishers.statline("85098NED", ROWS[:1])
    report = get("jeugdhulp")
    assert report.findings == []
    assert (tmp_path / "85099NED.csv").read_text(encoding="utf-8") == (
        "ID,RegioS,Perioden,Jongeren_1,B_2\n"
        "0,GM0114  ,2022JJ00,15.40,\n"
        "1,GM0060  ,2022JJ00,7.9,3\n"
        "2,PV22    ,2022JJ00,9,0\n"
        '3,"a, ""b""",2023JJ00,,1\n'
    )
    before = len(publishers.asked)
    assert len(get("jeugdhulp").unchanged) == 2
    new = [path for path, _ in publishers.asked[before:]]
    assert all("TableInfos" in path for path in new)  # an unchanged table is not read again


def test_a_revised_table_of_statline_is_kept_beside_the_old_one(publishers, get, tmp_path):
    publishers.statline("84780NED", ROWS[:2])
    publishers.files[IMAGES + "15.-vsv-per-swv-2015.csv"] = Served(table(4))
    get("vsv")
    old = (tmp_path / "84780NED.csv").read_bytes()
    publishers.statline("84780NED", ROWS[:3], modified="2026-11-01T02:00:00")
    (newer,) = get("vsv").changed.values()
    assert (tmp_path / "84780NED.csv").read_bytes() == old
    with (tmp_path / newer).open(encoding="utf-8", newline="") as handle:
        assert len(list(csv.DictReader(handle))) == 3


# --- faults -----------------------------------------------------------------------------------


def replying(status, body=b"", kind="text/csv", **headers):
    return lambda answer, file: answer.reply(status, body, kind, **headers)


def sending(**rules):
    return lambda answer, file: answer.serve(file, **rules)


def cut_for_ever(answer, file):
    answer.serve(Served(file.content, tagged=False), most=3000)


def hang(answer, file):
    time.sleep(0.8)
    answer.close_connection = True


def loop(answer, file):
    answer.reply(302, Location=answer.path)


def wrong_range(answer, file):
    if answer.headers.get("Range"):
        body, size = file.content[:9], len(file.content)
        answer.reply(206, body, Content_Range=f"bytes 0-8/{size}", ETag=file.etag)
    else:
        answer.serve(file, most=90_000)


def unfinished_without_length(answer, file):
    answer.send_response(200)
    answer.send_header("Content-Type", "text/csv")
    answer.end_headers()
    answer.wfile.write(file.content[:1001])
    answer.close_connection = True


FAULTS = {
    "web page with status 200": (replying(200, HTML, "text/html"), "text/html"),
    "web page that says it is csv": (replying(200, HTML), "a web page"),
    "wrong content type": (replying(200, b"{}", "application/json"), "application/json"),
    "answer of an API that says it is csv": (replying(200, b'{\n"a": 1, "b": 2}\n'), "an API"),
    "empty body": (replying(200), "an empty file"),
    "one line of text": (replying(200, b"Service unavailable, sorry\n"), "no table"),
    "workbook under the name of a csv": (replying(200, workbook()), "a zip file"),
    "not there": (replying(404, HTML, "text/html"), "status 404"),
    "forbidden": (replying(403, HTML, "text/html"), "status 403"),
    "server error": (replying(500, HTML, "text/html"), "status 500 at .*, 3 times"),
    "unavailable for an hour": (replying(503, Retry_After="3600"), "wait 3600 seconds"),
    "body shorter than it says": (cut_for_ever, "cut off, 3 times"),
    "cut at 80 KB without ranges": (sending(most=80_000, ranges=False), "cut off, 3 times"),
    "wrong range": (wrong_range, "3 times"),
    "no answer": (hang, "no answer in time, 3 times"),
    "redirect loop": (loop, "a redirect that does not end"),
    "packed body": (replying(200, b"x", Content_Encoding="br"), "packed as br"),
    "cut without a length": (unfinished_without_length, "a last line that stops"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_after_a_fault_the_folder_holds_whole_files_and_a_true_manifest(
    fault, publishers, get, tmp_path
):
    publishers.ckan(resource(5))
    get("heroverweging")
    path = IMAGES + HISTORY
    publishers.files[path] = Served(table(20_000))
    answer, words = FAULTS[fault]
    publishers.fail(path, answer)

    report = get("heroverweging", "leerlingen_historisch")

    (finding,) = report.findings
    assert re.search(words, str(finding)), str(finding)
    assert finding.file == HISTORY
    assert finding.expected
    assert finding.remedy
    assert report.unchanged == [REVISED]
    assert assert_whole_and_true(tmp_path, publishers) == {REVISED}

    publishers.mend()
    assert get("leerlingen_historisch").new == [HISTORY]
    assert assert_whole_and_true(tmp_path, publishers) == {REVISED, HISTORY}


PASSING = {
    "cut by the server every 80 KB": [sending(most=80_000, reset=True)],
    "cut once": [sending(most=150_000)],
    "busy, come back in a second": [replying(429, Retry_After="1")],
    "unavailable for a moment": [replying(503), replying(502)],
    "silent once": [hang],
}


@pytest.mark.parametrize("fault", PASSING)
def test_a_fault_that_passes_is_sat_out(fault, publishers, get, tmp_path):
    path = IMAGES + HISTORY
    publishers.files[path] = Served(table(40_000))  # 400 KB
    publishers.fail(path, *PASSING[fault], then_well=not fault.startswith("cut by"))
    begun = time.monotonic()
    report = get("leerlingen_historisch")
    assert report.findings == []
    assert report.new == [HISTORY]
    assert assert_whole_and_true(tmp_path, publishers) == {HISTORY}
    assert len(publishers.asked) > 1
    if "second" in fault:
        assert time.monotonic() - begun >= 1


def test_a_download_cut_every_80_kb_goes_on_where_it_stopped(publishers, get):
    path = IMAGES + HISTORY
    publishers.files[path] = Served(table(40_000))
    publishers.fail(path, sending(most=80_000))
    get("leerlingen_historisch")
    starts = [headers.get("Range") for _, headers in publishers.asked]
    # 400,013 bytes in pieces of at most 80,000; the loss at a cut is never a whole piece.
    assert starts[:3] == [None, "bytes=80000-", "bytes=160000-"]
    assert len(starts) == 6


def test_a_file_that_changes_between_two_pieces_is_begun_again(publishers, get, tmp_path):
    path = IMAGES + HISTORY
    publishers.files[path] = Served(table(20_000, "old"))

    def cut_and_change(answer, file):
        publishers.files[path] = Served(table(20_000, "new"))
        answer.serve(file, most=90_000)

    publishers.fail(path, cut_and_change, then_well=True)
    assert get("leerlingen_historisch").new == [HISTORY]
    assert (tmp_path / HISTORY).read_bytes() == table(20_000, "new")


def test_a_beginning_left_by_an_earlier_run_is_not_joined_to_another_version(
    publishers, get, tmp_path
):
    path = IMAGES + HISTORY
    publishers.files[path] = Served(table(20_000, "old"))
    publishers.fail(path, sending(most=90_000), replying(404))
    assert len(get("leerlingen_historisch").findings) == 1
    assert (tmp_path / ".parts" / HISTORY).stat().st_size == 90_000
    publishers.mend()
    publishers.files[path] = Served(table(20_000, "new"))
    get("leerlingen_historisch")
    assert publishers.asked[-1][1]["Range"] == "bytes=90000-"
    assert (tmp_path / HISTORY).read_bytes() == table(20_000, "new")


def test_without_anything_that_tells_versions_apart_a_new_run_begins_anew(
    publishers, get, tmp_path
):
    path = IMAGES + HISTORY
    publishers.files[path] = Served(table(20_000, "old"), tagged=False)
    publishers.fail(path, sending(most=90_000), replying(404))
    get("leerlingen_historisch")
    publishers.mend()
    publishers.files[path] = Served(table(20_000, "new"), tagged=False)
    get("leerlingen_historisch")
    assert "Range" not in publishers.asked[-1][1]
    assert (tmp_path / HISTORY).read_bytes() == table(20_000, "new")


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ({"size": 7}, "7, as the publisher says"),
        ({"hash": "0" * 32}, "another md5 checksum"),
        ({"hash": "sha256:" + "0" * 64}, "another sha256 checksum"),
    ],
)
def test_a_file_of_another_size_or_checksum_than_its_publisher_says_is_refused(
    told, words, publishers, get, tmp_path
):
    publishers.ckan(resource(5), **told)
    (finding,) = get("heroverweging").findings
    assert words in str(finding)
    assert assert_whole_and_true(tmp_path, publishers) == set()
    right = {"size": len(resource(5)), "hash": hashlib.md5(resource(5)).hexdigest()}
    publishers.ckan(resource(5), **right)
    assert get("heroverweging").new == [REVISED]


def test_a_resource_that_is_gone_from_its_data_set_is_named_with_what_is_there(
    publishers, get, tmp_path
):
    publishers.ckan(resource(5), resource="9999", name="brin6_iets_anders.csv")
    (finding,) = get("heroverweging").findings
    assert "brin6_iets_anders.csv" in finding.found
    assert REVISED in finding.expected
    assert assert_whole_and_true(tmp_path, publishers) == set()


AGES = "INSTELLINGSCODE,VESTIGINGSCODE,TYPE_PO,PEILJAAR,LEEFTIJD,AANTAL_LEERLINGEN"
PUPILS = "9278ae97-4014-49f4-91fc-8cc255c2595d"


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        (AGES.replace("LEEFTIJD,", ""), "without LEEFTIJD"),
        (AGES.replace("LEEFTIJD", "GEWICHT"), "without LEEFTIJD and with GEWICHT"),
    ],
)
def test_a_resource_without_the_fields_of_its_layout_is_not_downloaded(
    fields, words, publishers, get, tmp_path
):
    path = publishers.ckan(resource(5, fields), resource=PUPILS, name="pupils.csv", fields=fields)
    (finding,) = get("leerlingen@ckan").findings
    assert isinstance(finding, LayoutError)
    assert words in finding.found
    assert "https://onderwijsdata.duo.nl/" in finding.remedy
    assert path not in [asked for asked, _ in publishers.asked]
    publishers.ckan(resource(5, AGES), resource=PUPILS, name="pupils.csv", fields=AGES)
    assert get("leerlingen@ckan").new == ["pupils.csv"]
    assert_whole_and_true(tmp_path, publishers)


def test_a_file_with_other_fields_than_its_layout_takes_no_place(publishers, get, tmp_path):
    """Also where the portal does not tell the fields, or tells others than the file has."""
    publishers.ckan(resource(5))
    get("heroverweging")
    for told in ("", FIELDS):
        publishers.ckan(resource(6, FIELDS.replace("PEILJAAR", "JAAR")), fields=told)
        report = get("heroverweging")
        (finding,) = report.findings
        assert "without PEILJAAR and with JAAR" in finding.found
        assert report.changed == {}
        assert (tmp_path / REVISED).read_bytes() == resource(5)
        assert assert_whole_and_true(tmp_path, publishers, resource(5)) == {REVISED}


def test_every_resource_of_the_portal_names_a_data_set_of_the_portal():
    resources = [way for name in {w.name for w in _known()} for way in ways([name])
                 if way.kind == "ckan"]  # fmt: skip
    assert len(resources) == 6
    for way in resources:
        layouts = spec.get(way.rules["data_set"]).layouts
        assert all("PEILJAAR" in layout.headers for layout in layouts)
        assert spec.get(way.rules["data_set"]).meta["landing_page"] == way.landing_page


def test_a_damaged_workbook_is_refused(publishers, get, tmp_path):
    whole = workbook()
    kind = "application/vnd.oasis.opendocument.spreadsheet"
    flipped = bytearray(whole)
    flipped[120] ^= 255
    for body in (whole[:-30], bytes(flipped), table(3)):
        publishers.files[WEGING] = Served(body, kind)
        (finding,) = get("schoolweging").findings
        assert isinstance(finding, FileFormatError)
        assert "cut off or damaged" in finding.found
        assert assert_whole_and_true(tmp_path, publishers) == set()
    publishers.files[WEGING] = Served(whole, kind)
    assert get("schoolweging").new == [WORKBOOK]


TABLE_FAULTS = {
    "page that is cut": (replying(200, b'{"value": [{"ID": 1', "application/json"), "found b'"),
    "page without rows": (replying(200, b'{"error": "x"}', "application/json"), "no rows"),
    "page with other columns": (
        replying(200, b'{"value": [{"ID": 3, "Regio": "x"}]}', "application/json"),
        "other columns",
    ),
    "page that names itself as the next": (
        replying(
            200,
            json.dumps(
                {
                    "value": [json.loads(ROWS[0])],
                    "odata.nextLink": "https://opendata.cbs.nl/ODataFeed/odata/85099NED"
                    "/TypedDataSet?$format=json&$skip=3",
                }
            ).encode(),
            "application/json",
        ),
        "pages without an end",
    ),
    "page that does not come": (replying(500), "3 times"),
}


@pytest.mark.parametrize("fault", TABLE_FAULTS)
def test_a_table_with_a_bad_page_is_not_stored(fault, publishers, get, tmp_path):
    path = publishers.statline("85099NED", ROWS)
    publishers.statline("85098NED", ROWS[:1])
    answer, words = TABLE_FAULTS[fault]
    publishers.fail(path + "&$skip=3", answer)
    (finding,) = get("jeugdhulp").findings
    assert words in str(finding)
    assert [path.name for path in DataFolder(tmp_path).paths] == ["85098NED.csv"]
    publishers.mend()
    assert get("jeugdhulp").new == ["85099NED.csv"]


def test_a_table_replaced_while_it_is_read_is_not_stored(publishers, get, tmp_path):
    path = publishers.statline("85099NED", ROWS)
    publishers.statline("85098NED", ROWS[:1])

    def replaced(answer, file):
        publishers.statline("85099NED", ROWS, modified="2026-11-02T02:00:00")
        answer.serve(file)

    publishers.fail(path + "&$skip=3", replaced, then_well=True)
    (finding,) = get("jeugdhulp").findings
    assert "replaced while it was read" in str(finding)
    assert get("jeugdhulp").new == ["85099NED.csv"]


def test_a_publisher_that_is_down_does_not_keep_the_others_out(publishers, get, tmp_path):
    publishers.files[IMAGES + HISTORY] = Served(table(5))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        base_urls = publishers.base_urls | {
            "https://opendata.cbs.nl": f"http://127.0.0.1:{free.getsockname()[1]}"
        }
    report = fetch(
        tmp_path, ["leerlingen_historisch", "so_vso"], base_urls=base_urls, patience=QUICK
    )
    assert report.new == [HISTORY]
    (down,) = [f for f in report.findings if isinstance(f, UnreachableError)]
    assert down.file == "opendata.cbs.nl"
    assert down.found == "no connection (2 downloads)"
    assert "https://opendata.cbs.nl/" in down.remedy


def hanging(host, *more, **most):
    time.sleep(30)
    raise socket.gaierror


@pytest.mark.parametrize("lookup", ["fails", "hangs"])
def test_without_a_connection_each_publisher_is_told_once_and_soon(lookup, tmp_path, monkeypatch):
    if lookup == "hangs":
        monkeypatch.setattr(socket, "getaddrinfo", hanging)
    begun, first = time.monotonic(), []
    report = fetch(
        tmp_path, progress=lambda *told: first.append(told), patience=Patience(first=0.8)
    )
    assert time.monotonic() - begun < 20  # a name that hangs takes 30 seconds
    hosts = "duo.nl, onderwijsdata.duo.nl, opendata.cbs.nl, www.onderwijsinspectie.nl"
    assert first == [(hosts, 0, None), (hosts, 0, 0)]
    told = {finding.file: str(finding) for finding in report.findings}
    assert sorted(told) == hosts.split(", ")
    assert len(report.findings) == 4
    words = "no such host, or no network" if lookup == "fails" else "no connection in time"
    assert all(words in text and "run the same command again" in text for text in told.values())
    assert "https://duo.nl/open_onderwijsdata/" in told["duo.nl"]
    with pytest.raises(FetchErrors, match=r"^34 downloads failed:(\n- .*){4}$"):
        report.raise_findings()
    assert len(report.by_hand) == 6
    assert all(re.search(r", for .+: see https://", words) for words in report.by_hand)


def test_a_publisher_that_takes_its_time_to_connect_is_waited_for_while_others_answer(
    publishers, tmp_path, monkeypatch
):
    publishers.files[IMAGES + HISTORY] = Served(table(5))
    publishers.statline("85099NED", ROWS)
    publishers.statline("85098NED", ROWS[:1])
    connect = socket.create_connection

    def slow(address, *more, **most):
        time.sleep(1.5)
        return connect(address, *more, **most)

    only_cbs = publishers.base_urls | {
        "https://opendata.cbs.nl": f"http://localhost:{publishers.server_port}/cbs"
    }
    monkeypatch.setattr(
        socket,
        "create_connection",
        lambda address, *more: (slow if address[0] == "localhost" else connect)(address, *more),
    )
    report = fetch(
        tmp_path, ["leerlingen_historisch", "jeugdhulp"], base_urls=only_cbs, patience=QUICK
    )
    assert report.findings == []
    assert sorted(report.new) == [HISTORY, "85098NED.csv", "85099NED.csv"]


def test_many_refusals_leave_room_for_the_next_file(publishers, get):
    """An answer that is not read to its end gives back its place among the two of a host."""
    big = HTML * 20_000
    for way in ways(["referentieniveaus"]):
        for name in way.rules.get("files", {}).values():
            publishers.fail(IMAGES + name, replying(404, big, "text/html"))
    publishers.files[IMAGES + HISTORY] = Served(table(5))
    report = get("referentieniveaus", "leerlingen_historisch")
    assert len(report.findings) == 7
    assert report.new == [HISTORY]


def test_at_most_two_connections_are_open_to_one_host(publishers, get):
    publishers.delay = 0.03
    for way in ways(["referentieniveaus"]):
        for name in way.rules.get("files", {}).values():
            publishers.files[IMAGES + name] = Served(table(5, name))
    assert len(get("referentieniveaus").new) == 7
    assert publishers.busiest == 2


# --- changes ----------------------------------------------------------------------------------


def test_a_changed_file_is_kept_beside_the_old_one_and_reported_until_decided(
    publishers, get, tmp_path
):
    path, old, new = IMAGES + HISTORY, table(50, "old"), table(50, "new")
    publishers.files[path] = Served(old)
    get("leerlingen_historisch")
    publishers.files[path] = Served(new)

    report = get("leerlingen_historisch")
    newer = report.changed[HISTORY]
    assert re.fullmatch(r"changed/06\..*--20\d\d-\d\d-\d\d\.csv", newer)
    assert (tmp_path / HISTORY).read_bytes() == old
    assert (tmp_path / newer).read_bytes() == new
    assert newer in str(report)
    assert_whole_and_true(tmp_path, publishers, old)

    again = get("leerlingen_historisch")  # still waiting, neither stored nor sent twice
    assert again.changed == {HISTORY: newer}
    assert publishers.asked[-1][1]["If-None-Match"] == publishers.files[path].etag
    assert len(list((tmp_path / "changed").iterdir())) == 1

    (tmp_path / newer).replace(tmp_path / HISTORY)  # the user decides
    decided = get("leerlingen_historisch")
    assert decided.unchanged == [HISTORY]
    assert decided.changed == {}
    assert decided.notes == [f"{HISTORY} is now the version from changed/"]
    assert assert_whole_and_true(tmp_path, publishers) == {HISTORY}


def test_an_unchanged_file_is_not_sent_again(publishers, get):
    publishers.files[IMAGES + HISTORY] = Served(table(50))
    get("leerlingen_historisch")
    report = get("leerlingen_historisch")
    assert report.unchanged == [HISTORY]
    assert publishers.asked[-1][1]["If-None-Match"] == publishers.files[IMAGES + HISTORY].etag


def test_a_file_put_there_by_hand_is_taken_over_when_equal_and_never_overwritten(
    publishers, get, tmp_path
):
    publishers.files[IMAGES + HISTORY] = Served(table(50))
    (tmp_path / "onder-andere-naam.csv").write_bytes(table(50))
    assert get("leerlingen_historisch").unchanged == ["onder-andere-naam.csv"]
    assert assert_whole_and_true(tmp_path, publishers) == {"onder-andere-naam.csv"}
    (tmp_path / "onder-andere-naam.csv").unlink()
    (tmp_path / HISTORY).write_bytes(b"mine")
    report = get("leerlingen_historisch")
    assert list(report.changed) == [HISTORY]
    assert (tmp_path / HISTORY).read_bytes() == b"mine"


def test_a_file_edited_or_removed_by_hand_leaves_the_manifest(publishers, get, tmp_path):
    publishers.files[IMAGES + HISTORY] = Served(table(50))
    get("leerlingen_historisch")
    (tmp_path / HISTORY).write_bytes(b"edited")
    report = get("leerlingen_historisch")
    assert "edited" in report.notes[0]
    manifest = json.loads((tmp_path / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["files"] == {}
    assert (tmp_path / HISTORY).read_bytes() == b"edited"
    (tmp_path / HISTORY).unlink()
    (tmp_path / report.changed[HISTORY]).unlink()
    assert get("leerlingen_historisch").new == [HISTORY]
    assert_whole_and_true(tmp_path, publishers)


def test_names_that_would_leave_the_folder_or_be_taken_for_ours_are_refused(
    publishers, get, tmp_path
):
    publishers.ckan(resource(5), name="files.csv", resource=RESOURCE)
    page = "/duo/open_onderwijsdata/primair-onderwijs/aantal-leerlingen/schooladviezen.jsp"
    bad = '<a href="/a/..%2F..%2Fschooladviezen-2020-2021.csv">x</a>'
    publishers.files[page] = Served(bad.encode(), "text/html")
    findings = get("schooladviezen", school_years=["2020-2021"]).findings
    assert any("a name that ends in" in str(finding) for finding in findings)
    assert assert_whole_and_true(tmp_path, publishers) == set()
    assert not list(tmp_path.parent.glob("*schooladviezen*"))


# --- interruptions ----------------------------------------------------------------------------

KILLED = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
from kansen_analysis.fetch import fetch
report = fetch(sys.argv[1], ["leerlingen_historisch"], base_urls={"https://duo.nl": sys.argv[2]})
print(report)
"""


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_a_killed_fetch_goes_on_where_it_was(how, publishers, get, tmp_path):
    path, content = IMAGES + HISTORY, table(40_000)
    publishers.files[path] = Served(content)
    publishers.fail(path, sending(step=0.2))
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(tmp_path), publishers.base_urls["https://duo.nl"]],
        stderr=subprocess.DEVNULL,
    )
    part = tmp_path / ".parts" / HISTORY
    deadline = time.monotonic() + 60
    while not (part.exists() and part.stat().st_size >= 100_000):
        assert time.monotonic() < deadline
        assert process.poll() is None
        time.sleep(0.02)
    with pytest.raises(UsageError, match="Another fetch"):  # one at a time in a folder
        get("leerlingen_historisch")
    process.send_signal(how)
    process.wait(timeout=20)
    received = part.stat().st_size
    assert 100_000 <= received < len(content)
    assert assert_whole_and_true(tmp_path, publishers) == set()

    publishers.mend()
    asked = len(publishers.asked)
    assert get("leerlingen_historisch").new == [HISTORY]
    ((_, headers),) = publishers.asked[asked:]
    assert headers["Range"] == f"bytes={received}-"
    assert (tmp_path / HISTORY).read_bytes() == content
    assert_whole_and_true(tmp_path, publishers)
    assert not (tmp_path / ".parts").exists()


def test_a_fetch_killed_when_the_file_was_whole_asks_for_one_byte(publishers, get, tmp_path):
    path, content = IMAGES + HISTORY, table(4000)
    publishers.files[path] = file = Served(content)
    parts = tmp_path / ".parts"
    parts.mkdir()
    (parts / HISTORY).write_bytes(content)
    notes = {"etag": file.etag, "last_modified": "", "total": len(content)}
    (parts / f"{HISTORY}.json").write_text(json.dumps(notes))
    assert get("leerlingen_historisch").new == [HISTORY]
    assert publishers.asked[-1][1]["Range"] == f"bytes={len(content) - 1}-"
    assert_whole_and_true(tmp_path, publishers)


def test_a_beginning_damaged_on_this_machine_is_found_by_the_checksum(publishers, get, tmp_path):
    content = resource(4000)
    path = publishers.ckan(content, hash=hashlib.sha256(content).hexdigest())
    parts = tmp_path / ".parts"
    parts.mkdir()
    (parts / REVISED).write_bytes(b"x" * 5000)
    notes = {"etag": publishers.files[path].etag, "last_modified": "", "total": len(content)}
    (parts / f"{REVISED}.json").write_text(json.dumps(notes))
    assert get("heroverweging").new == [REVISED]
    assert (tmp_path / REVISED).read_bytes() == content


def test_a_beginning_of_a_file_that_stays_wrong_is_tried_once_more_and_no_longer(
    publishers, get, tmp_path
):
    path = publishers.ckan(resource(4000), hash="0" * 64)
    parts = tmp_path / ".parts"
    parts.mkdir()
    (parts / REVISED).write_bytes(resource(4000)[:5000])
    notes = {"etag": publishers.files[path].etag, "last_modified": "", "total": len(resource(4000))}
    (parts / f"{REVISED}.json").write_text(json.dumps(notes))
    (finding,) = get("heroverweging").findings
    assert "another sha256 checksum" in finding.found
    ranges = [headers.get("Range") for asked, headers in publishers.asked if asked == path]
    assert ranges == ["bytes=5000-", None]


def test_a_manifest_that_cannot_be_read_is_an_error_that_says_what_to_do(get, tmp_path):
    (tmp_path / "manifest.json").write_text("[]")
    with pytest.raises(FileFormatError, match="remove it"):
        get("leerresultaten")


# --- the command, and this test itself --------------------------------------------------------


def test_an_unknown_source_or_school_year_or_invented_data_is_refused(get, tmp_path):
    with pytest.raises(UsageError, match="eindscores@ckan"):
        get("eindtoets")
    with pytest.raises(UsageError, match="2024-2025"):
        get("eindscores", school_years=["2024"])
    (tmp_path / "truth.json").write_text("{}")
    with pytest.raises(UsageError, match="invented"):
        get("eindscores")


def test_progress_counts_bytes_up_to_the_size(publishers, get):
    publishers.files[IMAGES + HISTORY] = Served(table(40_000))
    seen = []
    get("leerlingen_historisch", progress=lambda *told: seen.append(told))
    size = len(table(40_000))
    assert seen[-1] == (HISTORY, size, size)
    assert [done for _, done, _ in seen] == sorted(done for _, done, _ in seen)


def test_the_command_stores_what_it_can_and_ends_with_what_it_could_not(
    publishers, tmp_path, monkeypatch
):
    publishers.files[IMAGES + HISTORY] = Served(table(5))
    monkeypatch.setattr(
        package,
        "fetch",
        functools.partial(fetch, base_urls=publishers.base_urls, patience=QUICK),
    )
    app = typer.Typer()
    app.command()(command)
    words = ["--source", "leerlingen_historisch", "--source", "heroverweging"]
    result = CliRunner().invoke(app, [*words, "--data", str(tmp_path)])
    assert "1 new" in result.output
    assert isinstance(result.exception, FetchErrors)
    assert isinstance(result.exception, DataErrors)
    assert str(result.exception).startswith("1 download failed:\n- heroverweging: found status 404")
    assert (tmp_path / HISTORY).exists()


def test_no_test_here_can_reach_the_internet(tmp_path):
    report = fetch(tmp_path, ["leerlingen_historisch"], patience=QUICK)
    (finding,) = report.findings
    assert "no such host" in finding.found
    with socket.socket() as outward, pytest.raises(OSError, match="a test reached for"):
        outward.connect(("192.0.2.1", 80))


def test_every_way_is_of_a_known_kind_and_every_address_has_a_secure_scheme():
    for source in {way.source for way in ways()}:
        assert source in {
            "schoolweging", "leerresultaten", "eindscores", "referentieniveaus", "schooladviezen",
            "heroverweging", "leerlingen", "leerlingen_historisch", "vestigingen",
            "achterstandsscores", "vo_doorstroom", "vo_resultaten", "vsv", "so_vso", "jeugdhulp",
        }  # fmt: skip
    for way in ways():
        for key in ("base", "page", "landing_page", "api", "feed"):
            assert urlsplit(way.rules.get(key, "https:")).scheme == "https"
        assert way.landing_page
        assert not parse_qs(urlsplit(way.landing_page).query)
