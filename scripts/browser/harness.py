"""A server of the program, and a browser that looks at its page."""

import atexit
import base64
import json
import subprocess
import time
import urllib.request
from pathlib import Path

from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.chrome.service import Service


class Server:
    """`aio serve` of one gallery."""

    def __init__(self, program, gallery, *more, address="127.0.0.1:0"):
        self.command = [program, "--quiet", "serve", str(gallery), *more]
        self.start(address)

    def start(self, address):
        self.process = subprocess.Popen(
            [*self.command, "--address", address], stdout=subprocess.PIPE, text=True
        )
        atexit.register(self.process.kill)
        self.url = self.process.stdout.readline().strip()
        assert self.url.startswith("http://"), self.url
        self.address = self.url.split("/")[2]

    def stop(self):
        """Ends the server as Ctrl-C does; returns its exit code."""
        self.process.terminate()
        return self.process.wait(timeout=60)

    def search(self, body):
        request = urllib.request.Request(
            f"http://{self.address}/api/search",
            json.dumps(body).encode(),
            {"content-type": "application/json"},
        )
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)


class Browser:
    """Chromium without a window of its own."""

    def __init__(self, downloads, width=1280, height=900, dark=False):
        options = webdriver.ChromeOptions()
        options.binary_location = "/usr/bin/chromium"
        for argument in [
            "--headless=new",
            "--no-sandbox",
            "--disable-dev-shm-usage",
            "--disable-gpu",
            f"--window-size={width},{height}",
        ]:
            options.add_argument(argument)
        options.add_experimental_option("prefs", {"download.default_directory": str(downloads)})
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        self.driver = webdriver.Chrome(options=options, service=Service("/usr/bin/chromedriver"))
        atexit.register(self.driver.quit)
        # A slow machine needs long for an audit.
        self.driver.set_script_timeout(300)
        self.size(width, height)
        self.dark(dark)
        self.expected = ()

    def size(self, width, height):
        """The size of the page, which may be narrower than a window can be."""
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)

    def dark(self, dark):
        feature = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})

    def open(self, url):
        self.driver.get("about:blank")
        self.driver.get(url)
        self.wait("the gallery", lambda: "Opening" not in self.text("#gallery"))

    def all(self, selector):
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def one(self, selector):
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def text(self, selector):
        return self.one(selector).text

    def run(self, script, *arguments):
        return self.driver.execute_script(script, *arguments)

    def wait(self, what, holds, seconds=60):
        end = time.monotonic() + seconds
        while True:
            try:
                found = holds()
            except Exception as error:  # The page was drawn anew in between.
                found, last = None, error
            else:
                last = None
            if found:
                return found
            if time.monotonic() > end:
                raise AssertionError(f"{what}: not within {seconds} s ({last})")
            time.sleep(0.05)

    def hand_over(self, event, *paths):
        """Pastes (`paste`) or drops (`drop`) files on the page."""
        data = [[Path(path).name, base64.b64encode(Path(path).read_bytes()).decode()] for path in paths]
        self.run(
            """const [event, data] = arguments;
            const types = { jpg: "image/jpeg", png: "image/png", gif: "image/gif" };
            const files = new DataTransfer();
            for (const [name, text] of data) {
              const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
              files.items.add(new File([bytes], name, { type: types[name.split(".").at(-1)] ?? "text/plain" }));
            }
            const bubbles = { bubbles: true, cancelable: true };
            if (event === "drop") document.body.dispatchEvent(new DragEvent("dragover", { ...bubbles, dataTransfer: files }));
            document.body.dispatchEvent(event === "drop"
              ? new DragEvent("drop", { ...bubbles, dataTransfer: files })
              : new ClipboardEvent("paste", { ...bubbles, clipboardData: files }));""",
            event,
            data,
        )

    def settled(self):
        """Waits until no search runs, and the typed text has had its time."""
        time.sleep(0.7)
        self.wait("the search", lambda: self.one("#results").get_attribute("aria-busy") != "true")

    def rows(self):
        """The best row of every card, in order."""
        return [int(card.get_attribute("data-row")) for card in self.all(".card")]

    def step(self, name, expected=()):
        """Begins a step. The one before left no message in the console but those that hold one of the expected words."""
        self.check_console()
        self.expected = expected
        print(f"  {name}", flush=True)

    def check_console(self):
        """No message of the page, whatever its level, that the step does not expect."""
        found = [
            entry
            for entry in self.driver.get_log("browser")
            if not any(words in entry["message"] for words in self.expected)
        ]
        assert not found, found

    def focused(self, expression="e.outerHTML.slice(0, 200)"):
        """What an expression says of the element that has the focus."""
        return self.run(f"const e = document.activeElement; return {expression}")

    def block(self, *patterns):
        """Lets requests whose address matches fail; none without patterns."""
        self.driver.execute_cdp_cmd("Network.enable", {})
        self.driver.execute_cdp_cmd("Network.setBlockedURLs", {"urls": list(patterns)})

    def picture(self, path):
        path.parent.mkdir(parents=True, exist_ok=True)
        self.driver.save_screenshot(str(path))

    def whole_picture(self, path, width):
        """The page to its end."""
        height = self.run("return document.documentElement.scrollHeight")
        self.size(width, min(height, 3000))
        self.picture(path)
        self.size(width, 900)


def audit(browser, script: Path):
    """What axe-core finds against WCAG 2 (A and AA) and its best practices."""
    browser.run(script.read_text())
    result = browser.driver.execute_async_script(
        "const done = arguments[0]; axe.run(document).then(done, (e) => done({violations: [{id: String(e), nodes: []}]}));"
    )
    found = [
        (violation["id"], violation.get("help"), [node["html"][:120] for node in violation["nodes"][:3]])
        for violation in result["violations"]
    ]
    assert not found, json.dumps(found, indent=1)
