"""What one machine may do at once: no option of a user's own loosens it."""

from types import SimpleNamespace

import pytest
from groupconv.engines import limits
from groupconv.ground import machine
from groupconv.settings import config
from project import ROOT
from snakemake.settings.types import DeploymentMethod, ResourceSettings

PARAMS = config.load(ROOT / "params.yaml")


def workflow(cores=2, elsewhere=False, conda=False, no_hooks=False, **settings):
    """Snakemake's object, as far as limits.py looks at it; ``capped`` is what was registered."""
    capped = {}
    return SimpleNamespace(
        resource_settings=ResourceSettings(cores=cores, **settings),
        register_resource=capped.__setitem__,
        capped=capped,
        non_local_exec=elsewhere,
        deployment_settings=SimpleNamespace(
            deployment_method={DeploymentMethod.CONDA} if conda else set()
        ),
        execution_settings=SimpleNamespace(no_hooks=no_hooks),
    )


def test_the_machine_is_one_whole_whatever_a_profile_says():
    run = workflow(resources={"share": 9999, "mem_mb": 4000})
    limits.hold(run)
    assert run.capped == {"share": 1000}


@pytest.mark.parametrize(
    "settings",
    [
        {"overwrite_resources": {"latency": {"share": 1}}},
        {"overwrite_resource_scopes": {"share": "global"}},
    ],
)
def test_a_share_of_ones_own_is_refused_in_one_line(settings):
    with pytest.raises(SystemExit, match=r"share: it keeps latency alone .*; allowed: --resources"):
        limits.hold(workflow(**settings))
    limits.hold(workflow(overwrite_resources={"train": {"runtime": 30}}))


def test_hooks_cannot_be_left_out():
    with pytest.raises(SystemExit, match=r"--no-hooks: .*: leave it out"):
        limits.check_hooks(workflow(no_hooks=True))
    limits.check_hooks(workflow())
    limits.check_hooks(SimpleNamespace(execution_settings=None))  # --summary has none


def test_what_cannot_come_to_an_end_is_said_of_the_steps_that_are_made():
    more = machine.cores() + 1
    params = PARAMS | {"train": PARAMS["train"] | {"threads": more, "device": "cuda"}}
    assert limits.hopeless(workflow(cores=more), params, {"split"}) == ""
    said = limits.hopeless(workflow(cores=more), params, {"train"}).splitlines()
    assert said[0].startswith(f"params.yaml: train.threads = {more}: this machine has ")
    assert limits.hopeless(workflow(cores=more, elsewhere=True), params, {"train"}) == ""
    said = limits.hopeless(workflow(cores=1, elsewhere=True), params, {"train"})
    assert said.startswith(f"params.yaml: train.threads = {more}: --cores is 1; allowed: 1")
