"""Looks at the page of `aio serve` as a user does: scripts/browser/test.sh calls it."""

import csv
import json
import sys
import tempfile
import time
from pathlib import Path

from harness import Browser, Server, audit
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select

program, gallery, world, tools = sys.argv[1], *(Path(text).resolve() for text in sys.argv[2:5])
pictures = tools / "pictures"
axe = tools / "node_modules/axe-core/axe.min.js"
downloads = Path(tempfile.mkdtemp())
photograph = str(sorted((world / "CUHK-PEDES/imgs").glob("*/0040_*.jpg"))[0])
with (world / "people.csv").open() as rows:
    in_gallery = len(list(csv.DictReader(rows)))
SENTENCE = "a woman in a red coat with a black backpack"


def step(name):
    print(f"  {name}", flush=True)


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


def drawn(browser):
    """A person in a red coat, drawn with a pointer."""
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
    step("the gallery is named, and what the model was trained on")
    assert f"{in_gallery} pictures" in browser.text("#gallery"), browser.text("#gallery")
    assert "rendered people only" in browser.text("#trained")
    browser.picture(pictures / "start.png")
    audit(browser, axe)

    step("typing searches; the list is that of the API")
    write(browser, SENTENCE)
    expected = server.search({"text": SENTENCE, "top": 60})["results"]
    people = list(dict.fromkeys(hit["identity"] for hit in expected))
    shown = [card.find_element(By.TAG_NAME, "h3").text for card in browser.all(".card")]
    assert shown == [f"Person {name}" for name in people], shown[:3]
    assert "same person" in browser.text(".card .score"), "calibrated for sentences"
    assert f"{len(people)} people" in browser.text("#status"), browser.text("#status")
    browser.wait("thumbnails", lambda: browser.run("return [...document.querySelectorAll('.card .picture img')].slice(0, 4).every((i) => i.naturalWidth > 0)"))
    typed = browser.rows()
    browser.whole_picture(pictures / "sentence.png", 1280)

    step("drawing adds a part, and the list moves")
    drawn(browser)
    assert len(browser.all("#parts li")) == 2
    assert browser.rows() != typed and browser.all(".move.up, .move.down")

    step("a photograph is chosen, and can be marked as infrared")
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

    step("each part can be left out and removed")
    browser.one('#parts input[aria-label="Use the colour drawing"]').click()
    browser.settled()
    without = browser.rows()
    assert without != photographed
    browser.one('#parts input[aria-label="Use the colour drawing"]').click()
    browser.settled()
    assert browser.rows() == photographed

    step("the parts are compared side by side")
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

    step("filters choose cameras, and the count says so")
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
    browser.one("#filter-fields .check input").click()
    browser.settled()

    step("likes and unlikes refine, and are taken back")
    before = browser.rows()
    liked = before[1]
    browser.one(f'.card button[aria-label="Like row {liked}"]').click()
    browser.settled()
    assert liked not in browser.rows()
    assert browser.one(f'#named button[aria-label="Take row {liked} back"]')
    browser.one(f'.card button[aria-label="Unlike row {browser.rows()[0]}"]').click()
    browser.settled()
    assert len(browser.all("#named button")) == 2
    for _ in range(2):
        browser.one("#named button").click()
        browser.settled()
    assert browser.rows() == before

    step("the question that helps most is answered, and the answer is taken back")
    browser.wait("a question", lambda: browser.one("#question").is_displayed())
    words = browser.text("#question strong")
    browser.picture(pictures / "question.png")
    [b for b in browser.all("#question button") if b.text == "Yes"][0].click()
    browser.settled()
    assert browser.text("#named button") == f"{words}: yes ✕", browser.text("#named")
    browser.one("#named button").click()
    browser.settled()
    assert browser.rows() == before and not browser.all("#named button")

    step("lists are exported")
    browser.one("#json").click()
    browser.one("#csv").click()
    files = [downloads / "results.json", downloads / "results.csv"]
    browser.wait("files", lambda: all(file.exists() for file in files))
    time.sleep(0.3)
    exported = json.loads(files[0].read_text())
    lines = list(csv.DictReader(files[1].open()))
    assert [hit["row"] for hit in exported["results"]] == [int(line["row"]) for line in lines]

    step("a file that is no picture is refused with a message")
    wrong = downloads / "wrong.jpg"
    wrong.write_text("no picture")
    browser.one("#file").send_keys(str(wrong))
    browser.settled()
    assert "pictures.rgb" in browser.text("#status"), browser.text("#status")
    refusals = [entry for entry in browser.driver.get_log("browser") if "400" not in entry["message"]]
    assert not refusals, refusals
    browser.one("#clear").click()
    browser.settled()
    assert "Nothing is asked yet" in browser.text("#list")

    step("a photograph is pasted or dropped as if it had been chosen")
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
    browser.one("#clear").click()
    browser.settled()

    step("the link leads a second window to the same list, and both work at once")
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

    step("a search needs the keyboard alone")
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

    step("dark colours")
    browser.dark(True)
    browser.whole_picture(pictures / "dark.png", 1280)
    audit(browser, axe)
    browser.dark(False)

    step("a server that stops is named, and found again")
    address = server.address
    assert server.stop() == 0
    write(browser, "a blue hat")
    assert "does not answer" in browser.text("#status"), browser.text("#status")
    browser.picture(pictures / "stopped.png")
    server.start(address)
    browser.one(".empty button").click()
    browser.wait("cards", lambda: browser.all(".card"))
    browser.driver.quit()


def phone(server):
    browser = Browser(downloads, width=390, height=844)
    browser.open(server.url)
    step("at the width of a phone nothing is cut off")
    write(browser, SENTENCE)
    browser.one("#draw").click()
    width = browser.run("return [document.documentElement.scrollWidth, window.innerWidth]")
    assert width[0] <= width[1], width
    browser.whole_picture(pictures / "phone.png", 390)
    audit(browser, axe)
    browser.check_console()
    browser.driver.quit()


HOSTILE = '<img src=x onerror="document.title=\'taken\'"><script>document.title="taken"</script>'


def hostile():
    folder = Path(tempfile.mkdtemp())
    quoted = '"' + HOSTILE.replace('"', '""') + '"'
    rows = "".join(f"{photograph},{quoted},{quoted},{quoted},{quoted}{number}\n" for number in range(1))
    (folder / "list.csv").write_text("path,identity,camera,caption,note\n" + rows)
    import subprocess

    subprocess.run([program, "--quiet", "gallery", "create", str(folder / "people"), "--list", str(folder / "list.csv")], check=True)
    token = folder / "token"
    token.write_text("a-token-of-one's-own\n")
    server = Server(program, folder / "people", "--token-file", str(token))
    browser = Browser(downloads)
    browser.open(server.url)
    step("a token is asked for, and kept out of the address")
    assert browser.one("#key").is_displayed()
    browser.picture(pictures / "token.png")
    browser.one("#token").send_keys(token.read_text().strip(), Keys.ENTER)
    browser.wait("the gallery", lambda: "1 picture," in browser.text("#gallery"))
    [entry for entry in browser.driver.get_log("browser") if "401" not in entry["message"]]
    browser.open(f"{server.url}#token={token.read_text().strip()}&text=x")
    browser.wait("a card", lambda: browser.all(".card"))
    assert "token" not in browser.driver.current_url
    step("names, captions and columns stay text")
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


server = Server(program, gallery)
desktop(server)
phone(server)
server.stop()
hostile()
print(f"the page works; screenshots are in {pictures}")
