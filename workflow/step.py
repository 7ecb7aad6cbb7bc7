"""The one way from the workflow to the code: `python workflow/step.py STEP JSON name=path ...`.

Runs groupconv.STEP.run(params, **paths). Python puts this file's folder first on sys.path, so
groupconv is found from any folder, environment or cluster node, without an install. A cause that
the user can mend is printed as one line (exit status 1); anything else keeps its traceback.
"""

import errno
import importlib
import json
import sys

from groupconv.errors import StepError
from groupconv.progress import say

DISK_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def main(step: str, params: str, *paths: str) -> int:
    """Run one step; a name given several times becomes a list. Returns the exit status."""
    given: dict[str, list[str]] = {}
    for path in paths:
        name, _, value = path.partition("=")
        given.setdefault(name, []).append(value)
    arguments = {name: values if len(values) > 1 else values[0] for name, values in given.items()}
    part = json.loads(params)
    say(f"{step} {part.get('scheme', '')}".rstrip() + ": started")
    try:
        importlib.import_module(f"groupconv.{step}").run(part, **arguments)
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
