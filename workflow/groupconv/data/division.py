"""A source's own division into parts, as its publisher made it: KMNIST's 60,000 and 10,000 images.

`part` is the part as published (train, val, test, or empty where a source has no division),
`split` the part of ours. Knows no files and no pixels.
"""

from collections import Counter

from groupconv.data.parts import PARTS
from groupconv.ground.progress import many


def kept(published: set[str]) -> dict[str, str]:
    """Which published part is which of ours, whole; of "train", only what is in no other.

    {} where there is no training part or nothing is held out. The only part held out is the test
    part, whatever it is called: ImageNet's accuracies are those of its val/.
    """
    held_out = published & {"val", "test"}
    if "train" not in published or not held_out:
        return {}
    if held_out == {"val"}:
        return {"val": "test"}
    return {part: part for part in PARTS if part in held_out}


def says(found: Counter, division: str) -> str:
    """Which parts the published ones became, in words; "" without a division.

    ``found``: {(part, split): images}; ``division``: split.division of params.yaml.
    """
    sizes = Counter()
    for (part, _), n in found.items():
        sizes[part] += n
    of = kept({part for part, n in sizes.items() if n})
    if not of:
        return ""
    if division == "published":
        said = [
            f"the published {part} part ({many(sizes[part], 'image')}) is {ours}"
            + ", as no other is held out" * (part != ours)
            for part, ours in sorted(of.items(), key=lambda pair: pair[1])
        ]
        if "val" not in of.values():
            said.append("val is taken from the published training part")
        return "; ".join(said)
    shares = [
        f"the published {part} part ({many(sizes[part], 'image')}) was mixed into "
        + ", ".join(f"{ours} ({found[part, ours]:,})" for ours in PARTS)
        for part in of
    ]
    return f"pooled: {'; '.join(shares)}"
