"""What Snakemake's main process decides before a run: which jobs are made, and what they are told.

It reads dvc.yaml, the records and the files; it writes nothing but the cache of md5s. The hooks
that act on it are in run.py.
"""

import functools
import os
from collections.abc import Iterable
from itertools import chain
from pathlib import Path

from snakemake.rules import RuleProxy

from groupconv.data import formats
from groupconv.engines import dates, dvc, dvcyaml, foresight, jobs, plan, records, wiring
from groupconv.engines.digests import Digests
from groupconv.engines.dvclock import Lock
from groupconv.engines.refusal import or_refuse
from groupconv.ground.errors import StepError
from groupconv.settings import config as settings
from groupconv.settings import reads


class Decisions:
    """``workflow`` is Snakemake's object, ``params`` its config.

    ``declared``: {step: {name: its inputs}}, filled in as the rules are read. ``by_content``:
    {step: files that it reads and no step makes}. ``folders``: {folder that DVC takes as one: its
    name in dvc.yaml}. ``raw``: the folder of the ``raw_files``.
    """

    def __init__(
        self,
        workflow,
        params: dict,
        *,
        declared: dict[str, dict[str, list[str]]],
        by_content: dict[str, list[str]],
        folders: dict[str, str],
        raw: str,
        raw_files: list[str],
    ):
        self.workflow, self.params = workflow, params
        self.declared, self.by_content = declared, by_content
        self.folders, self.raw, self.raw_files = folders, raw, raw_files
        self.asked: set[str] = set()  # the jobs that Snakemake considers
        self.in_dvc, self.under_dvc = dvc.in_use(), dvc.started_us()

    @functools.cache  # noqa: B019 - there is one object
    def dvc_yaml(self) -> tuple[str, str]:
        """dvc.yaml as it is, and as the rules say, whatever the configuration."""
        text = jobs.DVC_YAML.read_text("utf-8") if jobs.DVC_YAML.exists() else ""
        rules = {}
        for step in reads.READS:
            rule = RuleProxy(self.workflow.get_rule(step))
            by_name, command = dict(self.declared[step]), rule.rule.shellcmd
            # The source `folder` has no raw files, and the stage has their folder.
            by_name |= {"raw": [self.raw]} if step == "prepare" else {}
            inputs = (*chain(*by_name.values()), *self.by_content.get(step, []))
            outputs = tuple(map(str, rule.output))
            given = wiring.arguments(command, by_name, rule.output, rule.params)
            rules[step] = dvcyaml.Rule(inputs, outputs, command, *given)
        file = or_refuse(settings.load, "params.yaml")  # DVC knows no --config
        return text, or_refuse(dvcyaml.derived, text, rules, self.folders, file)

    @functools.cache  # noqa: B019
    def definitions(self) -> dict:
        """Our stages of dvc.yaml, as the rules say them."""
        return jobs.load(self.dvc_yaml()[1])

    @functools.cache  # noqa: B019
    def all_jobs(self) -> list[jobs.Job]:
        """Every job of the effective configuration."""
        return jobs.jobs(self.definitions(), self.params)

    def lock(self) -> Lock:
        """dvc.lock as it is now; without git and DVC an old one is nobody's."""
        return or_refuse(Lock, None if self.in_dvc else os.devnull)

    @functools.cache  # noqa: B019
    def examined(self) -> plan.Examined:
        """Every job compared with its records, and the raw files that are missing."""
        digests, receipts = Digests(look=formats.told), records.Receipts()  # as prepare does
        known = (self.all_jobs(), self.lock(), receipts, digests, self.in_dvc)
        found = or_refuse(plan.examine, *known)
        or_refuse(digests.save)
        # A raw file that is there is checked by its hash, by prepare.
        found.reasons.pop("download", None)
        missing = [path for path in self.raw_files if not Path(path).exists()]
        if missing:
            found.reasons["download"] = f"{missing[0]} is not there yet"
        return found

    @functools.cache  # noqa: B019
    def forced(self) -> frozenset[str]:
        """The steps and jobs that -f, -F or -R asks for: made, whatever a record says."""
        dag = self.workflow.dag_settings
        targets = dag.targets if dag.forcetargets else ()
        return plan.forced(self.all_jobs(), {*dag.forcerun, *targets}, everything=dag.forceall)

    @functools.cache  # noqa: B019
    def wanted(self) -> dict[str, str]:
        """{job: reason} of all that will be made, if Snakemake asks for it."""
        return plan.wanted(self.all_jobs(), self.examined(), self.forced())

    def is_wanted(self, name: str) -> bool:
        """Whether a job that Snakemake considers will be made."""
        self.asked.add(name)
        return name in self.wanted() or name.partition("@")[0] in reads.BY_NAME

    @functools.cache  # noqa: B019
    def spared(self) -> dict[str, str]:
        """{job: the work that it is spared}, of the jobs that will be made."""
        cache = or_refuse(dvc.cache_folder) if self.in_dvc else ""
        known = self.all_jobs(), self.wanted(), self.forced(), self.lock(), cache
        return or_refuse(foresight.costs, *known)

    def made(self) -> set[str]:
        """The jobs that will be made, as far as Snakemake has asked and leaves none out."""
        found, dag = self.asked & self.wanted().keys(), self.workflow.dag_settings
        if dag.until or dag.omit_from or dag.batch or dag.allowed_rules:
            chosen = filter(self.workflow.dag.needrun, self.workflow.dag.jobs)
            found &= {jobs.name(one.rule.name, one.wildcards_dict) for one in chosen}
        return found

    def to_pull(self) -> int:
        """The number of jobs that will be made although `dvc pull` may bring their results."""
        spared, forced = self.spared(), self.forced()
        costly = {one for one in self.made() if spared.get(one) != foresight.CACHED}
        costly -= {one for one in costly if {one, one.partition("@")[0]} & forced}
        if not costly or not self.in_dvc or not dvc.has_remote():
            return 0
        known = self.all_jobs(), self.wanted(), self.lock()
        return len(costly & or_refuse(foresight.pulled, *known))

    @functools.cache  # noqa: B019
    def told(self) -> dict:
        """What the jobs are told, on other nodes too: what is forced, DVC's cache, the rules."""
        rules = {step: jobs.digest(one) for step, one in self.definitions().items()}
        told = {"rules": rules, "forced": sorted(self.forced())}
        if self.in_dvc and not self.under_dvc:
            told["cache"] = or_refuse(dvc.cache_folder)
        return told

    def files_of_jobs(self) -> list[str]:
        """Every file whose time Snakemake may look at."""
        found = [*self.raw_files]
        for one in self.all_jobs():
            if one.step != jobs.CODE:
                rule = RuleProxy(self.workflow.get_rule(one.step))
                inputs = chain(*self.declared[one.step].values())
                paths = [*inputs, *rule.output, rule.benchmark]
                found += _filled(one, map(str, filter(None, paths)))
        return found

    def hidden(self, latest_s: int) -> set[str]:
        """The outputs of jobs that will be made, where dates hide that from Snakemake."""
        found: set[str] = set()
        for one in self.all_jobs():
            # A raw file that is there stays, whatever becomes of the others.
            if one.name in self.wanted() and one.step != "download":
                rule = RuleProxy(self.workflow.get_rule(one.step))
                outputs = _filled(one, map(str, rule.output))
                if dates.hide([*outputs, *_filled(one, [str(rule.benchmark)])], latest_s):
                    found.update(outputs)
        return found

    def written(self) -> list[str]:
        """Every file that Snakemake, or a step, will write in this run."""
        found: list[str] = []
        for one in self.all_jobs():
            if one.name in self.made():
                rule = RuleProxy(self.workflow.get_rule(one.step))
                found += _filled(one, map(str, [*rule.output, *rule.log]))
        return found

    def is_params_yaml(self) -> bool:
        """Whether the effective configuration is that of the file, as it is now on disk."""
        try:
            return self.params == settings.load("params.yaml")
        except StepError:
            return False

    def records_nothing(self) -> str:
        """Why DVC may record nothing of this run, as the record could be false; "" if it may."""
        dag = self.workflow.dag_settings
        if not self.is_params_yaml():
            return "the configuration was not params.yaml's"
        if dag.until or dag.omit_from or self.workflow.touch:
            return "the run was cut short by --until, --omit-from or --touch"
        return ""


def _filled(one: jobs.Job, paths: Iterable[str]) -> list[str]:
    """The paths with the job's wildcards filled in."""
    names, found = one.wildcards or {"file": ""}, []
    for path in paths:
        for wildcard, value in names.items():
            path = path.replace(f"{{{wildcard}}}", str(value))
        found.append(path)
    return found
