# Before each step of `snakemake --use-conda`: is its environment, $asked, the one that it runs in?
# Snakemake writes `source activate PATH; ...`, and goes on where that fails: the step would run in the
# Python that Snakemake runs in, with other packages, and end well. engines/conda.py has this read.
export PYTHONNOUSERSITE=1 # packages of `pip install --user` would shadow its own
unset PYTHONHOME

# The file in envs/ that Snakemake made $asked of: it keeps a copy beside it.
environment_file() {
  local file
  for file in envs/*.yaml envs/*.pin.txt; do
    if cmp -s "$file" "$asked.yaml" || cmp -s "$file" "$asked.pin.txt"; then
      echo "$file"
      return
    fi
  done
  echo "an earlier envs/*.yaml"
}

running=$(python -c 'import sys; print(sys.prefix)' 2>/dev/null) || running=none
if ! [ "$running" -ef "$asked" ]; then
  # In the place of the command: what it says is then in the step's log, after the command.
  python() {
    {
      printf '%q ' python "$@"
      printf '\nerror: --use-conda: %s: its environment is not in use: Python would be that of %s, ' \
        "$(environment_file)" "$running"
      printf 'not of %s; remove that folder and run again, which makes it anew; ' "${asked#"$PWD/"}"
      printf 'where that does not help: conda activate %q\n' "$asked"
    } >&2
    return 1
  }
fi
