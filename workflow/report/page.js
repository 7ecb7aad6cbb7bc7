// What the page does beyond HTML: sort tables, mark the section that is read, close the contents on a phone,
// lay out Japanese anew.
(() => {
  const number = (text) => {
    const found = text.replace(/\u2212/g, "-").replace(/,/g, "").match(/[+-]?\d+(\.\d+)?/);
    return found ? Number(found[0]) : NaN;
  };
  const compare = (a, b) => {
    const [x, y] = [number(a), number(b)];
    if (Number.isNaN(x) || Number.isNaN(y)) return a.localeCompare(b);
    return x - y;
  };
  for (const table of document.querySelectorAll("table")) {
    const heads = [...table.tHead.rows[0].cells];
    heads.forEach((head, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      if (head.ariaLabel) button.title = button.ariaLabel = head.ariaLabel;
      head.append(button);
      button.addEventListener("click", () => {
        const down = head.getAttribute("aria-sort") === "ascending";
        heads.forEach((other) => other.removeAttribute("aria-sort"));
        head.setAttribute("aria-sort", down ? "descending" : "ascending");
        const isNumber = head.classList.contains("n");
        const key = (row) => row.cells[column].textContent.trim();
        const order = (a, b) => (isNumber ? compare(key(a), key(b)) : key(a).localeCompare(key(b)));
        const rows = [...table.tBodies[0].rows].filter((row) => key(row));
        const empty = [...table.tBodies[0].rows].filter((row) => !key(row));
        rows.sort((a, b) => (down ? order(b, a) : order(a, b)));
        table.tBodies[0].append(...rows, ...empty);
      });
    });
  }

  // Chromium may keep the boxes of a text in SVG that it laid out before its glyphs were there: another font
  // family lays it out again.
  document.fonts.load("1em page-ja", "日").then(() => document.documentElement.classList.add("glyphs"));

  const contents = document.querySelector("nav details");
  const links = new Map([...document.querySelectorAll("nav a")].map((link) => [link.hash.slice(1), link]));
  const headings = [...document.querySelectorAll("h2")];
  const mark = () => {
    const read = headings.filter((h) => h.getBoundingClientRect().top < window.innerHeight / 3).pop() || headings[0];
    links.forEach((link, id) => (id === read.id ? link.setAttribute("aria-current", "true") : link.removeAttribute("aria-current")));
  };
  addEventListener("scroll", mark, { passive: true });
  mark();
  const wide = matchMedia("(min-width: 72rem)");
  const fit = () => (contents.open = wide.matches);
  wide.addEventListener("change", fit);
  fit();
  links.forEach((link) => link.addEventListener("click", () => wide.matches || (contents.open = false)));

  // Paper has nothing to open. Chromium needs no script for it, see style.css; other browsers do.
  let opened = [];
  addEventListener("beforeprint", () => {
    opened = [...document.querySelectorAll("main details:not([open], .unprinted)")];
    opened.forEach((one) => (one.open = true));
  });
  addEventListener("afterprint", () => opened.forEach((one) => (one.open = false)));

  // A link to what is inside of a closed part opens it.
  const open = () => {
    const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    for (let at = target; at; at = at.parentElement) if (at.tagName === "DETAILS") at.open = true;
  };
  addEventListener("hashchange", open);
  open();
})();
