"""The page for `dvc plots`, with Vega in it: DVC's own loads Vega from the network."""

import os
from pathlib import Path

import vl_convert

PAGE = Path(__file__).parents[1] / ".dvc" / "plots" / "page.html"
HTML = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
{refresh_tag}
<title>dvc plots</title>
<script>%s</script>
<style>div {display: inline-block; margin: 1em; vertical-align: top}</style>
</head>
<body>
{plot_divs}
</body>
</html>
"""

if __name__ == "__main__":
    bundle = vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;", vl_version="5.20")
    whole = PAGE.with_suffix(f".{os.getpid()}.part")  # two workers of a queue may both make it
    whole.write_text(HTML.replace("%s", bundle.replace("</script", "<\\/script")), encoding="utf-8")
    whole.rename(PAGE)
