"""configs/: what each file is for, held by its values."""

import copy
import re

import pytest
import yaml
from groupconv.network.training import learning_rate
from groupconv.results import comparability
from groupconv.settings import config
from project import ROOT

CLAIMS = yaml.safe_load((ROOT / "workflow/paper/claims.yaml").read_text("utf-8"))
PAPER, TUNED, SWEEP = (
    config.load(ROOT / "configs" / f"{name}.yaml") for name in ("paper", "paper-tuned", "sweep")
)
ITERATIONS = 25 * 2089  # 41,770 images in batches of 20, as often as the paper says


@pytest.mark.parametrize("params", [PAPER, TUNED], ids=["paper", "paper-tuned"])
def test_both_of_the_paper_are_in_its_setting(params):
    facts = comparability.Facts(
        images=CLAIMS["data"]["images"],
        shares=(16 / 25, 4 / 25, 5 / 25),
        side=CLAIMS["data"]["side"],
        channels=1,
        training_accuracy=CLAIMS["tuned"],
    )
    assert comparability.differences(params, CLAIMS, facts) == []


def test_they_differ_in_the_recipe_alone():
    for section in PAPER:
        if section not in ("data", "model", "train", "sweep"):
            assert PAPER[section] == TUNED[section], section
    changed = {
        f"{section}.{key}"
        for section in ("data", "model", "train")
        for key, value in PAPER[section].items()
        if TUNED[section][key] != value
    }
    recipe = "learning_rate schedule warmup_fraction decay_norm_and_bias augment"
    pixels = {"data.fit", "data.stretch_contrast"}
    assert changed == pixels | {"model.initialization"} | {f"train.{k}" for k in recipe.split()}


def test_the_papers_rate_never_falls_and_the_tuned_one_rises_for_one_epoch():
    rates = [learning_rate(i, ITERATIONS, PAPER["train"]) for i in (0, 1000, ITERATIONS - 1)]
    assert rates == [PAPER["train"]["learning_rate"]] * 3
    for scheme, peak in TUNED["train"]["learning_rate"].items():
        settings = TUNED["train"] | {"learning_rate": peak}
        epoch = ITERATIONS // 25
        rates = [learning_rate(i, ITERATIONS, settings) for i in range(ITERATIONS)]
        assert rates.index(max(rates)) in (epoch - 1, epoch), scheme
        assert max(rates) == peak
        assert rates[-1] < peak / 1000


def recipes():
    """What docs/recipes.md shows as parts of params.yaml."""
    text = (ROOT / "docs" / "recipes.md").read_text("utf-8")
    found = map(yaml.safe_load, re.findall(r"```yaml\n(.*?)```", text, re.S))
    return [part for part in found if isinstance(part, dict)]


@pytest.mark.parametrize("part", recipes(), ids=lambda part: "-".join(part))
def test_what_the_recipes_show_is_allowed(part):
    params = copy.deepcopy(config.load(ROOT / "params.yaml"))
    for section, values in part.items():
        params[section] = values if section == "schemes" else params[section] | values
    config.check(params, "docs/recipes.md")


def test_a_sweep_is_of_the_papers_schemes_on_fewer_classes_than_the_paper():
    assert SWEEP["schemes"] == PAPER["schemes"]
    assert SWEEP["data"]["classes"] * SWEEP["data"]["images_per_class"] == 18_000
    assert set(SWEEP["sweep"]["initializations"]) == {"kaiming", "kaiming_grouped"}
    assert SWEEP["sweep"]["extensions"] > 0
