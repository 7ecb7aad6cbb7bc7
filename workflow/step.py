r"""One step of the workflow: python workflow/step.py STEP PARAMS name=path ...

STEP is one of the modules in workflow/groupconv/steps, PARAMS what it reads of params.yaml as JSON,
and each name=path an argument of its run(); a name given several times becomes a list. The first
line of a step's log, as logs/split.log or logs/macs/E.log, is its command: type it at the
repository's root to run the step again, alone and whatever a record says. For example:

  python workflow/step.py split '{"split":{"seed":0,"unit":"image","division":"published"}}' \
    index=data/index.csv manifest=data/manifest.csv

`python workflow/step.py split --help` prints a step's arguments.

What the user can mend is printed as one line (exit status 1); anything else keeps its traceback.
Snakemake adds --cache=FOLDER, where results of the same causes may lie, and --rule=DIGEST: of
a step that another rule has made no record is kept.
"""

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))  # which PYTHONSAFEPATH leaves out

# What is called fp32 is fp32: on CUDA, cuDNN would round a convolution's inputs to TF32's 10 bits.
os.environ.setdefault("NVIDIA_TF32_OVERRIDE", "0")

from groupconv.engines import command
from groupconv.ground import interrupted
from groupconv.ground.errors import StepError
from groupconv.ground.progress import show

HELP = {"-h", "--help"}


def main(arguments: list[str]) -> int:
    """Run one step. Returns the exit status."""
    if not arguments or arguments[0] in HELP:
        show(__doc__.strip())
        return 0 if arguments else 1
    interrupted.hold()
    try:
        if HELP & set(arguments):
            show(command.usage(arguments[0]))
        else:
            command.run(arguments)
    except StepError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except BaseException:  # of torch.save, Ctrl-C makes a RuntimeError
        if not interrupted.happened():
            raise
        print(interrupted.LINE, file=sys.stderr)
        return interrupted.STATUS
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
