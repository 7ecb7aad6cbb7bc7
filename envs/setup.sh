#!/usr/bin/env bash
# Makes .venv with everything that the workflow and its tests need. Can be run again at any time.
# PYTHON=/path/to/python3.12 bash envs/setup.sh chooses the interpreter (3.11 or newer).
# TORCH=cu126 bash envs/setup.sh chooses torch's build, where this machine is not the one that trains.
# BACKENDS=1 bash envs/setup.sh adds ONNX Runtime and OpenVINO, which docs/latency.md times.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

fail() { echo "setup: $*" >&2; exit 1; }

python=${PYTHON:-python3}
command -v "$python" >/dev/null || fail "$python not found: install Python 3.11 or newer"
version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])') ||
  fail "$python does not run"
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
  fail "$python is Python $version; allowed: 3.11 or newer (PYTHON=... chooses another)"
"$python" -c 'import venv, ensurepip' 2>/dev/null ||
  fail "$python has no venv or ensurepip: apt-get install python$version-venv"

[[ ${TORCH-auto} =~ ^(auto|cpu|cu[0-9]{3}|rocm[0-9.]+|xpu)$ ]] ||
  fail "TORCH=$TORCH: no build of torch; allowed: auto, cpu, or CUDA's version as in cu126"
[[ ${BACKENDS-} =~ ^1?$ ]] || fail "BACKENDS=$BACKENDS: allowed: 1"

uv() { .venv/bin/uv "$@" --python .venv/bin/python --quiet; }
back_ends() {
  [ -n "${BACKENDS-}" ] || return 0
  uv pip install --no-deps --require-hashes -r envs/backends.txt ||
    fail "BACKENDS=1: envs/backends.txt could not be installed"
  echo "setup: ONNX Runtime and OpenVINO are in .venv"
}

# Complete and made from these very pins: nothing to do.
stamp=$(cat envs/setup.sh envs/on_path.pth envs/torch.txt envs/requirements.txt pyproject.toml | cksum)
made=$(cat .venv/.complete 2>/dev/null || true)
if [ "${made% *}" = "$stamp" ] && [ "${TORCH-${made##* }}" = "${made##* }" ] && .venv/bin/python -c '' 2>/dev/null &&
  [ -e .dvc/plots/page.html ]; then
  back_ends
  echo "setup: .venv is complete ($(.venv/bin/python --version))"
  exit 0
fi

echo "setup: .venv with $("$python" --version)"
rm -f .venv/.complete
[ -x .venv/bin/python ] && .venv/bin/python -c '' 2>/dev/null || "$python" -m venv --clear .venv
.venv/bin/python -m pip install --quiet --disable-pip-version-check uv==0.13.9

# torch exists in several builds. The CPU build is a tenth of the size; its index is not
# reachable everywhere.
if [ -n "${TORCH-}" ]; then
  uv pip install --torch-backend="$TORCH" --reinstall-package torch --reinstall-package torchvision \
    -r envs/torch.txt || fail "TORCH=$TORCH: this build could not be fetched"
elif [ -e /proc/driver/nvidia/version ]; then
  uv pip install --torch-backend=auto -r envs/torch.txt 2>/dev/null || uv pip install -r envs/torch.txt
elif ! UV_HTTP_TIMEOUT=20 UV_HTTP_RETRIES=1 uv pip install --torch-backend=cpu -r envs/torch.txt 2>/dev/null; then
  echo "setup: torch: the CPU build's index cannot be reached; PyPI's build, with CUDA: 2.9 GB"
  uv pip install -r envs/torch.txt
fi
echo "setup: the other packages, exact versions, checked by hash"
uv pip install --no-deps --require-hashes -r envs/requirements.txt
back_ends
# groupconv as it lies in workflow/, for editors, benchmarks and `python -m groupconv...`.
uv pip install --no-deps --no-build-isolation --editable . || fail "groupconv could not be installed"
.venv/bin/python -c 'import torch, torchvision; print("setup: torch", torch.__version__)' ||
  fail "torch and torchvision do not import"
# `.venv/bin/dvc repro`, without activation, finds the snakemake beside it: this Python puts its own
# folder first on PATH.
cp envs/on_path.pth "$(.venv/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')"
.venv/bin/python envs/plots_page.py
# Where PYTHONDONTWRITEBYTECODE is set, as in many containers, every start of Snakemake would compile
# its modules again: 5 s instead of 1.5 s. What does not compile is for another version of Python.
# Of workflow/, so that a dry run, which writes nothing, need not.
.venv/bin/python -m compileall -qq -j 0 .venv/lib workflow || true
echo "$stamp ${TORCH:-default}" >.venv/.complete
echo "setup: done; $(du -sh .venv | cut -f1) in .venv"
