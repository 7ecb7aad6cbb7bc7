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
    params = {}
    for name, stage in document["stages"].items():
        params[name] = copy.deepcopy(base)
        for key, value in stage["set"].items():
            section, _, inner = key.partition(".")
            if inner not in params[name].get(section, {}):
                known = [f"{s}.{k}" for s, keys in base.items() for k in keys]
                near = schema.nearest(key, known)
                raise ParamsError(f"{stages}: {name}: {key}: unknown key; did you mean {near}?")
            params[name][section][inner] = value
        config.check(params[name], f"{stages}: {name}")
    trainings = []
    for entry in document["order"]:
        if entry["stage"] not in params:
            near = schema.nearest(entry["stage"], params)
            raise ParamsError(f"{stages}: order: no stage {entry['stage']}; did you mean {near}?")
        seeds = params[entry["stage"]]["train"]["seeds"]
        for seed in entry.get("seeds", [None]):
            if seed not in (None, *seeds):
                raise ParamsError(f"{stages}: order: seed {seed}: not in train.seeds = {seeds}")
            for scheme in entry["schemes"]:
                if scheme not in base["schemes"]:
                    known = ", ".join(base["schemes"])
                    raise ParamsError(f"{stages}: order: no scheme {scheme}; allowed: {known}")
                trainings.append(Training(entry["stage"], scheme, seed))
    sets = {name: stage["set"] for name, stage in document["stages"].items()}
    return Plan(params, trainings, sets, document.get("rates", {}))


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
