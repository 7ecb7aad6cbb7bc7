"""Which figures and tables there are, and what each shows. Standard library: the rules read it.

The captions of workflow/report/*.rst are the one source for our page and `snakemake --report`.
"""

CURVES = {"baseline": "fig03", "A": "fig04", "B": "fig05", "C": "fig06", "D": "fig07", "E": "fig08"}
TABLES = ("table1", "results", "claims", "data")


def curves_name(scheme: str) -> str:
    """The paper numbers its six schemes' curves; a scheme of yours goes by its name."""
    return CURVES.get(scheme, f"curves_{scheme}")


def title(figure: str) -> str:
    """What a figure is called on the page: "Figure 4, scheme A", "Scheme F"."""
    if figure.startswith("curves_"):
        return f"Scheme {figure.removeprefix('curves_')}"
    number = f"Figure {int(figure.removeprefix('fig'))}"
    scheme = next((s for s in CURVES if CURVES[s] == figure), None)
    if scheme is None:
        return number
    return f"{number}, baseline" if scheme == "baseline" else f"{number}, scheme {scheme}"


def figures(schemes: list[str]) -> dict[str, str]:
    """{figure: caption file's stem} for the configured schemes, in the order of the paper."""
    curves = sorted((curves_name(s) for s in schemes), key=lambda n: (n not in CURVES.values(), n))
    return {
        "fig01": "samples",
        "fig02": "convolutions",
        **dict.fromkeys(curves, "curves"),
        "fig09": "accuracy",
        "fig10": "cost",
    }
