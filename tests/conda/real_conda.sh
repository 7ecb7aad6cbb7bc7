#!/usr/bin/env bash
# Real conda, built from its source, and `snakemake --use-conda` of the small configuration on it.
#   tests/conda/real_conda.sh CONDA MENUINST VERSION [slurm]
# CONDA and MENUINST are clones of github.com/conda/conda and github.com/conda/menuinst, VERSION a tag
# of the first, as 26.7.1; `slurm` runs it on the tests' cluster too (root; tests/slurm/cluster.sh).
# Not in CI: run by hand, with what .venv holds; docs/not-run.md says when it was, and on what.
# The channel is that of the tests: this machine's Python and pip's builds. No other can be reached:
# conda's own `defaults`, which the user here has configured, has an address that nobody answers.
set -euo pipefail
[ $# -ge 3 ] || { sed -n 3p "$0" >&2; exit 1; }
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
conda_source=$(realpath "$1") menuinst_source=$(realpath "$2") version=$3 slurm=${4-}
work=$(mktemp -d -p "${TMPDIR:-/tmp}" real-conda.XXXX)
server= cluster=
cleaned() {
  [ -z "$server" ] || kill "$server"
  [ -z "$cluster" ] || "$cluster" stop
  rm -rf "$work"
}
trap cleaned EXIT
said() { echo "== $*"; }
failed() { echo "real_conda.sh: $*" >&2; exit 1; }
python="$root/.venv/bin/python" uv="$root/.venv/bin/uv"

build() {
  local base=$work/base source=$work/source menuinst
  local install=("$uv" pip install --quiet --python "$base/bin/python")
  menuinst=$(git -C "$menuinst_source" tag --sort=-v:refname | grep -m1 -E '^[0-9.]+$')
  mkdir -p "$source/conda" "$source/menuinst"
  git -C "$conda_source" archive "$version" -- conda pyproject.toml README.md LICENSE AUTHORS.md |
    tar -x -C "$source/conda"
  git -C "$menuinst_source" archive "$menuinst" | tar -x -C "$source/menuinst"
  "$uv" venv --quiet --python "$("$python" -c 'import sys; print(sys._base_executable)')" "$base"
  # What conda's pyproject.toml names, of all versions from 24.7.1 on, and what builds it. The newer
  # solver is not to be had from PyPI: conda's classic one is used.
  "${install[@]}" 'ruamel.yaml<0.19' archspec boltons backports.zstd charset-normalizer \
    conda-package-handling distro frozendict jsonpatch msgpack packaging platformdirs pluggy pycosat \
    'requests<3' 'setuptools<82' tqdm truststore tomli-w zstandard hatchling hatch-vcs setuptools_scm
  SETUPTOOLS_SCM_PRETEND_VERSION=$menuinst \
    "${install[@]}" --no-build-isolation --no-deps "$source/menuinst"
  SETUPTOOLS_SCM_PRETEND_VERSION=$version \
    "${install[@]}" --no-build-isolation --no-deps "$source/conda"
  mkdir "$base/conda-meta"
  touch "$base/conda-meta/history"
  (cd "$work" && HOME=$work "$base/bin/python" -m conda init --install >/dev/null)
}

# Everything of the checkout, configs/tiny.yaml, and the raw file if this checkout has it.
project() { # FOLDER
  mkdir -p "$1"
  (cd "$root" && git ls-files -z --cached --others --exclude-standard |
    grep -zvE '^(results/|dvc.lock$)' | xargs -0 tar -c) | tar -x -C "$1"
  cp "$root/configs/tiny.yaml" "$1/params.yaml"
  if [ -d "$root/data/raw/sample" ]; then
    mkdir -p "$1/data/raw"
    cp -r "$root/data/raw/sample" "$1/data/raw/"
  fi
}

snakemake() { # FOLDER ARGUMENTS...: as a user in a shell with conda's base active
  local folder=$1
  shift
  (cd "$folder" && env HOME="$work" CONDARC="$work/condarc" CONDA_PKGS_DIRS="$work/packages" \
    CONDA_PREFIX="$work/base" CONDA_SHLVL=1 \
    PATH="$work/base/condabin:$work/base/bin:/usr/bin:/bin" "$root/.venv/bin/snakemake" "$@")
}

same() { # FOLDER FOLDER: what no clock is in
  local file
  for file in data/images.npy data/manifest.csv results/schemes/E/macs.json \
    results/schemes/E/seed0/predictions.csv results/schemes/baseline/seed0/predictions.csv; do
    cmp "$1/$file" "$2/$file" || failed "$file differs"
  done
}

build
said "$("$work/base/condabin/conda" --version), solver classic"
PYTHONPATH=$root/tests "$python" "$root/tests/conda/channel.py" "$work/channel/conda-forge"
"$python" -c '
import functools, http.server, pathlib, sys
files = functools.partial(http.server.SimpleHTTPRequestHandler, directory=sys.argv[1])
with http.server.ThreadingHTTPServer(("127.0.0.1", 0), files) as server:
    pathlib.Path(sys.argv[2]).write_text(str(server.server_port))
    server.serve_forever()
' "$work/channel" "$work/port" 2>"$work/asked" &
server=$!
until [ -s "$work/port" ]; do sleep 0.1; done
cat >"$work/condarc" <<CONDARC
solver: classic
channel_alias: http://127.0.0.1:$(cat "$work/port")
channels: [defaults]
channel_priority: strict
CONDARC

project "$work/plain"
snakemake "$work/plain" --cores 2 >"$work/screen" 2>&1 || { cat "$work/screen"; failed "without conda"; }
project "$work/with"
snakemake "$work/with" --cores 2 --use-conda || failed "--use-conda"
same "$work/plain" "$work/with"
said "--use-conda: the same bytes as without; asked for: $(grep -oE 'GET /[^/]*' "$work/asked" | sort -u | xargs)"

for made in "$work"/with/.snakemake/conda/*_.yaml; do
  if cmp -s "$made" "$work/with/envs/report.yaml"; then made=${made%.yaml} && break; fi
done
mv "$made" "$made.aside" && mkdir "$made"
if snakemake "$work/with" --cores 2 --use-conda --forcerun report >"$work/screen" 2>&1; then
  failed "a step whose environment is empty ended well"
fi
grep -q "^error: --use-conda: envs/report.yaml: " "$work/screen" || { cat "$work/screen"; failed "no word"; }
said "an empty environment: $(grep -m1 '^error: --use-conda' "$work/screen")"
rmdir "$made"
snakemake "$work/with" --cores 2 --use-conda --forcerun report >"$work/screen" 2>&1 ||
  { cat "$work/screen"; failed "the remedy did not help"; }
said "removed, and made anew"

if [ -n "$slurm" ]; then
  ! pgrep -x slurmctld >/dev/null || failed "a cluster runs on this host"
  cluster=$root/tests/slurm/cluster.sh
  "$cluster" start
  project "$work/slurm"
  snakemake "$work/slurm" --profile slurm --use-conda || failed "--profile slurm --use-conda"
  same "$work/plain" "$work/slurm"
  said "--profile slurm --use-conda: the same bytes"
fi
said "all of it"
