"""Says before the first job what this machine, or these images, cannot bring to an end.

The steps check the same, each when its turn comes: hours later, or after a long download.
"""

import os
from collections import Counter
from importlib import metadata

from groupconv.data.catalogue import FEWEST, FEWEST_CLASSES
from groupconv.data.labels import composed
from groupconv.data.sources import folder as own_images
from groupconv.ground import machine
from groupconv.ground.errors import DataError, span
from groupconv.ground.progress import many
from groupconv.settings import reads, resources

# {source: (classes, images of the second largest)}, as they were published; None: not known here.
PUBLISHED = {
    "sample": (559, 102),
    "kkanji": (3832, None),
    "kmnist": (10, 7000),
    "k49": (49, 7000),
    "cifar100": (100, 600),
}
# Of each section of params.yaml that has threads and a device, the steps that use them.
STEPS = {"train": {"train", "evaluate", "training_speed"}, "latency": {"latency", "agreement"}}


def checks(
    params: dict, steps: set[str], *, cores: int | None, here: bool = True, conda: bool = False
) -> list[str]:
    """A line for each thing that is refused, empty if the ``steps`` can be made.

    ``steps`` by name. ``cores``: those that the engine may use, None if it sets no limit. ``here``:
    the jobs run on this machine, and not on a cluster's. ``conda``: each step gets an environment
    of its own, so this one's torch tells nothing.
    """
    lines = []
    for section in (name for name, wanted in STEPS.items() if wanted & steps):
        lines += _threads(section, params[section]["threads"], cores, here)
        if here and params[section]["device"] == "cuda":
            lines += _cuda(section, conda)
    if here and steps & {"train", "training_speed"}:
        lines += _precision(params["train"])
    if here:
        lines += _memory(params, steps)
    if "prepare" in steps:
        lines += _images(params["data"])
    return lines


def _threads(section: str, threads: int, cores: int | None, here: bool) -> list[str]:
    """Snakemake would silently run a job on fewer; here threads are part of the result."""
    line = f"params.yaml: {section}.threads = {threads}"
    mine = machine.cores()
    if here and threads > mine:
        return [f"{line}: this machine has {many(mine, 'core')}; allowed: {span(1, mine)}"]
    if cores is not None and threads > cores:
        return [f"{line}: --cores is {cores}; allowed: {span(1, cores)}, or more --cores"]
    return []


def _cuda(section: str, conda: bool) -> list[str]:
    line = f"params.yaml: {section}.device = cuda"
    visible = os.getenv("CUDA_VISIBLE_DEVICES")
    if visible is not None and visible.strip() in ("", "-1"):
        return [f"{line}: CUDA_VISIBLE_DEVICES = {visible!r} hides every GPU; unset it, or auto"]
    if not machine.may_have_gpu():
        return [f"{line}: this machine has none; allowed: auto, cpu"]
    torch = metadata.version("torch")
    if torch.endswith("+cpu") and not conda:
        mend = "TORCH=auto bash envs/setup.sh gets one with it"
        return [f"{line}: torch {torch} is built without CUDA; allowed: auto, cpu; {mend}"]
    return []


def _precision(train: dict) -> list[str]:
    """Of the CPU; what a GPU can do only torch knows, and each step asks it."""
    on_gpu = train["device"] != "cpu" and machine.may_have_gpu()
    if train["precision"] != "bf16" or on_gpu or machine.cpu_has_bf16():
        return []
    line = f"params.yaml: train.precision = bf16: {machine.cpu()} has no bf16 arithmetic"
    return [f"{line}; allowed: fp32"]


def _memory(params: dict, steps: set[str]) -> list[str]:
    """Steps that need more than this machine's memory: the largest training, and the timed ones."""
    needs = []
    if "train" in steps:
        of_all = [
            reads.params_of(params, "train", scheme=name, seed=0) for name in params["schemes"]
        ]
        needs += [
            (
                resources.training_mb(own["model"], scheme, own["train"]["batch_size"]),
                f"train {name}",
                resources.memory_key("train", own),
            )
            for own in of_all
            for name, scheme in own["schemes"].items()
        ]
        needs = [max(needs)]
    if "latency" in steps:
        key = resources.memory_key("latency", params)
        needs.append((resources.latency_mb(params), "latency", key))
    if "training_speed" in steps and params["training_speed"]["steps"]:
        key = resources.memory_key("training_speed", params)
        needs.append((resources.training_speed_mb(params), "training_speed", key))
    most = machine.memory_mb()
    return [
        f"params.yaml: {key}: {what} needs about {mb:,} MB of memory, this machine has {most:,} MB"
        for mb, what, key in needs
        if mb > most
    ]


def _images(data: dict) -> list[str]:
    """Too few images of any class, or too few classes, where that is known before prepare."""
    if data["source"] == "folder":
        try:
            return _own_images(data)
        except DataError as error:
            return [str(error)]
    classes, most = PUBLISHED.get(data["source"], (None, None))
    if most and data["min_images"] > most:
        return [
            f"params.yaml: data.min_images = {data['min_images']}: the source has no two classes "
            f"of so many images; allowed: {span(FEWEST, most)}"
        ]
    if classes and (data["classes"] or 0) > classes:
        return [
            f"params.yaml: data.classes = {data['classes']}: the source has {classes:,}; "
            f"allowed: {span(FEWEST_CLASSES, classes)}, or null for all"
        ]
    return []


def _own_images(data: dict) -> list[str]:
    """Counts files, images or not, and only until there are enough. Raises DataError."""
    labels = set(own_images.labels_of(data["folder"]))
    counts: Counter[str] = Counter()
    enough, wanted = 0, data["classes"] or FEWEST_CLASSES
    for path in own_images.files(data["folder"]):
        label = next(composed(folder.name) for folder in path.parents if folder in labels)
        counts[label] += 1
        enough += counts[label] == data["min_images"]
        if enough == wanted:
            return []
    if len(counts) < FEWEST_CLASSES:
        return []  # prepare knows more of why
    has = f"{data['folder']} has {many(enough, 'class')}"
    if enough >= FEWEST_CLASSES:
        allowed = f"{span(FEWEST_CLASSES, enough)}, or null for all"
        return [
            f"params.yaml: data.classes = {wanted}: {has} of at least {data['min_images']} images; "
            f"allowed: {allowed}"
        ]
    (first, most), (second, more) = counts.most_common(2)
    allowed = span(FEWEST, more, f"none: a class needs {FEWEST}")
    return [
        f"params.yaml: data.min_images = {data['min_images']}: {has} of so many "
        f"images; the largest ({first}) has {most}, the second ({second}) {more}; "
        f"allowed: {allowed}"
    ]
