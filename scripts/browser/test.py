"""Looks at the page of `aio serve` as a user does: scripts/browser/test.sh calls it."""

import base64
import csv
import json
import os
import random
import struct
import subprocess
import sys
import tempfile
import time
import zlib
from pathlib import Path

from harness import Browser, Server, audit
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select

program, gallery, world, tools = sys.argv[1], *(Path(text).resolve() for text in sys.argv[2:5])
pictures = tools / "pictures"
axe = tools / "node_modules/axe-core/axe.min.js"
scratch = tempfile.TemporaryDirectory()
downloads = Path(tempfile.mkdtemp(dir=scratch.name))
photograph, other = (str(path) for path in sorted((world / "CUHK-PEDES/imgs").glob("*/0040_*.jpg"))[:2])
with (world / "people.csv").open() as rows:
    in_gallery = len(list(csv.DictReader(rows)))
SENTENCE = "a woman in a red coat with a black backpack"


def png(height, width, row, transparent=False):
    """A PNG file; `row` gives the red, green and blue bytes of a row. A transparent one has no opacity anywhere."""

    def line(number):
        colours = row(number)
        if not transparent:
            return b"\0" + colours
        pixels = (colours[at : at + 3] + b"\0" for at in range(0, len(colours), 3))
        return b"\0" + b"".join(pixels)

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 6 if transparent else 2, 0, 0, 0)
    data = zlib.compress(b"".join(line(number) for number in range(height)), 1)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def write(browser, text):
    field = browser.one("#text")
    field.clear()
    field.send_keys(text)
    browser.settled()


def draw_line(browser, points):
    chain = ActionChains(browser.driver, duration=20)
    paper = browser.one("#paper")
    browser.run("arguments[0].scrollIntoView({block: 'center'})", paper)
    first, *rest = points
    chain.move_to_element_with_offset(paper, *first).click_and_hold()
    for point in rest:
        chain.move_to_element_with_offset(paper, *point)
    chain.release().perform()


def drawn(browser, isOpen=False):
    """A person in a red coat, drawn with a pointer."""
    if not isOpen:
        browser.one("#draw").click()
    browser.one("#colours button[title=red]").click()
    Select(browser.one("#pen")).select_by_visible_text("broad")
    for x in (-24, -12, 0, 12, 24):
        draw_line(browser, [(x, -90), (x, 30)])
    browser.one("#colours button[title=black]").click()
    draw_line(browser, [(-12, 40), (-12, 150)])
    draw_line(browser, [(12, 40), (12, 150)])
    draw_line(browser, [(-10, -140), (10, -140), (10, -115), (-10, -115), (-10, -140)])
    browser.picture(pictures / "drawing.png")
    parts = len(browser.all("#parts li"))
    browser.one("#use").click()
    browser.wait("the drawing", lambda: len(browser.all("#parts li")) > parts)
    browser.settled()


def desktop(server):
    browser = Browser(downloads)
    browser.open(server.url)
    browser.step("the gallery is named, and what the model was trained on")
    assert f"{in_gallery} pictures" in browser.text("#gallery"), browser.text("#gallery")
    assert "rendered people only" in browser.text("#trained")
    browser.picture(pictures / "start.png")
    audit(browser, axe)

    browser.step("typing searches; the list is that of the API")
    write(browser, SENTENCE)
    expected = server.search({"text": SENTENCE, "top": 60, "group_by": "identity"})["results"]
    people = [hit["identity"] for hit in expected]
    assert len(people) == len(set(people)) == 60
    shown = [card.find_element(By.TAG_NAME, "h3").text for card in browser.all(".card")]
    assert shown == [f"Person {name}" for name in people], shown[:3]
    assert "same person" in browser.text(".card .score"), "calibrated for sentences"
    about = json.loads(subprocess.check_output([program, "gallery", "info", str(gallery), "--json"]))
    error = 100 * about["calibrations"]["text"]["expected_calibration_error"]
    assert f"Expected calibration error: {error:.1f} %" in browser.text("#calibration"), browser.text("#calibration")
    assert "for queries of this kind (sentence)" in browser.text("#calibration"), browser.text("#calibration")
    # Further pictures of a person, and how many there are in the gallery.
    best = people[0]
    with (world / "people.csv").open() as rows:
        of_best = sum(row["identity"] == best for row in csv.DictReader(rows))
    assert of_best > 1
    browser.wait("further pictures", lambda: f"and {of_best - 1} more" in browser.text(".card .others"))
    assert len(browser.all(".card:first-child .more img")) == of_best - 1
    assert f"{len(people)} people" in browser.text("#status"), browser.text("#status")
    browser.wait("thumbnails", lambda: browser.run("return [...document.querySelectorAll('.card .picture img')].slice(0, 4).every((i) => i.naturalWidth > 0)"))
    typed = browser.rows()
    browser.whole_picture(pictures / "sentence.png", 1280)

    browser.step("drawing adds a part, and the list moves")
    drawn(browser)
    assert len(browser.all("#parts li")) == 2
    assert browser.rows() != typed and browser.all(".move.up, .move.down")

    browser.step("the same query again keeps the arrows, and what is typed is searched for once")
    moves = [move.text for move in browser.all(".move")]
    browser.one("#search").click()
    browser.settled()
    assert [move.text for move in browser.all(".move")] == moves
    browser.run("performance.clearResourceTimings()")
    browser.one("#text").send_keys(" ")
    browser.one("#search").click()
    browser.settled()
    searches = browser.run("return performance.getEntriesByType('resource').filter((entry) => entry.name.endsWith('/api/search')).length")
    assert searches == 1, searches
    assert [move.text for move in browser.all(".move")] == moves, "a blank changes nothing"

    browser.step("a photograph is chosen, and can be marked as infrared")
    browser.one("#file").send_keys(photograph)
    browser.wait("three parts", lambda: len(browser.all("#parts li")) == 3)
    browser.settled()
    photographed = browser.rows()
    kind = [s for s in browser.all("#parts select") if s.get_attribute("value") == "rgb"][0]
    Select(kind).select_by_value("infrared")
    browser.settled()
    assert browser.one('#parts input[aria-label="Use the infrared picture"]').is_selected()
    kind = [s for s in browser.all("#parts select") if s.get_attribute("value") == "infrared"][0]
    Select(kind).select_by_value("rgb")
    browser.settled()
    assert browser.rows() == photographed

    browser.step("each part can be left out and removed")
    browser.one('#parts input[aria-label="Use the colour drawing"]').click()
    browser.settled()
    without = browser.rows()
    assert without != photographed
    browser.one('#parts input[aria-label="Use the colour drawing"]').click()
    browser.settled()
    assert browser.rows() == photographed

    browser.step("a sentence that is left out is no part of the link")
    linked = browser.driver.current_url
    assert "#text=" in linked, linked
    for holds in (False, True):
        browser.one('#parts input[aria-label="Use the sentence"]').click()
        browser.settled()
        assert ("text=" in browser.driver.current_url) == holds, browser.driver.current_url
    assert browser.driver.current_url == linked and browser.rows() == photographed

    browser.step("the parts are compared side by side")
    browser.one("#sides").click()
    browser.wait("columns", lambda: len(browser.all("#columns > div")) == 4)
    headings = [heading.text for heading in browser.all("#columns h3")]
    assert "Sentence alone" in headings and "Photograph alone" in headings, headings
    browser.whole_picture(pictures / "parts.png", 1280)
    audit(browser, axe)
    browser.one("#sides").click()
    browser.one('#parts button[aria-label="Remove the colour drawing"]').click()
    browser.settled()
    assert browser.rows() == without and len(browser.all("#parts li")) == 2

    browser.step("filters choose cameras, and the count says so")
    browser.one("#filters summary").click()
    box = browser.one("#filter-fields .check input")
    camera = box.find_element(By.XPATH, "..").text.rsplit(" (", 1)[0]
    box.click()
    browser.settled()
    places = {dd.text for dd in browser.all(".card dl dt + dd")}
    facts = browser.run("return [...document.querySelectorAll('.card dt')].filter((d) => d.textContent === 'camera').map((d) => d.nextSibling.textContent)")
    assert facts and set(facts) == {camera}, (camera, places)
    assert "1 in use" in browser.text("#filter-count")
    browser.picture(pictures / "filter.png")
    mode = browser.one("#filter-fields fieldset select")
    mode.send_keys("all but")
    browser.settled()
    facts = browser.run("return [...document.querySelectorAll('.card dt')].filter((d) => d.textContent === 'camera').map((d) => d.nextSibling.textContent)")
    assert facts and camera not in facts, "not this camera"
    assert "not-camera=" in browser.driver.current_url
    Select(mode).select_by_index(0)
    browser.one("#filter-fields .check input").send_keys(" ")
    browser.settled()
    assert "in use" not in browser.text("#filter-count")

    browser.step("the probability is a filter where the parts are calibrated, and only there")
    threshold = browser.one("[name=threshold]")
    threshold.send_keys("50")
    browser.settled()
    assert browser.focused("e.id") == threshold.get_attribute("id")
    assert "1 in use" in browser.text("#filter-count")
    others = browser.run("""return [...document.querySelectorAll(".card")]
        .map((card) => [card.querySelector(".others p")?.textContent ?? "and 0 more", card.querySelectorAll(".more img").length])""")
    for text, images in others:
        assert int(text.split()[1]) == images or images == 6, others
    shown = [text.text for text in browser.all(".card .score")]
    assert all(text.startswith(("5", "6", "7", "8", "9", "> 99")) for text in shown), shown
    kind = [s for s in browser.all("#parts select") if s.get_attribute("value") == "rgb"][0]
    Select(kind).select_by_value("infrared")
    browser.settled()
    assert browser.focused("e.value") == "infrared", "the field keeps the focus"
    assert "not calibrated for this mix (infrared picture + sentence)" in browser.text("#calibration"), browser.text("#calibration")
    assert "50 % is not in use" in browser.text("#filter-fields"), browser.text("#filter-fields")
    assert len(browser.all(".card")) == 60 and "in use" not in browser.text("#filter-count")
    browser.picture(pictures / "mix.png")
    kind = [s for s in browser.all("#parts select") if s.get_attribute("value") == "infrared"][0]
    Select(kind).select_by_value("rgb")
    browser.settled()
    assert "1 in use" in browser.text("#filter-count")
    Select(browser.one("[name=threshold]")).select_by_index(0)
    browser.settled()

    browser.step("a question that fails takes nothing from the list", ["ERR_BLOCKED_BY_CLIENT"])
    rows = browser.rows()
    browser.block("*/api/question", "*/api/further")
    browser.one("#search").click()
    browser.settled()
    assert browser.rows() == rows and rows
    assert "failed. The server does not answer" in browser.text("#note"), browser.text("#note")
    browser.picture(pictures / "failed-question.png")
    browser.block()
    browser.one("#search").click()
    browser.settled()
    assert not browser.one("#note").is_displayed()

    browser.step("likes and unlikes refine, and are taken back")
    before = browser.rows()
    liked = before[1]
    browser.one(f'.card button[aria-label="Like row {liked}"]').send_keys(Keys.ENTER)
    browser.settled()
    assert liked not in browser.rows()
    assert browser.focused("e.ariaLabel") == f"Like row {browser.rows()[1]}", browser.focused()
    assert "not calibrated for likes" in browser.text("#calibration"), browser.text("#calibration")
    assert "same person" not in browser.text(".card .score"), "no probability with likes"
    assert browser.one(f'#named button[aria-label="Take row {liked} back"]')
    browser.one(f'.card button[aria-label="Unlike row {browser.rows()[0]}"]').send_keys(Keys.ENTER)
    browser.settled()
    assert len(browser.all("#named button")) == 2
    assert browser.focused("e.ariaLabel") == f"Unlike row {browser.rows()[0]}", browser.focused()
    for left in (1, 0):
        browser.one("#named button").send_keys(Keys.ENTER)
        browser.settled()
        assert len(browser.all("#named button")) == left
        focused = browser.focused("e.closest('#named') ? 'named' : e.id")
        assert focused == ("named" if left else "results"), browser.focused()
    assert browser.rows() == before

    browser.step("the question that helps most is answered, and the answer is taken back")
    browser.wait("a question", lambda: browser.one("#question").is_displayed())
    words = browser.text("#question strong")
    browser.picture(pictures / "question.png")
    [b for b in browser.all("#question button") if b.text == "Yes"][0].send_keys(Keys.ENTER)
    browser.settled()
    assert browser.text("#named button") == f"{words}: yes ✕", browser.text("#named")
    # The focus is on the next question, or on the results if there is none.
    asked = browser.one("#question").is_displayed()
    assert browser.focused("e.closest('#question') ? 'question' : e.id") == ("question" if asked else "results"), browser.focused()
    browser.one("#named button").send_keys(Keys.ENTER)
    browser.settled()
    assert browser.focused("e.id") == "results", browser.focused()
    assert browser.rows() == before and not browser.all("#named button")

    browser.step("lists are exported")
    browser.one("#json").click()
    browser.one("#csv").click()
    files = [downloads / "results.json", downloads / "results.csv"]
    browser.wait("files", lambda: all(file.exists() for file in files))
    time.sleep(0.3)
    exported = json.loads(files[0].read_text())
    lines = list(csv.DictReader(files[1].open()))
    assert [hit["row"] for hit in exported["results"]] == [int(line["row"]) for line in lines] == browser.rows()

    browser.step("a file that is no picture is refused with a message", ["400"])
    wrong = downloads / "wrong.jpg"
    wrong.write_text("no picture")
    browser.one("#file").send_keys(str(wrong))
    browser.settled()
    assert "pictures.rgb" in browser.text("#status"), browser.text("#status")
    browser.one("#clear").click()
    browser.settled()
    assert "Nothing is asked yet" in browser.text("#list")

    browser.step("a photograph is pasted or dropped as if it had been chosen")
    browser.one("#file").send_keys(photograph)
    browser.wait("a part", lambda: browser.all("#parts li"))
    browser.settled()
    chosen = browser.rows()
    for event in ("paste", "drop"):
        browser.one("#clear").click()
        browser.settled()
        assert not browser.rows()
        browser.hand_over(event, photograph)
        browser.wait(event, lambda: browser.all("#parts li"))
        browser.settled()
        assert browser.rows() == chosen, event
        assert Path(photograph).name in browser.text("#parts"), browser.text("#parts")
    assert "over" not in browser.one("#drop").get_attribute("class").split()
    browser.hand_over("drop", photograph)
    browser.wait("what is replaced is named", lambda: f"Left out: {Path(photograph).name}" in browser.text("#note"))
    browser.settled()
    assert browser.rows() == chosen and len(browser.all("#parts li")) == 1
    browser.one("#link").click()
    browser.wait("the link is copied or named", lambda: "link" in browser.text("#status"))
    assert "Pictures are not part of it" in browser.text("#status"), browser.text("#status")
    browser.one("#clear").click()
    browser.settled()

    browser.step("words that are dragged into the sentence are left to the browser")
    cancelled = browser.run("""const words = new DataTransfer();
        words.setData("text/plain", "a red coat");
        return ["dragover", "drop"].map((name) => {
          const event = new DragEvent(name, { bubbles: true, cancelable: true, dataTransfer: words });
          document.querySelector("#text").dispatchEvent(event);
          return event.defaultPrevented;
        });""")
    assert cancelled == [False, False], cancelled
    assert "over" not in browser.one("#drop").get_attribute("class").split()

    browser.step("of several files one is used, and the others are named")
    browser.hand_over("drop", photograph, other)
    browser.wait("a note", lambda: Path(other).name in browser.text("#note"))
    assert len(browser.all("#parts li")) == 1 and Path(photograph).name in browser.text("#parts")
    browser.one("#clear").click()
    browser.settled()

    browser.step("pictures that the server does not read are converted, and transparent pixels are white")
    gif = downloads / "dot.gif"
    gif.write_bytes(base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"))
    large = downloads / "large.png"
    large.write_bytes(png(1200, 800, lambda row: os.urandom(3 * 800), transparent=True))
    assert large.stat().st_size > 2 << 20
    for file in (gif, large):
        browser.hand_over("drop", file)
        browser.wait(file.name, lambda: file.name in browser.text("#parts"))
        browser.settled()
        assert browser.all(".card"), browser.text("#status")
        corner = browser.run("""const image = document.querySelector("#parts img");
            const canvas = document.createElement("canvas");
            [canvas.width, canvas.height] = [1, 1];
            canvas.getContext("2d").drawImage(image, 0, 0);
            return [...canvas.getContext("2d").getImageData(0, 0, 1, 1).data];""")
        assert corner == [255, 255, 255, 255], (file, corner)
    browser.one("#clear").click()
    browser.settled()

    browser.step("a picture that is unlike the training warns, and a rendered one does not")
    noise = downloads / "noise.png"
    noise.write_bytes(png(128, 64, lambda row: random.Random(row).randbytes(3 * 64)))
    for file, warns in ((photograph, False), (noise, True)):
        browser.hand_over("drop", file)
        browser.wait("the part", lambda: Path(file).name in browser.text("#parts"))
        browser.settled()
        assert browser.one("#novelty").is_displayed() == warns, file
    assert "photograph (" in browser.text("#novelty") and "Do not rely on this list" in browser.text("#novelty")
    assert not browser.one("#unlike").is_displayed(), "the gallery is rendered"
    browser.picture(pictures / "novelty.png")
    audit(browser, axe)
    browser.one("#clear").click()
    browser.settled()
    assert not browser.one("#novelty").is_displayed()

    browser.step("a part that comes while another one goes is not lost")
    drawn(browser, isOpen=True)
    browser.run("""window.removed = new MutationObserver(() => {});
        const files = arguments[0];
        window.dropped = new DataTransfer();
        window.dropped.items.add(new File([Uint8Array.from(atob(files), (c) => c.charCodeAt(0))], "photo.jpg", { type: "image/jpeg" }));
        document.body.dispatchEvent(new DragEvent("drop", { bubbles: true, cancelable: true, dataTransfer: window.dropped }));
        (async () => {
          for (let turn = 0; turn < 8; turn += 1) await null;
          document.querySelector('#parts button[aria-label="Remove the colour drawing"]').click();
        })();""", base64.b64encode(Path(photograph).read_bytes()).decode())
    browser.wait("the photograph", lambda: "photo.jpg" in browser.text("#parts"))
    browser.settled()
    assert len(browser.all("#parts li")) == 1 and browser.rows() == chosen
    browser.one("#clear").click()
    browser.settled()

    browser.step("the link leads a second window to the same list, and both work at once")
    write(browser, "a man in a blue shirt")
    link, rows = browser.driver.current_url, browser.rows()
    browser.driver.switch_to.new_window("window")
    browser.open(link)
    browser.settled()
    assert browser.rows() == rows and browser.one("#text").get_attribute("value") == "a man in a blue shirt"
    windows = browser.driver.window_handles
    for window, text in zip(windows, ("a green dress", "white trousers")):
        browser.driver.switch_to.window(window)
        browser.one("#text").clear()
        browser.one("#text").send_keys(text)
    for window, text in zip(windows, ("a green dress", "white trousers")):
        browser.driver.switch_to.window(window)
        browser.settled()
        best = server.search({"text": text, "top": 1})["results"][0]["row"]
        assert browser.rows()[0] == best, text
        browser.check_console()
    browser.driver.close()
    browser.driver.switch_to.window(windows[0])

    browser.step("a sentence of a link is used, also where the one before was left out")
    browser.one('#parts input[aria-label="Use the sentence"]').click()
    browser.settled()
    assert "Nothing is asked yet" in browser.text("#list")
    browser.run("location.hash = '#text=a+blue+hat'")
    browser.settled()
    assert browser.one('#parts input[aria-label="Use the sentence"]').is_selected()
    assert browser.rows()[0] == server.search({"text": "a blue hat", "top": 1})["results"][0]["row"]

    browser.step("a link asks for no list that the server refuses")
    for top, expected in (("5000", "1000"), ("-3", "60"), ("2.5", "2"), ("x", "60")):
        browser.open(f"{server.url}#text=a+red+coat&top={top}")
        browser.settled()
        assert browser.one("[name=top]").get_attribute("value") == expected, top
        assert browser.rows(), browser.text("#status")
    browser.run("location.hash = '#text=a+red+coat&top=7000'")
    browser.settled()
    assert browser.one("[name=top]").get_attribute("value") == "1000"
    assert browser.rows(), browser.text("#status")

    browser.step("where no picture is probable enough, the page does not say that filters let none pass")
    browser.open(f"{server.url}#text=a+red+coat&threshold=1")
    browser.settled()
    assert not browser.rows()
    assert browser.text("#status") == "No picture reaches a probability of 100 %.", browser.text("#status")
    assert "lower probability" in browser.text("#list"), browser.text("#list")

    browser.step("what is typed before the gallery is read is grouped by person", ["ERR_BLOCKED_BY_CLIENT"])
    browser.block("*/api/gallery")
    browser.open(server.url)
    assert "cannot be shown" in browser.text("#gallery"), browser.text("#gallery")
    write(browser, "a red coat")
    assert browser.driver.current_url.endswith("#text=a+red+coat"), browser.driver.current_url
    browser.block()
    browser.one(".empty button").click()
    browser.wait("cards", lambda: browser.all(".card"))
    browser.settled()
    assert "The nearest 60 people" in browser.text("#status"), browser.text("#status")
    assert browser.one("[name=group]").get_attribute("value") == "identity"
    assert browser.one("#text").get_attribute("value") == "a red coat"

    browser.step("a search needs the keyboard alone")
    browser.open(server.url)
    browser.run("document.activeElement.blur()")
    keys = ActionChains(browser.driver)
    keys.send_keys(Keys.TAB).perform()
    assert browser.driver.switch_to.active_element.text.startswith("Skip")
    keys.send_keys(Keys.TAB, "a red coat", Keys.ENTER).perform()
    browser.wait("cards", lambda: browser.all(".card"))
    typed = browser.rows()
    keys.send_keys(Keys.TAB * 2, Keys.ENTER).perform()
    assert browser.driver.switch_to.active_element.get_attribute("id") in ("paper", "draw")
    browser.one("#paper").send_keys(" ", *[Keys.ARROW_DOWN] * 20, " ")
    browser.one("#use").send_keys(Keys.ENTER)
    browser.wait("a sketch", lambda: browser.all('#parts input[aria-label="Use the sketch"]'))
    browser.settled()
    assert browser.rows() != typed
    browser.check_console()

    browser.step("skipping to the results keeps the query")
    rows, link = browser.rows(), browser.driver.current_url
    browser.run("document.querySelector('.skip').focus()")
    ActionChains(browser.driver).send_keys(Keys.ENTER).perform()
    browser.settled()
    assert browser.focused("e.id") == "results", browser.focused()
    assert browser.one("#text").get_attribute("value") == "a red coat"
    assert browser.rows() == rows and len(browser.all("#parts li")) == 2
    assert browser.driver.current_url == link, browser.driver.current_url

    browser.step("files, filters and likes need the keyboard alone")
    browser.open(f"{server.url}#text=a+red+coat")
    browser.settled()
    browser.one("#text").click()
    browser.run("document.getElementById('file').addEventListener('click', (event) => { event.preventDefault(); window.chooser = true; }, { once: true })")
    keys = ActionChains(browser.driver)
    keys.send_keys(Keys.TAB).perform()
    assert browser.focused("e.id") == "file"
    outline = browser.run("return getComputedStyle(document.querySelector('label[for=file]')).outlineStyle")
    assert outline == "solid", "the focus on the choice of a file is seen"
    keys = ActionChains(browser.driver)
    keys.send_keys(" ").perform()
    assert browser.run("return window.chooser === true"), "the space bar opens the choice of a file"

    def reach(selector, back=False):
        for _ in range(400):
            if browser.run("return document.activeElement.matches(arguments[0])", selector):
                return
            chain = ActionChains(browser.driver)
            (chain.key_down(Keys.SHIFT).send_keys(Keys.TAB).key_up(Keys.SHIFT) if back else chain.send_keys(Keys.TAB)).perform()
        raise AssertionError(f"{selector} is not reached with the keyboard")

    def press(*wanted):
        ActionChains(browser.driver).send_keys(*wanted).perform()
        browser.settled()

    reach("#filters summary")
    press(Keys.ENTER)
    reach("#filter-fields .options input")
    press(" ")
    assert "1 in use" in browser.text("#filter-count")
    press(" ")
    reach("[name=group]")
    press(Keys.ARROW_UP)
    assert browser.one("[name=group]").get_attribute("value") != "identity"
    press(Keys.ARROW_DOWN)
    best = browser.rows()[0]
    reach('.card [data-vote="like"]')
    press(Keys.ENTER)
    assert browser.all(f'#named button[aria-label="Take row {best} back"]')
    assert browser.focused("e.dataset.vote") == "like"
    reach("#named button", back=True)
    press(Keys.ENTER)
    assert not browser.all("#named button") and browser.rows()[0] == best

    browser.step("dark colours")
    browser.dark(True)
    browser.whole_picture(pictures / "dark.png", 1280)
    audit(browser, axe)
    browser.dark(False)

    browser.step("a server that stops is named, and found again", ["ERR_CONNECTION_REFUSED"])
    address = server.address
    assert server.stop() == 0
    write(browser, "a blue hat")
    assert "does not answer" in browser.text("#status"), browser.text("#status")
    browser.picture(pictures / "stopped.png")
    server.start(address)
    browser.one(".empty button").click()
    browser.wait("cards", lambda: browser.all(".card"))
    browser.settled()
    browser.check_console()
    browser.driver.quit()


def phone(server):
    browser = Browser(downloads, width=390, height=844)
    browser.open(server.url)
    browser.step("at the width of a phone nothing is cut off")
    write(browser, SENTENCE)
    browser.one("#draw").click()
    width = browser.run("return [document.documentElement.scrollWidth, window.innerWidth]")
    assert width[0] <= width[1], width
    browser.whole_picture(pictures / "phone.png", 390)
    audit(browser, axe)
    browser.step("two fingers draw two lines")
    paper = browser.one("#paper")
    browser.run("arguments[0].scrollIntoView({block: 'center'})", paper)
    left, top, width, height = browser.run("const box = arguments[0].getBoundingClientRect(); return [box.left, box.top, box.width, box.height]", paper)

    def touch(kind, *points):
        points = [{"x": left + width * x, "y": top + height * y, "id": finger} for finger, (x, y) in enumerate(points)]
        browser.driver.execute_cdp_cmd("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    touch("touchStart", (0.2, 0.2), (0.8, 0.2))
    for tenths in range(3, 9):
        touch("touchMove", (0.2, tenths / 10), (0.8, tenths / 10))
    touch("touchEnd")
    # The pen of the keyboard goes with the focus.
    browser.run("document.activeElement.blur()")
    ink = browser.run("""const { width, height } = arguments[0];
        const { data } = arguments[0].getContext("2d").getImageData(0, 0, width, height);
        const reds = (column) => Array.from({ length: height }, (_, row) => data[4 * (row * width + column)]);
        return [0.2, 0.5, 0.8].map((share) => reds(Math.round(share * width)).filter((red) => red < 128).length);""", paper)
    assert ink[0] > 100 and ink[1] == 0 and ink[2] > 100, ink
    browser.check_console()
    browser.driver.quit()


HOSTILE = '<img src=x onerror="document.title=\'taken\'"><script>document.title="taken"</script>'


def hostile():
    folder = Path(tempfile.mkdtemp(dir=scratch.name))
    quoted = '"' + HOSTILE.replace('"', '""') + '"'
    rows = "".join(f"{photograph},{quoted},{quoted},{quoted},{quoted}{number}\n" for number in range(1))
    (folder / "list.csv").write_text("path,identity,camera,caption,note\n" + rows)
    subprocess.run([program, "--quiet", "gallery", "create", str(folder / "people"), "--list", str(folder / "list.csv")], check=True)
    token = folder / "token"
    token.write_text("a+token+of-one's-own\n")
    server = Server(program, folder / "people", "--token-file", str(token))
    browser = Browser(downloads)
    browser.step("a token is asked for, and kept out of the address", ["401"])
    browser.open(server.url)
    assert browser.one("#key").is_displayed()
    browser.picture(pictures / "token.png")
    browser.run("document.getElementById('status').textContent = ''")
    browser.one("#token").send_keys(f"\u201c{token.read_text().strip()}\u201d", Keys.ENTER)
    browser.wait("its refusal", lambda: "The token is missing or wrong" in browser.text("#status"))
    browser.one("#token").clear()
    browser.one("#token").send_keys(token.read_text().strip(), Keys.ENTER)
    browser.wait("the gallery", lambda: "1 picture," in browser.text("#gallery"))
    browser.open(f"{server.url}#token={token.read_text().strip()}&text=x")
    browser.wait("a card", lambda: browser.all(".card"))
    assert "token" not in browser.driver.current_url
    browser.step("a picture that could not be loaded with the token comes with the next list", ["ERR_BLOCKED_BY_CLIENT"])
    browser.settled()
    browser.block("*/thumbnail")
    browser.open(f"{server.url}#text=y")
    browser.wait("words in its place", lambda: browser.all(".card .picture .words"))
    browser.settled()
    browser.block()
    browser.one("#search").click()
    browser.settled()
    browser.wait("the picture", lambda: browser.run("return document.querySelector('.card .picture img').naturalWidth > 0"))

    browser.step("however many pictures are loaded with the token, all are shown, and their addresses are given back")
    browser.run("""const canvas = document.createElement("canvas");
        [canvas.width, canvas.height] = [4, 8];
        const [{ fetch }, { createObjectURL, revokeObjectURL }] = [window, URL];
        window.shown = new Set();
        URL.createObjectURL = (blob) => {
          const url = createObjectURL(blob);
          window.shown.add(url);
          return url;
        };
        URL.revokeObjectURL = (url) => {
          window.shown.delete(url);
          revokeObjectURL(url);
        };
        // Far below what is seen, as the end of a long list is.
        const place = document.createElement("div");
        place.id = "many";
        place.style.marginTop = "20000px";
        document.body.append(place);
        canvas.toBlob(async (blob) => {
          window.fetch = async (path, ...more) => (path.endsWith("/thumbnail") ? new Response(blob) : fetch(path, ...more));
          const { thumbnail } = await import("/api.js");
          for (let row = 1000; row < 1600; row += 1) place.append(thumbnail(row, ""));
        });""")
    browser.wait("images", lambda: len(browser.all("#many img")) == 600)
    time.sleep(0.5)
    browser.run("document.querySelector('#many').scrollIntoView()")
    loaded = "return [...document.querySelectorAll('#many img')].filter((image) => image.naturalWidth > 0).length"
    browser.wait("600 pictures", lambda: browser.run(loaded) == 600, seconds=20)
    browser.wait("the addresses", lambda: browser.run("return window.shown.size") == 0, seconds=5)

    browser.step("names, captions and columns stay text")
    browser.open(f"{server.url}#text=x")
    browser.wait("a card", lambda: browser.all(".card"))
    browser.settled()
    assert browser.driver.title == "AIO: search for a person"
    assert not browser.all("#list script") and not browser.all("#list img[src=x]")
    assert HOSTILE in browser.text(".card .caption")
    browser.wait("the picture", lambda: browser.run("return document.querySelector('.card .picture img').naturalWidth > 0"))
    browser.one("#filters summary").click()
    browser.picture(pictures / "hostile.png")
    browser.check_console()
    browser.driver.quit()
    server.stop()


def growing():
    """A gallery that is empty when the page is opened, and changes while it is open."""
    folder = Path(tempfile.mkdtemp(dir=scratch.name))
    rows = ["path,identity,camera,time,этаж,цвет,шарф,вид"]
    for number in range(6):
        colour = bytes([40 * number, 200, 90])
        (folder / f"{number}.png").write_bytes(png(16, 8, lambda _: colour * 8))
        rows.append(f"{number}.png,person-{number // 2},gate-{number % 2},2026-11-2{number},{'верх' if number < 3 else 'низ'},{'синий' if number < 2 else 'белый'},{'да' if number > 3 else ''},одно")
    (folder / "list.csv").write_text("\n".join(rows) + "\n")
    people = str(folder / "people")

    def change(*arguments):
        subprocess.run([program, "--quiet", "gallery", *arguments], check=True, stdout=subprocess.DEVNULL)

    change("create", people)
    server = Server(program, people)
    browser = Browser(downloads)
    browser.open(server.url)
    browser.step("what is added to an empty gallery is found, grouped and filtered")
    assert "This gallery is empty" in browser.text("#list") and "0 pictures" in browser.text("#gallery")
    change("add", people, "--list", str(folder / "list.csv"))
    write(browser, "a red coat")
    assert "The nearest 3 people. 6 pictures were compared" in browser.text("#status"), browser.text("#status")
    assert "6 pictures," in browser.text("#gallery"), browser.text("#gallery")
    assert browser.one("[name=group]").get_attribute("value") == "identity"
    assert browser.driver.current_url.endswith("#text=a+red+coat"), browser.driver.current_url
    browser.one("#filters summary").click()
    assert len(browser.all("#filter-fields .options input")) == 2
    browser.step("groups of one column are not those of another, whatever their values")
    names = browser.run("return import('/results.js').then(({ nameOf }) => [nameOf({ row: 1, identity: '3' }, 'identity'), nameOf({ row: 2, camera: '3' }, 'camera')])")
    assert names[0] != names[1], names
    browser.step("columns in any script have fields of their own")
    fields = browser.run("return [...document.querySelectorAll('#filter-fields .field select')].map((field) => [field.id, [...field.labels].map((label) => label.textContent)])")
    labels = [labels for _, labels in fields]
    assert ["этаж"] in labels and ["цвет"] in labels and all(len(names) == 1 for names in labels), fields
    assert len({field for field, _ in fields}) == len(fields), fields
    browser.step("a column has a field if its values tell rows apart, also if some rows have none")
    assert ["шарф"] in labels and ["вид"] not in labels, fields
    scarf = next(field for field, names in fields if names == ["шарф"])
    for value, compared in (("да", 2), ("", 6)):
        Select(browser.one(f"#{scarf}")).select_by_value(value)
        browser.settled()
        assert f"{compared} pictures were compared" in browser.text("#status"), browser.text("#status")
    audit(browser, axe)
    browser.step("what was removed meanwhile is gone when the user comes back, and the focus stays")
    change("remove", people, "--row", "0")
    browser.one("[name=top]").send_keys(Keys.ARROW_UP)
    browser.settled()
    assert browser.focused("e.name") == "top", browser.focused()
    assert "5 pictures were compared" in browser.text("#status"), browser.text("#status")
    assert "5 pictures," in browser.text("#gallery"), browser.text("#gallery")
    browser.run("document.querySelector('.card [data-vote=like]').focus()")
    change("remove", people, "--row", "1")
    browser.run("window.dispatchEvent(new Event('focus'))")
    browser.wait("four pictures", lambda: "4 pictures," in browser.text("#gallery"))
    browser.wait("another list", lambda: "The nearest 2 people. 4 pictures were compared" in browser.text("#status"))
    browser.settled()
    assert browser.focused("e.closest('section')?.id") == "results", browser.focused()
    browser.step("what is typed into a filter survives a change of the gallery")
    browser.one("[name=after]").send_keys("2026-11-2")
    change("remove", people, "--row", "2")
    browser.run("window.dispatchEvent(new Event('focus'))")
    browser.wait("three pictures", lambda: "3 pictures," in browser.text("#gallery"))
    browser.settled()
    assert browser.focused("e.name") == "after" and browser.focused("e.value") == "2026-11-2"
    ActionChains(browser.driver).send_keys("4", Keys.ENTER).perform()
    browser.settled()
    assert "The nearest 1 person. 2 pictures were compared" in browser.text("#status"), browser.text("#status")
    assert browser.focused("e.name") == "after" and browser.focused("e.value") == "2026-11-24"
    assert "gate-0 (1)" in browser.text("#filter-fields"), "the fields are those of the gallery by then"
    browser.step("starting again looks at the gallery, too")
    change("remove", people, *(f"--row={row}" for row in range(3, 6)))
    browser.one("#clear").click()
    browser.wait("an empty gallery", lambda: "This gallery is empty" in browser.text("#list"))
    assert "0 pictures" in browser.text("#gallery"), browser.text("#gallery")
    browser.check_console()
    browser.driver.quit()
    server.stop()


def crowd():
    """A gallery of 105 pictures and cameras: 100 pictures of one person, and one each of five others."""
    folder = Path(tempfile.mkdtemp(dir=scratch.name))
    rows = ["path,identity,camera,time"]
    for number in range(105):
        colour = bytes([40 + number, 200 - number, 90 + number % 7])
        (folder / f"{number:03}.png").write_bytes(png(16, 8, lambda _: colour * 8))
        identity = "same" if number < 100 else f"other-{number}"
        rows.append(f"{number:03}.png,{identity},camera-{number:03},2026-11-28T06:41:{number % 60:02}Z")
    (folder / "list.csv").write_text("\n".join(rows) + "\n")
    subprocess.run([program, "--quiet", "gallery", "create", str(folder / "people"), "--list", str(folder / "list.csv")], check=True)
    server = Server(program, folder / "people")
    browser = Browser(downloads)
    browser.open(server.url)
    browser.step("every person of the gallery is a result, however many pictures of another one are nearer")
    browser.one("#file").send_keys(str(folder / "000.png"))
    browser.wait("six people", lambda: len(browser.all(".card")) == 6)
    browser.settled()
    assert "The nearest 6 people. 105 pictures were compared" in browser.text("#status"), browser.text("#status")
    same = [card.text for card in browser.all(".card") if "Person same" in card.text]
    assert len(same) == 1 and "and 99 more" in same[0], same
    assert len(browser.all(".card .more img")) == 6
    assert "time (UTC)" in browser.text(".card dl")
    assert not browser.one("#calibration").is_displayed(), "nothing is calibrated"
    browser.picture(pictures / "people.png")
    browser.step("of many cameras one is chosen by its name")
    browser.one("#filters summary").send_keys(Keys.ENTER)
    assert "Not before (UTC)" in browser.text("#filter-fields")
    field = browser.one("#filter-camera")
    assert len(browser.all("#filter-camera-names option")) == 105
    field.send_keys("camera-1", Keys.ENTER)
    browser.settled()
    assert "There is no camera" in browser.text("#filter-fields") and len(browser.all(".card")) == 6
    field.clear()
    field.send_keys("camera-103", Keys.ENTER)
    browser.settled()
    assert browser.rows() == [103] and browser.focused("e.id") == "filter-camera"
    assert "1 in use" in browser.text("#filter-count")
    audit(browser, axe)
    browser.picture(pictures / "cameras.png")
    browser.one("#filter-fields fieldset select").send_keys("all but")
    browser.settled()
    assert len(browser.all(".card")) == 5 and 103 not in browser.rows()
    browser.one('#filter-fields .chips button[aria-label="Take the camera camera-103 back"]').send_keys(Keys.ENTER)
    browser.settled()
    assert len(browser.all(".card")) == 6 and browser.focused("e.id") == "filter-camera"
    browser.step("filters of a link have fields, in which they are taken back")
    browser.open(f"{server.url}#text=x&camera=camera-101&camera=camera-102&is.identity=other-102&is.crop=1,2,3,4")
    browser.settled()
    assert "3 in use" in browser.text("#filter-count") and not browser.rows(), browser.rows()
    browser.one("#filters summary").click()
    assert len(browser.all("#filter-fields .chips button")) == 2
    field = browser.one('[name="is.crop"]')
    assert field.get_attribute("value") == "1,2,3,4"
    field.clear()
    field.send_keys(Keys.ENTER)
    browser.settled()
    assert browser.rows() == [102]
    field = browser.one('[name="is.identity"]')
    assert field.get_attribute("value") == "other-102"
    Select(field).select_by_index(0)
    browser.settled()
    assert sorted(browser.rows()) == [101, 102] and "1 in use" in browser.text("#filter-count")
    browser.check_console()
    browser.driver.quit()
    server.stop()


server = Server(program, gallery)
desktop(server)
phone(server)
server.stop()
crowd()
growing()
hostile()
print(f"the page works; screenshots are in {pictures}")
