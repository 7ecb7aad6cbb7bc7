#!/usr/bin/env bash
# Writes NAME.linux-64.pin.txt, each package's address and hash, beside each environment file:
#   bash envs/pin.sh [data.yaml ...]
# Snakemake takes a pin file first, whatever the yaml says by then: run this again after a change.
# Needs conda 24.7.1 or newer and its channel.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
command -v conda >/dev/null || {
  echo "pin: no conda command on PATH: install Miniforge, https://github.com/conda-forge/miniforge" >&2
  exit 1
}
# As in engines/conda.py: the channels that are configured add nothing to those of the file.
export CONDA_CHANNELS=conda-forge CONDA_DEFAULT_CHANNELS=conda-forge CONDA_CHANNEL_PRIORITY=strict
# The CUDA build can be pinned on a machine without a GPU.
export CONDA_SUBDIR=linux-64 CONDA_OVERRIDE_CUDA="${CONDA_OVERRIDE_CUDA:-12.9}"
made=$(mktemp -d)
trap 'rm -rf "$made"' EXIT
[ $# -gt 0 ] || set -- *.yaml
for file; do
  name=${file%.yaml}
  conda env create --quiet --file "$file" --prefix "$made/$name"
  conda list --explicit --md5 --prefix "$made/$name" >"$made/$name.txt"
  mv "$made/$name.txt" "$name.linux-64.pin.txt"
  echo "pin: envs/$name.linux-64.pin.txt"
done
