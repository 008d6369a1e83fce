"""Cases of pages, from sealing to opening: Yidi beside gpg, openssl cms and the bare store (``make bench``, part b, c).

What is measured, in one run, on one store, with the same number of workers:
- ``yidi``: seal -> upload -> receipt -> pull -> verify -> countersign -> state a purpose -> open every page. The real
  processes: hub, agent of the window, agent of the department; each case makes seven signed statements in the log;
- ``gpg``: one archive a case, signed and encrypted (ed25519, cv25519, AES-256), put, got, decrypted, verified;
- ``cms``: the same with ``openssl cms`` (P-256, signed, then AES-256-GCM to the receiver's certificate);
- ``raw``: put and get of the same bytes, the ceiling of the store.
All contenders use the same presigned PUT and GET over the same pool of connections. Their work without the store
("crypto only") is measured beside. The drafts lie ready before the clock starts, as the peers' files do.
"""

import argparse
import base64
import hashlib
import io
import shutil
import subprocess
import sys
import tarfile
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "proto" / "gen")]


from crypto.manifest import LineFacts  # noqa: E402
from crypto.sealing import open_page  # noqa: E402
from deploy.stack.layout import DEPARTMENT, WINDOW  # noqa: E402
from deploy.stack.stack import Stack  # noqa: E402
from node_agent.known.snapshot import fetch_snapshot  # noqa: E402
from node_agent.process.runtime import Agent, open_agent  # noqa: E402
from node_agent.transfer import opening, pulling  # noqa: E402
from node_agent.transfer.sealer import LineInput, PageInput, seal_bundle  # noqa: E402
from node_agent.window import intake as window  # noqa: E402
from node_agent.window import seal as window_seal  # noqa: E402
from storage.journal import OutboxEntry  # noqa: E402
from storage.objectstore_s3 import S3ObjectStore  # noqa: E402
from storage.transfer import PooledSend, TransferClient  # noqa: E402
from tests.bench import report  # noqa: E402
from tests.bench.paper import make_pages  # noqa: E402

TASK_CODE = "11360102900001025R4000131012001"
MATERIAL = "M01"
PATIENCE = 600.0
POLL = 0.05
Step = Callable[[int], None]


@dataclass(frozen=True)
class Work:
    """What every contender is given: page files, number of cases, workers, a folder of its own."""

    pages: Sequence[Path]
    cases: int
    workers: int
    home: Path

    @property
    def case_bytes(self) -> int:
        """Bytes of pages in one case."""
        return sum(page.stat().st_size for page in self.pages)

    @property
    def digest(self) -> str:
        """What every contender must give back: digest over the pages in order."""
        return _digest(page.read_bytes() for page in self.pages)


def _digest(pages: Iterable[bytes]) -> str:
    whole = hashlib.sha256()
    for page in pages:
        whole.update(page)
    return whole.hexdigest()


def parallel(work: Work, step: Step) -> float:
    """Seconds that ``workers`` threads take for all cases."""
    began = time.perf_counter()
    with ThreadPoolExecutor(work.workers) as threads:
        list(threads.map(step, range(work.cases)))
    return time.perf_counter() - began


# --- the store under the peers -----------------------------------------------------------------------------------


class Shelf:
    """Presigned PUT and GET of whole objects in the benchmark's store."""

    def __init__(self, stack: Stack, workers: int) -> None:
        self._store = S3ObjectStore(stack.seaweed.endpoint(), "peers", *stack.seaweed.credentials())
        self._store.ensure_bucket()
        self._transfer = TransferClient(PooledSend(workers))

    def put(self, key: str, data: bytes) -> None:
        """Store bytes under a presigned URL that fixes size and MD5."""
        md5 = base64.b64encode(hashlib.md5(data, usedforsecurity=False).digest()).decode()
        self._transfer.put_part(self._store.presign_put(key, len(data), md5, 900, new=False), data)

    def get(self, key: str) -> bytes:
        """The newest version (the peers have no hub that pins one, so they ask)."""
        found = self._store.head(key)
        assert found is not None, key
        return b"".join(self._transfer.stream(self._store.presign_get(key, found.version_id, 900)))


def raw(work: Work, shelf: Shelf) -> float:
    """Put and get of the bytes of the pages, one object a case."""
    data = b"".join(page.read_bytes() for page in work.pages)

    def step(number: int) -> None:
        shelf.put(f"raw/{number}", data)
        if len(shelf.get(f"raw/{number}")) != len(data):
            raise SystemExit("bench: the store gave back something else")

    return parallel(work, step)


# --- the peers ---------------------------------------------------------------------------------------------------


class Peer:
    """A program that signs and encrypts an archive, and the other way round."""

    def seal(self, archive: bytes) -> bytes:
        """Signed, then encrypted."""
        raise NotImplementedError

    def open(self, sealed: bytes) -> bytes:
        """Decrypted and verified; raises when either fails."""
        raise NotImplementedError


class Gpg(Peer):
    """GnuPG with a key of each side (ed25519 with cv25519)."""

    def __init__(self, home: Path) -> None:
        self._home = home
        home.mkdir(mode=0o700)
        for name in ("window", "department"):
            self._run("--passphrase", "", "--quick-gen-key", f"{name}@bench.invalid", "ed25519", "sign", "never")
            listed = self._run("--with-colons", "--list-keys", f"{name}@bench.invalid").decode()
            fingerprint = next(line.split(":")[9] for line in listed.splitlines() if line.startswith("fpr"))
            self._run("--passphrase", "", "--quick-add-key", fingerprint, "cv25519", "encr", "never")

    def seal(self, archive: bytes) -> bytes:
        who = ("-u", "window@bench.invalid", "-r", "department@bench.invalid")
        # Pages are compressed already, so gpg is spared its own compression.
        return self._run(
            *who, "--trust-model", "always", "--compress-algo", "none", "--sign", "--encrypt", given=archive
        )

    def open(self, sealed: bytes) -> bytes:
        return self._run("--trust-model", "always", "--decrypt", given=sealed)

    def close(self) -> None:
        """End its agent."""
        subprocess.run(["gpgconf", "--homedir", str(self._home), "--kill", "all"], check=False)

    def _run(self, *arguments: str, given: bytes = b"") -> bytes:
        line = ["gpg", "--homedir", str(self._home), "--batch", "--quiet", "--yes", "--pinentry-mode", "loopback"]
        return _run([*line, *arguments], given)


class Cms(Peer):
    """``openssl cms`` with a P-256 certificate of each side."""

    def __init__(self, home: Path) -> None:
        self._home = home
        home.mkdir(mode=0o700)
        for name in ("window", "department"):
            key, certificate = self._file(name, "key"), self._file(name, "pem")
            made = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
            _run(["openssl", "req", "-x509", *made, "-subj", f"/CN={name}", "-keyout", key, "-out", certificate], b"")

    def seal(self, archive: bytes) -> bytes:
        signer = ["-signer", self._file("window", "pem"), "-inkey", self._file("window", "key")]
        signed = _run(["openssl", "cms", "-sign", "-binary", "-nodetach", "-outform", "DER", *signer], archive)
        to = ["-aes-256-gcm", "-recip", self._file("department", "pem")]
        return _run(["openssl", "cms", "-encrypt", "-binary", "-outform", "DER", *to], signed)

    def open(self, sealed: bytes) -> bytes:
        own = ["-recip", self._file("department", "pem"), "-inkey", self._file("department", "key")]
        signed = _run(["openssl", "cms", "-decrypt", "-binary", "-inform", "DER", *own], sealed)
        trusted = ["-CAfile", self._file("window", "pem"), "-purpose", "any"]
        return _run(["openssl", "cms", "-verify", "-binary", "-inform", "DER", *trusted], signed)

    def _file(self, name: str, kind: str) -> str:
        return str(self._home / f"{name}.{kind}")


def _run(line: Sequence[str], given: bytes) -> bytes:
    done = subprocess.run(line, input=given, capture_output=True, check=False)
    if done.returncode:
        raise SystemExit(f"bench: {line[0]} ended with {done.returncode}: {done.stderr.decode()[-400:]}")
    return done.stdout


def archived(pages: Sequence[Path]) -> bytes:
    """One tar archive."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for page in pages:
            tar.add(page, page.name)
    return out.getvalue()


def unpacked(archive: bytes) -> str:
    """Digest over the pages of an archive."""
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        return _digest(tar.extractfile(member).read() for member in tar)  # type: ignore[union-attr]  # files only


def through_store(work: Work, shelf: Shelf, name: str, peer: Peer) -> float:
    """The whole way of a peer: archive, seal, put, get, open."""
    wanted = work.digest

    def step(number: int) -> None:
        shelf.put(f"{name}/{number}", peer.seal(archived(work.pages)))
        if unpacked(peer.open(shelf.get(f"{name}/{number}"))) != wanted:
            raise SystemExit(f"bench: {name} gave back something else")

    return parallel(work, step)


def without_store(work: Work, peer: Peer) -> float:
    """The same without the store."""
    return parallel(work, lambda _: _same(unpacked(peer.open(peer.seal(archived(work.pages)))), work.digest))


def _same(got: str, wanted: str) -> None:
    if got != wanted:
        raise SystemExit("bench: the pages came back changed")


# --- Yidi --------------------------------------------------------------------------------------------------------


class Yidi:
    """The product as it runs: the stack's processes, and what a clerk's and a reviewer's command would do."""

    def __init__(self, stack: Stack, work: Work) -> None:
        self._work = work
        self._window = open_agent(stack.layout.agent(WINDOW))
        self._department = open_agent(stack.layout.agent(DEPARTMENT))
        _until("a snapshot of the directory", lambda: _tried(lambda: fetch_snapshot(self._window)))

    def close(self) -> None:
        """Close both journals."""
        self._window.close()
        self._department.close()

    def whole(self) -> float:
        """Seconds from the first seal to the last opened page, drafts ready before."""
        cases = [self._draft() for _ in range(self._work.cases)]
        wanted = self._work.digest
        began = time.perf_counter()
        with ThreadPoolExecutor(2 * self._work.workers) as threads:
            sealed = threads.map(self._seal, cases)
            opened = [threads.submit(self._open, case, wanted) for case in sealed]
            for one in opened:
                one.result()
        return time.perf_counter() - began

    def _draft(self) -> str:
        case = window.begin(self._window, TASK_CODE, "A01", {"v": 1}, "ELECTRONIC")
        taken = window.add_pages(self._window, case, MATERIAL, list(self._work.pages))
        if taken.refused:
            raise SystemExit(f"bench: a page was refused: {taken.refused[0]}")
        return case

    def _seal(self, case: str) -> str:
        ticks = {"no_classified": True, "applicant_signed": True, "privacy_notice": True}
        window_seal.seal(self._window, case, "A01", insist=True, **ticks)
        return case

    def _open(self, case: str, wanted: str) -> None:
        agent = self._department
        _until("the countersignature", lambda: _done(agent, case, "delivered"))
        opened = opening.open_case(
            agent, case, "B01", "ACCEPTOR", "ACCEPT_REVIEW", answered=lambda digest: _answered(agent, digest)
        )
        line = next(line for line in opened.lines if line.material == MATERIAL)
        _same(_digest(page.data for page in line.pages), wanted)


def crypto_only(work: Work) -> float:
    """Sealing with manifest, the checks of a pull and opening, without store and hub."""
    wanted = work.digest

    def step(number: int) -> None:
        spool = work.home / "spool"
        facts = LineFacts(MATERIAL, MATERIAL, "SUBMIT", "B", "SEEN_RETURNED")
        line = LineInput(facts, tuple(PageInput(page, "image/jpeg") for page in work.pages))
        bundle = seal_bundle(
            spool, [line], case=f"{number:032x}", revision=1, kind="application", task_code=TASK_CODE, catalogue="v"
        )
        path = spool / bundle.file
        pulling.require_whole(path, bundle.manifest)
        pages = (
            open_page(bundle.keys[line.line, made.name], made.stream, pulling.read_stream(path, made.stream))
            for line, _, made in bundle.manifest.streams()
        )
        _same(_digest(pages), wanted)
        path.unlink()

    return parallel(work, step)


def _answered(agent: Agent, digest: str) -> OutboxEntry:
    _until("a receipt", lambda: (entry := agent.journal.entry(digest)) is not None and entry.state != "WAITING")
    entry = agent.journal.entry(digest)
    assert entry is not None
    return entry


def _done(agent: Agent, case: str, event: str) -> bool:
    return any(act.event == event and act.state == "DONE" for act in agent.journal.acts(case))


def _tried(act: Callable[[], object]) -> bool:
    from crypto.refusal import Refusal

    try:
        act()
    except Refusal:
        return False
    return True


def _until(what: str, true: Callable[[], object]) -> None:
    end, pause = time.monotonic() + PATIENCE, threading.Event()
    while not true():
        if time.monotonic() > end:
            raise SystemExit(f"bench: waited {PATIENCE} s for {what}")
        pause.wait(POLL)


# --- the run -----------------------------------------------------------------------------------------------------


def run(cases: int, pages: int, size: int, workers: int, rounds: int, stack: ExitStack) -> dict[str, Any]:
    """All contenders, ``rounds`` times in turn; the best round of each counts."""
    home = Path(tempfile.mkdtemp(prefix="yidi-bench-"))
    home.chmod(0o711)
    stack.callback(shutil.rmtree, home, ignore_errors=True)
    town = Stack(home / "stack")
    stack.callback(town.kill)
    town.up()
    work = Work(make_pages(home / "pages", pages, size), cases, workers, home)
    shelf, gpg, cms = Shelf(town, workers), Gpg(home / "gpg"), Cms(home / "cms")
    stack.callback(gpg.close)
    yidi = Yidi(town, work)
    stack.callback(yidi.close)
    contenders: dict[str, Callable[[], float]] = {
        "raw put and get": lambda: raw(work, shelf),
        "yidi": yidi.whole,
        "gpg": lambda: through_store(work, shelf, "gpg", gpg),
        "openssl cms": lambda: through_store(work, shelf, "cms", cms),
        "yidi, crypto only": lambda: crypto_only(work),
        "gpg, crypto only": lambda: without_store(work, gpg),
        "openssl cms, crypto only": lambda: without_store(work, cms),
    }
    seconds: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(rounds):
        for name, contender in contenders.items():
            seconds[name].append(contender())
    return _told(work, seconds)


def _told(work: Work, seconds: dict[str, list[float]]) -> dict[str, Any]:
    megabytes = work.cases * work.case_bytes / 1e6
    rates = {name: megabytes / min(taken) for name, taken in seconds.items()}
    print(f"{'cases of pages':<26} {'MB/s':>8} {'cases/s':>8} {'of raw':>7} {'yidi is':>8}")
    for name, rate in rates.items():
        against = rates["yidi, crypto only" if name.endswith("only") else "yidi"] / rate
        share, cases = rate / rates["raw put and get"], work.cases / min(seconds[name])
        print(f"{name:<26} {rate:>8.1f} {cases:>8.1f} {share:>7.2f} {against:>7.2f}x")
    return {
        "cases": work.cases,
        "pages": len(work.pages),
        "page_bytes": work.pages[0].stat().st_size,
        "workers": work.workers,
        "seconds": {name: [round(one, 3) for one in taken] for name, taken in seconds.items()},
        "megabytes_per_second": {name: round(rate, 1) for name, rate in rates.items()},
        "yidi_of_raw": round(rates["yidi"] / rates["raw put and get"], 3),
    }


def main() -> None:
    """Read the options, run, keep the report."""
    parser = argparse.ArgumentParser(description="cases of pages through the store, beside gpg and openssl cms")
    parser.add_argument("--cases", type=int, default=40)
    parser.add_argument("--pages", type=int, default=10)
    parser.add_argument("--size", type=int, default=300_000, help="bytes a page")
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=2)
    report.add_option(parser)
    asked = parser.parse_args()
    with ExitStack() as stack:
        found = run(asked.cases, asked.pages, asked.size, asked.workers, asked.rounds, stack)
    report.write(asked.results, "pages", found)


if __name__ == "__main__":
    main()
