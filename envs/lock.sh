#!/usr/bin/env bash
# Derives requirements.txt (exact versions of everything, with hashes) from requirements.in, and
# backends.txt, which comes on top of it, from backends.in.
# torch, torchvision and what only their CUDA build needs are left out: setup.sh installs them.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
uv=../.venv/bin/uv
own=$("$uv" pip compile -q --no-header --no-annotate --universal --python-version 3.11 torch.txt |
  grep -oE '^(torch|torchvision|triton|nvidia-[a-z0-9-]+|cuda-[a-z-]+)\b' | sort -u)
"$uv" pip compile -q --universal --python-version 3.11 --generate-hashes --no-annotate \
  --custom-compile-command "bash envs/lock.sh" \
  $(printf -- '--no-emit-package %s ' $own) requirements.in -o requirements.txt
# What is in requirements.txt stays as it is. openvino runs without its telemetry, which would tell its
# makers what it is used for.
there=$(grep -oE '^[a-z0-9][a-z0-9._-]*==' requirements.txt | tr -d = | sort -u)
"$uv" pip compile -q --universal --python-version 3.11 --generate-hashes --no-annotate \
  --custom-compile-command "bash envs/lock.sh" -c requirements.txt \
  $(printf -- '--no-emit-package %s ' openvino-telemetry $there) backends.in -o backends.txt
