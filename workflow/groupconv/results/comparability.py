"""Says how a run differs from the paper's setting, and so whether they can be compared."""

from dataclasses import dataclass

import pandas as pd

from groupconv.data.parts import PARTS


@dataclass(frozen=True)
class Facts:
    """Facts of a run that params.yaml does not say.

    images: of all parts
    shares: of them that train, val and test have
    side: px, median of the stored images' longer side
    channels: of the stored images, 1 or 3; the most of any
    training_accuracy: the baseline's, at the end, mean over seeds; 0 to 1
    """

    images: int
    shares: tuple[float, ...]
    side: float
    channels: int
    training_accuracy: float


def facts(manifest: pd.DataFrame, training_accuracy: float) -> Facts:
    """The facts from manifest.csv, a row per image; ``training_accuracy`` is the baseline's."""
    of_part = manifest["split"].value_counts()
    sides = manifest[["height", "width"]].astype(int).max(axis=1)
    return Facts(
        images=len(manifest),
        shares=tuple(float(of_part.get(part, 0)) / len(manifest) for part in PARTS),
        side=float(sides.median()),
        channels=int(manifest["channels"].astype(int).max()),
        training_accuracy=training_accuracy,
    )


def papers_schemes(ours: dict, theirs: dict) -> list[str]:
    """The paper's schemes that are configured as the paper has them: its groups, nothing else.

    ``ours`` is params.yaml's section, ``theirs`` {name: groups}. A narrower or a shuffled network
    is another one.
    """
    plain = {"shuffle": False, "width": 1}
    return [
        name
        for name, groups in theirs.items()
        if name in ours and {**plain, **ours[name]} == {**plain, "groups": groups}
    ]


def differences(params: dict, paper: dict, facts: Facts) -> list[str]:
    """How this run differs from the paper's, each as "what: ours (the paper: theirs)".

    Only without any difference can its accuracies and losses be compared. ``paper`` is claims.yaml:
    ``setting`` has keys of params.yaml, ``data`` the data's sizes, ``assumed`` those of both that
    the paper does not state, ``tuned`` the training accuracy that its loss implies.
    """
    found = []

    def of_paper(key: str, theirs: object) -> str:
        return f"{'assumed of the paper' if key in paper['assumed'] else 'the paper'}: {theirs}"

    for key, theirs in paper["setting"].items():
        section, name = key.split(".")
        if params[section][name] != theirs:
            ours = "all" if params[section][name] is None else params[section][name]
            found.append(f"{key}: {ours} ({of_paper(key, theirs)})")
    data = paper["data"]
    if abs(facts.images / data["images"] - 1) > data["tolerance"]:
        found.append(f"images: {facts.images:,} (the paper: {data['images']:,})")
    if facts.side != data["side"]:
        theirs = of_paper("side", data["side"])
        found.append(f"side of a stored image: {facts.side:g} px ({theirs})")
    if facts.channels != data["channels"]:
        found.append(f"channels: {facts.channels} ({of_paper('channels', data['channels'])})")
    shares = [of / sum(data["parts"]) for of in data["parts"]]
    if max(abs(a - b) for a, b in zip(facts.shares, shares, strict=True)) > data["tolerance"]:
        ours = " : ".join(f"{100 * share:.0f}%" for share in facts.shares)
        found.append(f"parts: {ours} (the paper: {':'.join(map(str, data['parts']))})")
    if facts.training_accuracy < paper["tuned"]:
        found.append(
            f"fit of the training part: the baseline's accuracy is {facts.training_accuracy:.1%} "
            f"(the paper's training loss implies at least {paper['tuned']:.1%})"
        )
    return found
