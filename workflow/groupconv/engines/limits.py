"""What one machine may do at once: no option or profile of a user's own loosens it.

`share` is per mille of this machine (settings/resources.py): each job takes what its memory and its
GPU are of it, latency all of it.
"""

from snakemake.settings.types import DeploymentMethod

from groupconv.engines.refusal import refuse
from groupconv.settings import preflight
from groupconv.settings.resources import WHOLE


def hold(workflow) -> None:
    """Cap `share` at one machine, whatever --resources or a profile say; refuse to change it."""
    settings = workflow.resource_settings
    asked = {name for names in settings.overwrite_resources.values() for name in names}
    if "share" in {*asked, *settings.overwrite_resource_scopes}:
        refuse(
            "--set-resources, --set-resource-scopes: share: it keeps latency alone and memory "
            "within this machine: leave it out; allowed: --resources mem_mb=..., --cores N"
        )
    workflow.register_resource("share", WHOLE)


def hopeless(workflow, params: dict, steps: set[str]) -> str:
    """Why one of these ``steps`` cannot come to an end here, a line each; "" if all may."""
    lines = preflight.checks(
        params,
        steps,
        cores=workflow.resource_settings.cores,
        here=not workflow.non_local_exec,
        conda=DeploymentMethod.CONDA in workflow.deployment_settings.deployment_method,
    )
    return "\n".join(lines)


def check_hooks(workflow) -> None:
    """Refuse --no-hooks: by the hooks files get their times, and DVC its records."""
    if getattr(workflow.execution_settings, "no_hooks", False):  # none in --summary
        refuse("--no-hooks: without them nothing is recorded, and jobs fail: leave it out")
