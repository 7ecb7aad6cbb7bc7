"""The one way from the workflow to the code: `python workflow/step.py STEP JSON name=path ...`.

Runs groupconv.STEP.run(params, **paths). Python puts this file's folder first on sys.path, so
groupconv is found from any folder, environment or cluster node, without an install. A cause that
the user can mend is printed as one line (exit status 1); anything else keeps its traceback.

Where a record says that the same causes made results which DVC's cache still has, these are taken
instead, unless the step was asked for by -f, -F or -R. A step that ends leaves its receipt.
"""

import errno
import importlib
import json
import os
import sys

from groupconv.engines import lock, pipeline, records
from groupconv.ground.errors import StepError
from groupconv.ground.progress import say

DISK_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def main(step: str, params: str, *paths: str) -> int:
    """Run one step; a name given several times becomes a list. Returns the exit status."""
    given: dict[str, list[str]] = {}
    for path in paths:
        name, _, value = path.partition("=")
        given.setdefault(name, []).append(value)
    arguments = {name: values if len(values) > 1 else values[0] for name, values in given.items()}
    part = json.loads(params)
    definitions = pipeline.load()
    stage = pipeline.stage(definitions, step, part)
    say(f"{stage.label}: started")
    try:
        made_of = records.causes(stage, records.Digests())
        # Another Snakemake may have brought dvc.yaml up to a rule that this run does not have.
        known = os.environ.get(lock.PIPELINE, "").split()
        other_rules = bool(known) and pipeline.digest(definitions[step]) not in known
        asked_for = {step, stage.name} & set(os.environ.get(lock.FORCED, "").split())
        forced = lock.by_dvc() or other_rules or asked_for
        if not forced and lock.restore(stage, made_of):
            say(f"{stage.label}: made before of the same; taken from DVC's cache")
        else:
            importlib.import_module(f"groupconv.{step}").run(part, **arguments)
        after = records.Digests()
        wrote = records.results(stage, after)
        changed = other_rules or records.causes(stage, after) != made_of
        if lock.by_dvc() and (changed or not pipeline.holds(stage)):  # it would record the new ones
            raise StepError(f"{stage.label}: what it reads has changed meanwhile: run it again")
        if changed:
            say(f"{stage.label}: what it reads has changed meanwhile; it will be made again")
        elif None not in wrote.values():
            records.Receipts().write(stage, made_of, wrote)
    except StepError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        if error.errno not in DISK_FULL:
            raise
        where = error.filename or f"{step}: a temporary file"
        print(f"error: {where}: cannot be written: {error.strerror}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
