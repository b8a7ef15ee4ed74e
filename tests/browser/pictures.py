"""Pictures of screens beside their references: how much of them differs, and where."""

import os
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image
from playwright.async_api import Page

FOLDER = Path(__file__).parent
REFERENCES = FOLDER / "references"
DIFFERENCES = FOLDER / "differences"  # of the last run: what was seen where it differs, with the places marked
LETTERS = REFERENCES / "letters.txt"
IS_RENEWED = bool(os.environ.get("RENEW_REFERENCES"))

CHANNEL_DIFFERENCE_MAX = 24  # of 255; edges of letters and lines are smoothed a little differently from time to time
DIFFERING_SHARE_MAX = 0.001  # of all pixels: a line of text that moved is more
MARK = (255, 0, 180)

Pixels = npt.NDArray[np.int16]


async def difference(page: Page, name: str) -> str | None:
    """How the screen differs from its reference, in words; the reference itself, where they are renewed."""
    seen = DIFFERENCES / f"{name}.png"
    reference = REFERENCES / seen.name
    seen.parent.mkdir(exist_ok=True)
    target = reference if IS_RENEWED else seen
    await page.screenshot(path=target, animations="disabled", caret="hide")
    if IS_RENEWED:
        shrink(reference)
        return None
    told = compare(seen, reference)
    if told is None:
        seen.unlink()
    return told


def compare(seen: Path, reference: Path) -> str | None:
    if not reference.exists():
        return "there is no reference"
    one, other = read(seen), read(reference)
    if one.shape != other.shape:
        return f"it has another size: {one.shape[1]} x {one.shape[0]}"
    differs = np.abs(one - other).max(axis=2) > CHANNEL_DIFFERENCE_MAX
    if differs.mean() <= DIFFERING_SHARE_MAX:
        return None
    one[differs] = MARK
    Image.fromarray(one.astype(np.uint8)).save(seen)
    return f"{differs.mean():.2%} of its pixels differ, see {seen.relative_to(FOLDER.parent.parent)}"


def read(file: Path) -> Pixels:
    with Image.open(file) as image:
        return np.asarray(image.convert("RGB"), dtype=np.int16)


def shrink(file: Path) -> None:
    """Few colours stand on a screen: 256 of them differ from what was seen by less than is noticed."""
    with Image.open(file) as image:
        image.convert("RGB").quantize(256, dither=Image.Dither.NONE).save(file, optimize=True)


async def letters_of(page: Page, *selectors: str) -> str:
    """The fonts in which the system draws the first of each of these."""
    wire = await page.context.new_cdp_session(page)
    for domain in ("DOM", "CSS"):
        await wire.send(f"{domain}.enable")
    root = (await wire.send("DOM.getDocument"))["root"]["nodeId"]
    found = []
    for selector in selectors:
        node = (await wire.send("DOM.querySelector", {"nodeId": root, "selector": selector}))["nodeId"]
        fonts = (await wire.send("CSS.getPlatformFontsForNode", {"nodeId": node}))["fonts"]
        found.append(f"{selector}: {', '.join(sorted(font['familyName'] for font in fonts))}\n")
    return "".join(found)
