"""Headless Chromium, driven by its DevTools protocol over a pipe: no driver, no port and no package in between.

``--remote-debugging-pipe`` makes Chromium read commands from file descriptor 3 and write replies and events to 4, each
a JSON object that ends with a zero byte (https://chromedevtools.github.io/devtools-protocol/).
"""

import base64
import json
import os
import select
import shutil
import subprocess
import tempfile
import time

FLAGS = (
    "--headless=new --remote-debugging-pipe --no-sandbox --no-first-run --no-default-browser-check --mute-audio "
    "--disable-gpu --disable-dev-shm-usage --disable-extensions --disable-background-networking --disable-sync "
    "--disable-component-update --disable-domain-reliability --disable-client-side-phishing-detection "
    "--disable-features=Translate,OptimizationHints,MediaRouter,DialMediaRouteProvider,IsolateSandboxedIframes "
    "--metrics-recording-only "
    "--force-color-profile=srgb --font-render-hinting=none --host-resolver-rules=MAP * ~NOTFOUND"
)
PATIENCE = 60
"""Seconds after which a Chromium that says nothing is given up: a crash must not hang the tests."""

KEYS = {
    "ArrowLeft": 37, "ArrowRight": 39, " ": 32, "Home": 36, "End": 35, "Enter": 13, "Escape": 27, "Tab": 9, "?": 191,
}  # fmt: skip


def find_chromium():
    """The path of a Chromium, or None."""
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
    return next((path for path in map(shutil.which, names) if path), None)


class Browser:
    """One Chromium with one tab. What the page asked for, and what went wrong in it, is in ``requests``, ``errors``."""

    def __init__(self):
        self._folder = tempfile.mkdtemp(prefix="chromium-")
        flags = FLAGS.split(" --")
        command = [find_chromium(), flags[0], *("--" + flag for flag in flags[1:]), f"--user-data-dir={self._folder}"]
        self._process = subprocess.Popen(
            ["sh", "-c", 'exec "$0" "$@" 3<&0 4>&1 </dev/null >/dev/null', *command, "about:blank"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "HOME": self._folder},
        )
        self._write, self._read = self._process.stdin.fileno(), self._process.stdout.fileno()
        self._serial, self._buffer, self._session = 0, b"", None
        self.errors, self.requests = [], []
        self._contexts = {}  # of each document, frames' among them
        target = next(each for each in self.send("Target.getTargets")["targetInfos"] if each["type"] == "page")
        self._session = self.send("Target.attachToTarget", targetId=target["targetId"], flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.send(f"{domain}.enable")

    def close(self):
        self._process.stdin.close()  # end of file: Chromium ends
        try:
            self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    # ---- the protocol

    def send(self, method, **params):
        """Call a method and give its result; what happens meanwhile is noted."""
        self._serial += 1
        message = {"id": self._serial, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._write, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._receive()
            if answer.get("id") == self._serial:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']['message']}")
                return answer["result"]
            self._note(answer)

    def _receive(self):
        end = time.monotonic() + PATIENCE
        while b"\0" not in self._buffer:
            if not select.select([self._read], [], [], max(0, end - time.monotonic()))[0]:
                raise TimeoutError(f"Chromium has said nothing for {PATIENCE} seconds")
            piece = os.read(self._read, 1 << 20)
            if not piece:
                raise RuntimeError("Chromium has ended")
            self._buffer += piece
        message, _, self._buffer = self._buffer.partition(b"\0")
        return json.loads(message)

    def _note(self, event):
        method, params = event.get("method"), event.get("params", {})
        if method == "Runtime.exceptionThrown":
            details = params["exceptionDetails"]
            self.errors.append(details.get("exception", {}).get("description") or details["text"])
        elif method == "Runtime.consoleAPICalled" and params["type"] in ("error", "warning", "assert"):
            self.errors.append(" ".join(str(each.get("value", each.get("description"))) for each in params["args"]))
        elif method == "Log.entryAdded" and params["entry"]["level"] in ("error", "warning"):
            self.errors.append(params["entry"]["text"])
        elif method == "Runtime.executionContextCreated":
            self._contexts[params["context"]["id"]] = params["context"]["auxData"].get("isDefault")
        elif method == "Runtime.executionContextDestroyed":
            self._contexts.pop(params["executionContextId"], None)
        elif method == "Runtime.executionContextsCleared":
            self._contexts.clear()
        elif method == "Network.requestWillBeSent":
            self.requests.append(params["request"]["url"])
        elif method == "Page.javascriptDialogOpening":
            self.errors.append("dialog: " + params["message"])
            raise AssertionError("the page opened a dialog: " + params["message"])

    # ---- what a reader does

    def open(self, path, width=1280, height=800, *, dark=False, calm=True, mobile=False):
        """Show a file at a size. ``calm``: the reader prefers reduced motion."""
        self.errors.clear()
        self.requests.clear()
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": mobile}
        self.send("Emulation.setDeviceMetricsOverride", **metrics)
        self.send("Emulation.setTouchEmulationEnabled", enabled=mobile, maxTouchPoints=2)
        self.prefer(dark=dark, calm=calm)
        self.send("Page.navigate", url=path.as_uri())
        self.wait("document.readyState === 'complete' && location.href !== 'about:blank'")

    def prefer(self, *, dark=False, calm=True, media=""):
        features = {"prefers-color-scheme": "dark" if dark else "light"}
        features["prefers-reduced-motion"] = "reduce" if calm else "no-preference"
        listed = [{"name": name, "value": value} for name, value in features.items()]
        self.send("Emulation.setEmulatedMedia", media=media, features=listed)

    def run(self, expression, **options):
        """Evaluate JavaScript in the page, waiting for a promise, and give its value."""
        options |= {"returnByValue": True, "awaitPromise": True}
        result = self.send("Runtime.evaluate", expression=expression, **options)
        if "exceptionDetails" in result:
            details = result["exceptionDetails"]
            raise AssertionError(details.get("exception", {}).get("description") or details["text"])
        return result["result"].get("value")

    def frames(self):
        """The documents of the tab by their titles: what :meth:`run` takes as ``contextId``."""
        return {self.run("document.title", contextId=each): each for each, main in [*self._contexts.items()] if main}

    def wait(self, condition):
        """Wait until a JavaScript condition holds."""
        end = time.monotonic() + PATIENCE
        while not self.run(condition):
            if time.monotonic() > end:
                raise TimeoutError(f"never became true: {condition}")
            time.sleep(0.02)

    def press(self, *keys):
        for key in keys:
            code = KEYS.get(key) or ord(key.upper())
            options = {"key": key, "windowsVirtualKeyCode": code, "modifiers": 8 if key == "?" else 0}
            text = "\r" if key == "Enter" else key if len(key) == 1 else ""
            self.send("Input.dispatchKeyEvent", type="keyDown", text=text, **options)
            self.send("Input.dispatchKeyEvent", type="keyUp", **options)

    def type(self, text):
        self.send("Input.insertText", text=text)

    def click(self, selector):
        x, y = self.run(
            f"(r => [r.x + r.width / 2, r.y + r.height / 2])"
            f"(document.querySelector({json.dumps(selector)}).getBoundingClientRect())"
        )
        for kind in ("mousePressed", "mouseReleased"):
            self.send("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def mouse(self, kind, x, y, **options):
        self.send("Input.dispatchMouseEvent", type=kind, x=x, y=y, **options)

    def touch(self, kind, *points):
        listed = [{"x": x, "y": y, "id": i} for i, (x, y) in enumerate(points)]
        self.send("Input.dispatchTouchEvent", type=kind, touchPoints=listed)

    def screenshot(self, path):
        path.write_bytes(base64.b64decode(self.send("Page.captureScreenshot", format="png")["data"]))
