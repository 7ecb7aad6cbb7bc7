"""A refusal is one line, and the last: nothing that Python calls at its end follows it."""

import subprocess
import sys

import pytest
from project import ROOT

PROGRAM = """
import atexit, sys
sys.path.insert(0, sys.argv[1])
from groupconv.engines.refusal import or_refuse, unless_refused
from groupconv.ground.errors import StepError

def refuse():
    raise StepError("macs.py: line 57: not Python")

def at_end():
    print("at the end", file=sys.stderr)
    or_refuse(refuse)

atexit.register(unless_refused(at_end))
if sys.argv[2] == "before":
    or_refuse(refuse)
"""
LINE = "macs.py: line 57: not Python\n"


@pytest.mark.parametrize(("when", "said"), [("before", LINE), ("at end", f"at the end\n{LINE}")])
def test_a_refusal_is_its_line_alone_before_a_run_and_at_its_end(when, said):
    arguments = [sys.executable, "-c", PROGRAM, str(ROOT / "workflow"), when]
    assert subprocess.run(arguments, capture_output=True, text=True, check=False).stderr == said
