# How Snakemake and DVC agree: what is up to date is what a record confirms (groupconv/lock.py).

import atexit
import functools
import time

from groupconv.engines import lock, pipeline, records
from groupconv.ground import atomic

PIPELINE = Path("dvc.yaml")
MARKER = records.STATE / "changed"
asked = []  # the stages of the jobs that Snakemake considers, in no order


@functools.cache
def all_stages():
    """Every stage of the effective configuration."""
    return pipeline.stages(pipeline.load(), config)


def of_step(step, **names):
    """A step's declared inputs and outputs, with wildcards if no ``names`` fill them."""
    declared = getattr(rules, step)
    files = [str(path) for path in declared.input if not callable(path)]
    return [
        [path.format(**names) if names else path for path in paths]
        for paths in (files, map(str, declared.output))
    ]


def derived_pipeline():
    """dvc.yaml as the rules say, whatever the configuration."""
    folders = {RAW: "data/raw/${data.source}", FOLDER: "${data.folder}"}
    folders |= {name: name for name in ("results/schemes", "results/figures")}
    text = PIPELINE.read_text(encoding="utf-8") if PIPELINE.exists() else ""
    steps = {
        step: (*of_step(step), workflow.get_rule(step).shellcmd) for step in reads.READS
    }
    steps["prepare"][0].append(
        RAW
    )  # `folder` has no files there, the stage has the folder
    return text, pipeline.derived(steps, folders, text)


@functools.cache
def examined():
    """{stage: reason} of what has no record that holds, and how many only a receipt confirms."""
    receipts, digests = records.Receipts(), records.Digests()
    known = lock.Lock(None if lock.in_use() else os.devnull)
    found = lock.stale(all_stages(), known, receipts, digests)
    digests.save()
    return found


@functools.cache
def why():
    """{stage: reason} of what will be made. The files of all others get their times."""
    if not workflow.is_main_process or lock.by_dvc():
        return {}
    if [str(trigger) for trigger in workflow.rerun_triggers] != ["mtime"]:
        print(
            "profiles/default is not in use: Snakemake makes more again than has changed",
            file=sys.stderr,
        )
    reasons = dict(examined()[0])
    missing = [f"{RAW}/{file}" for file in RAW_FILES if not Path(RAW, file).exists()]
    reasons.pop("download", None)
    if missing:
        reasons["download"] = f"{missing[0]} is not there yet"
    for stage in all_stages():
        inputs, outputs = of_step(stage.step, **stage.wildcards)
        inputs = [path for path in inputs if not path.startswith("workflow/")]
        # Snakemake takes a benchmark's time for an output's.
        timing = str(getattr(rules, stage.step).benchmark).format(
            **stage.wildcards or {"file": ""}
        )
        outputs += [timing] if Path(timing).exists() else []
        lock.date_back([*inputs, *outputs])
        if stage.name not in reasons and stage.step != "download":
            lock.settle(inputs, outputs)
    # The steps read it, on other nodes too.
    os.environ[lock.FORCED] = " ".join(forced())
    # Unique, as Snakemake ignores a newer file whose content it knows.
    atomic.write_text(MARKER, f"{time.time_ns()} {os.getpid()}\n")
    return reasons


def marker_of(step, **names):
    """What `changed` adds to a job's inputs: the marker where its record does not hold."""
    if not workflow.is_main_process or lock.by_dvc():
        return []
    name = "@".join(
        filter(None, [step, "-".join(v for k, v in names.items() if k != "file")])
    )
    asked.append(name)
    return [str(MARKER)] if step != "download" and name in why() else []


@functools.cache
def forced():
    """The steps and stages that -f, -F or -R asks for: made, whatever a record says."""
    dag = workflow.dag_settings
    if dag.forceall:
        return frozenset(reads.READS)
    names = {*dag.forcerun, *(dag.targets if dag.forcetargets else ())}
    # DVC takes some folders as one output.
    names |= {str(folder) for name in names for folder in Path(name).parents}
    return frozenset(
        [step for step in reads.READS if step in names]
        + [s.name for s in all_stages() if not names.isdisjoint(s.outs)]
    )


@functools.cache
def announce():
    """Say which steps will be made, and why: before a run, and at the end of a dry run."""
    stages = {s.name: s for s in all_stages()}
    before, lines = pipeline.producers(all_stages()), {}
    for name, stage in stages.items():
        first = next((s for s in stages if s in before[name] and s in lines), None)
        if name in why() and name in asked:
            lines[name] = why()[name]
        elif {stage.step, name} & forced() and name in asked:
            lines[name] = "asked for"
        elif first and name in asked:
            lines[name] = f"after {stages[first].label}"
    for name, reason in lines.items():
        print(f"{stages[name].label}: {reason}", file=sys.stderr)


def is_params_yaml():
    """Whether the effective configuration is that of the file, as it is now on disk."""
    try:
        return config == settings.load("params.yaml")
    except StepError:
        return False


@functools.cache
def keep_records():
    """Have DVC record what was made, unless a record could be false; say which."""
    if lock.by_dvc() or not lock.in_use():
        return
    dag = workflow.dag_settings
    if not is_params_yaml():
        doubt = "the configuration was not params.yaml's"
    elif dag.until or dag.omit_from or workflow.touch:
        doubt = "the run was cut short by --until, --omit-from or --touch"
    else:
        said = lock.record(all_stages(), alive)
        doubt = ""
    said = f"dvc.lock: nothing recorded: {doubt}" if doubt else said
    if said:
        print(said, file=sys.stderr)


def at_end():
    """What no hook of Snakemake's is called for: a dry run, and one with nothing to be done."""
    if not asked or lock.by_dvc():
        return
    announce()
    waiting = examined()[1] if lock.in_use() and is_params_yaml() else 0
    if waiting and workflow.executor_plugin and not workflow.dryrun:
        keep_records()
    elif waiting:
        print(
            f"dvc.lock: {waiting} stages wait for a run to record them", file=sys.stderr
        )


if workflow.is_main_process:
    if not RAW_FILES:  # DVC wants the folder, with nothing in it
        try:
            Path(RAW).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            sys.exit(f"{RAW}: cannot be made: {error.strerror}")
    alive = lock.hold_workflow()
    atexit.register(at_end)
    found, wanted = derived_pipeline()
    if found != wanted and lock.by_dvc():
        sys.exit("dvc.yaml: not what the rules say; `snakemake -n` mends it")
    if lock.by_dvc() and not is_params_yaml():
        sys.exit("the configuration is not params.yaml's, which DVC would record")
    if found != wanted:
        atomic.write_text(PIPELINE, wanted)
        print("dvc.yaml: brought up to the rules", file=sys.stderr)
    os.environ[lock.PIPELINE] = " ".join(map(pipeline.digest, pipeline.load().values()))
