"""What the study trains: stages.yaml above configs/study.yaml. Knows no results."""

import copy
from dataclasses import dataclass, field
from pathlib import Path

import yaml
from groupconv.ground.errors import ParamsError
from groupconv.results.order import in_order
from groupconv.settings import config, reads, schema, unreadable

ROOT = Path(__file__).parents[1]
STAGES, CONFIG = ROOT / "study" / "stages.yaml", ROOT / "configs" / "study.yaml"


@dataclass(frozen=True)
class Training:
    """One training of a stage, or, without a seed, a grid of rates and initialisations."""

    stage: str
    scheme: str
    seed: int | None

    @property
    def name(self) -> str:
        """Its folder below study/results: main/E-seed0, rate/E."""
        seed = "" if self.seed is None else f"-seed{self.seed}"
        return f"{self.stage}/{self.scheme}{seed}"

    @property
    def folder(self) -> str:
        """Where a run of the workflow has its files."""
        of_scheme = f"results/schemes/{self.scheme}/seed{self.seed}"
        return "results/sweep" if self.seed is None else of_scheme

    @property
    def target(self) -> str:
        """What Snakemake is asked for."""
        name = f"{self.scheme}.csv" if self.seed is None else "test.json"
        return f"{self.folder}/{name}"


@dataclass(frozen=True)
class Plan:
    """The stages, and every training in its order."""

    stages: dict[str, dict]  # params of each, complete
    trainings: list[Training]
    sets: dict[str, dict] = field(default_factory=dict)  # the keys that each stage changes
    # {scheme without a grid: the schemes whose best it takes}
    rates: dict[str, list[str]] = field(default_factory=dict)

    def of_scheme(self, one: Training) -> dict:
        """What the step `train` or `grid` reads for it."""
        step = "grid" if one.seed is None else "train"
        return reads.params_of(self.stages[one.stage], step, scheme=one.scheme, seed=one.seed)


def load(stages: Path = STAGES, configuration: Path = CONFIG) -> Plan:
    """Read and check both files. Raises StepError, in one line for each complaint."""
    base, document = config.load(configuration), unreadable.read(stages)
    _of_kind(document, dict, f"{stages}", "keys with values")
    for key in ("stages", "order"):
        if key not in document:
            raise ParamsError(f"{stages}: no {key}; it needs stages and order, and may have rates")
    _no_others(document, ["stages", "order", "rates"], f"{stages}")
    for name in _of_kind(document["stages"], dict, f"{stages}: stages", "keys with values"):
        _of_kind(name, str, f"{stages}: stages: {name}", "text: put the name in quotes")
    _items(document["order"], f"{stages}: order", "a list of trainings")
    params = {
        name: _of_stage(base, stage, f"{stages}: {name}")
        for name, stage in document["stages"].items()
    }
    trainings = []
    for entry in document["order"]:
        trainings += _of_entry(entry, params, list(base["schemes"]), f"{stages}: order")
    if twice := [one for one in trainings if trainings.count(one) > 1]:
        raise ParamsError(f"{stages}: order: {twice[0].name}: stands twice; leave one out")
    rates = _of_kind(document.get("rates", {}), dict, f"{stages}: rates", "keys with values")
    for scheme, others in rates.items():
        of = f"{stages}: rates: {scheme}"
        for name in (scheme, *_items(others, of, "a list of schemes")):
            _known(name, list(base["schemes"]), of, "scheme")
    sets = {name: stage["set"] for name, stage in document["stages"].items()}
    return Plan(params, trainings, sets, rates)


def _of_stage(base: dict, stage: dict, name: str) -> dict:
    """Params of a stage, complete. Raises ParamsError, as for a wrong params.yaml."""
    found = copy.deepcopy(base)
    of = _of_kind(stage, dict, name, "keys with values").get("set")
    _no_others(stage, ["what", "set"], name)
    for key, value in _of_kind(of, dict, f"{name}: set", "keys with values, or {}").items():
        section, _, inner = str(key).partition(".")
        if inner not in found.get(section, {}):
            known = [f"{s}.{k}" for s, keys in base.items() for k in keys]
            raise ParamsError(f"{name}: {key}: unknown key{_nearest(key, known)}")
        found[section][inner] = value
    config.check(found, name)
    return found


def _of_entry(entry: dict, params: dict, schemes: list[str], name: str) -> list[Training]:
    """The trainings of one line of ``order``. Raises ParamsError."""
    _of_kind(entry, dict, name, "{stage: ..., schemes: [...], seeds: [...]}")
    _no_others(entry, ["stage", "schemes", "seeds"], name)
    for key in ("stage", "schemes"):
        if key not in entry:
            raise ParamsError(f"{name}: {schema.show(entry)}: no {key}")
    stage = _known(entry["stage"], list(params), name, "stage")
    trained = params[stage]["train"]["seeds"]
    seeds = [None]  # a grid has none
    if "seeds" in entry:
        seeds = _items(entry["seeds"], f"{name}: seeds", "a list of seeds")
        for seed in seeds:
            if type(seed) is not int or seed not in trained:
                raise ParamsError(f"{name}: seed {seed}: not in train.seeds = {trained}")
    own = _items(entry["schemes"], f"{name}: schemes", "a list of schemes")
    for scheme in own:
        _known(scheme, schemes, name, "scheme")
    return [Training(stage, scheme, seed) for seed in seeds for scheme in own]


def _of_kind(value: object, kind: type, name: str, words: str) -> object:
    if not isinstance(value, kind):
        raise ParamsError(f"{name} = {schema.show(value)}: must be {words}")
    return value


def _items(value: object, name: str, words: str) -> list:
    """A list that names something, each once. Raises ParamsError."""
    found = _of_kind(value, list, name, words)
    if not found:
        raise ParamsError(f"{name} = []: must name at least one")
    if twice := [one for one in found if found.count(one) > 1]:
        raise ParamsError(f"{name}: {schema.show(twice[0])}: stands twice; leave one out")
    return found


def _no_others(given: dict, known: list[str], name: str) -> None:
    """Raise ParamsError for a key that is not ``known``."""
    for key in given:
        if key not in known:
            near = _nearest(key, known) or f"; known: {', '.join(known)}"
            raise ParamsError(f"{name}: {schema.show(key)}: unknown key{near}")


def _known(value: object, known: list[str], name: str, what: str) -> str:
    if value not in known:
        allowed = ", ".join(known)
        near = _nearest(value, known)
        raise ParamsError(f"{name}: no {what} {value}; allowed: {allowed}{near}")
    return value


def _nearest(value: object, known: list[str]) -> str:
    near = schema.nearest(str(value), known)
    return f"; did you mean {near}?" if near else ""


def limited(params: dict, schemes: list[str], seeds: list[int]) -> dict:
    """``params`` with these schemes and seeds alone: those that are trained so far."""
    found = copy.deepcopy(params)
    found["schemes"] = {name: params["schemes"][name] for name in in_order(schemes)}
    found["train"]["seeds"] = seeds
    for key in reads.PER_SCHEME:
        section, name = key.split(".")
        if isinstance(found[section][name], dict):
            found[section][name] = {s: found[section][name][s] for s in found["schemes"]}
    return found


def written(params: dict) -> str:
    """A params.yaml."""
    return yaml.safe_dump(params, sort_keys=False, allow_unicode=True)
