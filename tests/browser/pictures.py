"""Make the pictures of the README from the demo, each page as it opens: python tests/browser/pictures.py"""

from __future__ import annotations

import io
from pathlib import Path
import sys
import tempfile

from PIL import Image
from playwright.sync_api import Browser, sync_playwright

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from tests.app.comparable import stock  # noqa: E402
from tests.browser import chromium  # noqa: E402
from tests.browser.conftest import FLAGS  # noqa: E402
from tests.browser.visit import Visit  # noqa: E402
from tests.serving import any_free_port, served  # noqa: E402

FOLDER = ROOT / "docs" / "pictures"
SIZE = {"width": 1280, "height": 860}
SCALE = 1.5  # of the screen they are made for
COLOURS = 192  # of a picture: a page is ink and a few data colours
# Name of the picture -> the address it is taken at and the theme. What needs a choice has it in the address.
PICTURES = {
    "overview": ("/", "light"),
    "recommend": ("/recommend", "light"),
    "explain": ("/explain", "light"),
    "profile-lab": ("/lab?p=374-429-340-284-469", "light"),
    "maps": ("/maps", "dark"),
    "film": ("/film", "light"),
    "quality": ("/quality", "light"),
    "explanation-quality": ("/fidelity", "light"),
    "data": ("/data", "light"),
    "compare": ("/compare?c=demo&b=ease&u=7", "light"),
    "paper": ("/paper?c=demo&pd=ml-1m", "light"),
    "diagnostics": ("/diagnostics", "light"),
}


def take(browser: Browser, url: str, address: str, theme: str) -> bytes:
    """A picture of the upper part of a page, as PNG."""
    context = browser.new_context(color_scheme=theme, viewport=SIZE, device_scale_factor=SCALE, reduced_motion="reduce")
    visit = Visit(context.new_page(), url, theme).open(address)
    visit.page.wait_for_timeout(500)  # a first run may not know the theme yet
    visit.settle()
    if visit.faults:
        raise SystemExit("\n".join(visit.faults))
    taken = visit.page.screenshot()
    context.close()
    return taken


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as home, sync_playwright() as playwright:
        environment = {"HOME": home, "VASP_LENS_HOME": str(stock(Path(home) / "home"))}
        words = ("app", "demo", "ease", "--no-browser", "--port", str(any_free_port()))
        with served(*words, cwd=Path(home), **environment) as running:
            browser = playwright.chromium.launch(executable_path=chromium.find(), args=FLAGS)
            for name, (address, theme) in PICTURES.items():
                picture = Image.open(io.BytesIO(take(browser, running.url, address, theme))).convert("RGB")
                path = FOLDER / f"{name}.png"
                small = picture.quantize(COLOURS, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
                small.save(path, optimize=True)
                print(f"{path.relative_to(ROOT)}: {path.stat().st_size // 1024} KB")
            browser.close()


if __name__ == "__main__":
    main()
