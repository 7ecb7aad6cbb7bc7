"""Tables and texts as HTML: every cell is text, numbers sort as numbers, Japanese is marked."""

import base64
import re
from html import escape
from pathlib import Path

from groupconv.pages import glyphs

NO_BREAK = "\N{NO-BREAK SPACE}"
NUMBER = re.compile(r"[+\N{MINUS SIGN}-]?\d[\d,]*\.?\d*")


def cells(markdown: str) -> list[list[str]]:
    """The lines of a table that the step tables wrote, its header first."""
    lines = markdown.splitlines()
    return [line[2:-2].split(" | ") for line in (lines[0], *lines[2:])]


def together(cell: str) -> str:
    """The cell's number with its unit, and both ends of an interval, on one line."""
    cell = re.sub(r"(?<=\d) (?=[%A-Za-z])", NO_BREAK, cell)
    return re.sub(r"\[[^]]*\]", lambda m: m[0].replace(" ", NO_BREAK), cell)


def table(markdown: str, language: str = "") -> str:
    """The table; its first column names the rows, columns of numbers stand to the right."""
    header, *rows = cells(markdown)
    numeric = [
        all(NUMBER.match(row[i]) or not row[i] for row in rows) and any(row[i] for row in rows)
        for i in range(len(header))
    ]
    head = "".join(
        f'<th scope="col"{_number(numeric[i])}{whose}>{_narrow(marked(name, language))}</th>'
        for i, (name, whose) in enumerate(zip(header, _whose(header), strict=True))
    )
    body = "".join(
        f'<tr><th scope="row">{marked(row[0], language)}</th>'
        + "".join(
            f"<td{_number(numeric[i])}>{marked(together(cell), language)}</td>"
            for i, cell in enumerate(row[1:], start=1)
        )
        + "</tr>"
        for row in rows
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _narrow(name: str) -> str:
    """A column's name that may break behind _: a scheme, as E_shuffle, may have a column."""
    return name.replace("_", "_<wbr>")


def _whose(header: list[str]) -> list[str]:
    """For a name that several columns have, a label that says of which column before it is."""
    labels, before = [], ""
    for name in header:
        if header.count(name) == 1:
            before = name
        several = header.count(name) > 1 and before
        labels.append(f' aria-label="{escape(f"{before}: {name}")}"' if several else "")
    return labels


def marked(text: str, language: str) -> str:
    """The text as HTML, with its Japanese in ``language``; "" marks none."""
    if not language:
        return escape(text)
    parts, end = [], 0
    for run in glyphs.RUN.finditer(text):
        parts += [escape(text[end : run.start()]), f'<span lang="{language}">{run[0]}</span>']
        end = run.end()
    return "".join([*parts, escape(text[end:])])


def cited(text: str, language: str) -> str:
    """A citation as HTML: its DOIs are links, which load nothing until a reader follows one."""
    link = r'<a href="https://doi.org/\1">doi:\1</a>'
    return re.sub(r"doi:(10\.\d+/\w+)", link, marked(text, language))


def language(*texts: str) -> str:
    """The language of Chinese characters in ``texts``: Japanese where there is kana, else ""."""
    return "ja" if any(map(glyphs.KANA.search, texts)) else ""


def address(path: Path, kind: str) -> str:
    """A data: address with the file's bytes."""
    return f"data:{kind};base64,{base64.b64encode(path.read_bytes()).decode()}"


def _number(is_number: bool) -> str:
    return ' class="n"' if is_number else ""
