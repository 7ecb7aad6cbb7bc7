"""An SVG file as matplotlib writes it -> one with a title and glyphs; -> a part of the page."""

import re
from html import escape

from groupconv.pages import glyphs

ROOT = re.compile(r"<svg[^>]*>")
FONTS = re.compile(r"('DejaVu Sans')(?:, '[\w -]+')*")
# What a dark page draws otherwise; a file on its own has the colours themselves.
ROLES = {
    "#262626": "--ink",
    "#000000": "--ink",
    "#ffffff": "--paper",
    "#e6e6e6": "--pale",
    "#0173b2": "--blue",
}
COLOUR = re.compile("|".join(ROLES))


def titled(svg: str, title: str, alt: str) -> str:
    """The file with its title, what it shows, and the Japanese glyphs of its text."""
    fonts = f"\\1, Verdana, {glyphs.FAMILY}, sans-serif"
    svg = FONTS.sub(fonts, svg)
    face = glyphs.face("".join(re.findall(r">([^<]+)</text>", svg)))
    style = f"<style>{face}</style>" if face else ""
    head = f"<title>{escape(title)}</title><desc>{escape(alt)}</desc>{style}"
    root = ROOT.search(svg)
    return svg[: root.end()] + "\n " + head + svg[root.end() :]


def inline(svg: str, name: str, language: str) -> str:
    """The ``<svg>`` element for a page: no id stands twice, colours follow the page's.

    ``name`` is the figure's. The element is an image with one label, the file's title and text;
    ``language`` is that of its Japanese, "" where none is.
    """
    title, alt = (re.search(f"<{tag}>(.*?)</{tag}>", svg, re.S)[1] for tag in ("title", "desc"))
    body = svg[ROOT.search(svg).end() :]
    body = re.sub(r"<(title|desc|style|metadata)>.*?</\1>", "", body, flags=re.S)
    used = set(re.findall(r"(?:url\(|href=\")#([^)\"]+)", body))
    body = re.sub(r' id="([^"]+)"', lambda m: m[0] if m[1] in used else "", body)
    body = re.sub(r'(url\(#|href="#| id=")', rf"\g<1>{name}-", body)
    body = COLOUR.sub(lambda m: f"var({ROLES[m[0]]})", body)
    if language:
        japanese = re.compile(rf"<text([^>]*>[^<]*{glyphs.RUN.pattern})")
        body = japanese.sub(rf'<text lang="{language}"\1', body)
    width, height = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', svg).groups()
    return (
        f'<svg role="img" aria-label="{title}. {alt}" viewBox="0 0 {width} {height}" '
        f'xmlns:xlink="http://www.w3.org/1999/xlink">{body}'
    )
