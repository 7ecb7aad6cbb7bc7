"""What one machine may do at once: no option or profile of a user's own loosens it.

`share` is per mille of this machine (settings/resources.py): each job takes what its memory and its
GPU are of it, latency all of it.
"""

import sys

from groupconv.settings.resources import WHOLE


def hold(workflow) -> None:
    """Cap `share` at one machine, whatever --resources or a profile say; refuse to change it."""
    settings = workflow.resource_settings
    asked = {name for names in settings.overwrite_resources.values() for name in names}
    if "share" in {*asked, *settings.overwrite_resource_scopes}:
        sys.exit(
            "--set-resources, --set-resource-scopes: share: it keeps latency alone and memory "
            "within this machine: leave it out; allowed: --resources mem_mb=..., --cores N"
        )
    workflow.register_resource("share", WHOLE)


def check_threads(workflow, params: dict) -> None:
    """Refuse fewer --cores than a step's threads.

    Snakemake would silently run the job on fewer; here threads are part of the result.
    """
    cores = workflow.resource_settings.cores
    for step in ("train", "latency"):
        threads = params[step]["threads"]
        if cores is not None and threads > cores:
            sys.exit(
                f"params.yaml: {step}.threads = {threads}: --cores is {cores}; "
                f"allowed: 1 to {cores}, or more --cores"
            )


def check_hooks(workflow) -> None:
    """Refuse --no-hooks: by the hooks files get their times, and DVC its records."""
    if getattr(workflow.execution_settings, "no_hooks", False):  # none in --summary
        sys.exit("--no-hooks: without them nothing is recorded, and jobs fail: leave it out")
