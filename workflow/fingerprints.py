"""DVC's stage `code`: writes results/code/STEP.txt, what the code of each step means."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))  # which PYTHONSAFEPATH leaves out

from groupconv.engines import code
from groupconv.ground.errors import StepError

if __name__ == "__main__":
    try:
        code.write()
    except StepError as error:
        sys.exit(f"error: {error}")
