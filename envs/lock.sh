#!/usr/bin/env bash
# Derives requirements.txt (exact versions of everything, with hashes) from requirements.in.
# torch, torchvision and what only their CUDA build needs are left out: setup.sh installs them.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
uv=../.venv/bin/uv
own=$("$uv" pip compile -q --no-header --no-annotate --universal --python-version 3.11 torch.txt |
  grep -oE '^(torch|torchvision|triton|nvidia-[a-z0-9-]+|cuda-[a-z-]+)\b' | sort -u)
"$uv" pip compile -q --universal --python-version 3.11 --generate-hashes --no-annotate \
  --custom-compile-command "bash envs/lock.sh" \
  $(printf -- '--no-emit-package %s ' $own) requirements.in -o requirements.txt
