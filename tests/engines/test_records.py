"""Never a false record, and none that is lost: damage, kills and edits around dvc.lock."""

import os
import signal
import time

import psutil
import pytest
from test_scenarios import AFTER, AGREED, TRAININGS
from versioned import computed, copied, reasons

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]

BEFORE = ".snakemake/groupconv/dvc.lock.before"
WAITS = "dvc.lock: the next run records "


def made_while_dvc_was_away(project):
    """Two steps of which DVC knows nothing."""
    project.edit("dpi: 150", "dpi: 100")
    away = project.folder.with_name(f"{project.folder.name}-dvc")
    (project.folder / ".dvc").rename(away)
    assert project.make() == {"figures", "report"}
    away.rename(project.folder / ".dvc")


def test_what_dvc_did_not_record_the_next_run_records(done):
    """Made while DVC was away, or by a run whose recording was refused: nothing is made again."""
    made_while_dvc_was_away(done)
    assert f"{WAITS}2 stages" in done.snakemake("-n").stdout
    run = done.snakemake("--cores", "2")
    assert "Nothing to be done" in run.stdout
    assert "dvc.lock: recorded 2 stages" in run.stdout
    assert WAITS not in done.snakemake("-n").stdout
    done.agree()


def test_f5_what_dvc_did_not_record_it_makes_again(done):
    made_while_dvc_was_away(done)
    assert done.make("dvc") == {"figures", "report"}
    done.agree()


def started_commit(project):
    """A run that is recording just now."""
    run = project.start("--cores", "2")
    while not (project.folder / BEFORE).exists():
        assert run.poll() is None, run.stdout.read()
        time.sleep(0.01)
    return run


def test_an_edit_while_dvc_records_is_not_recorded(done):
    done.edit("dpi: 150", "dpi: 100")
    lock = (done.folder / "dvc.lock").read_text()
    with started_commit(done) as run:
        done.edit("dpi: 100", "dpi: 99")
        screen, _ = run.communicate(timeout=120)
    assert "dvc.lock: nothing recorded: a file has changed meanwhile" in screen
    assert (done.folder / "dvc.lock").read_text() == lock
    assert done.wanted() == done.wanted_by_dvc() == {"figures", "report"}
    done.edit("dpi: 99", "dpi: 100")
    assert "dvc.lock: recorded 2 stages" in done.snakemake("--cores", "2").stdout
    done.agree()


def test_killed_while_dvc_records_the_next_run_mends_it(done):
    done.edit("dpi: 150", "dpi: 100")
    lock = done.folder / "dvc.lock"
    whole = lock.read_text()
    with started_commit(done) as run:
        os.killpg(run.pid, signal.SIGKILL)
    lock.write_text(whole[: len(whole) // 2])  # as DVC leaves it that is killed as it writes
    run = done.snakemake("--cores", "2")
    assert "dvc.lock: restored; the last run was killed while it recorded" in run.stdout
    assert "dvc.lock: recorded 2 stages" in run.stdout
    assert not [line for line in reasons(run.stdout) if "train" in line]
    done.agree()


def test_a_dvc_that_outlives_the_killed_run_records_nothing_false(done):
    done.edit("dpi: 150", "dpi: 100")
    with started_commit(done) as run:
        while not (commits := psutil.Process(run.pid).children()):
            time.sleep(0.01)
        commits[0].suspend()
        run.kill()
    done.edit("dpi: 100", "dpi: 99")
    assert done.wanted() == {"figures", "report"}
    commits[0].resume()
    psutil.wait_procs(commits, timeout=120)
    run = done.snakemake("-n")
    assert "dvc.lock: a run was killed while it recorded; the next run restores it" in run.stdout
    assert done.wanted() == {"figures", "report"}
    done.edit("dpi: 99", "dpi: 100")
    assert "dvc.lock: recorded 2 stages" in done.snakemake("--cores", "2").stdout
    done.agree()


@pytest.mark.parametrize("end", ["\n    - pa", "\n    params:"])
def test_a_lock_cut_off_after_a_line_costs_records_and_no_more(done, end):
    lock = done.folder / "dvc.lock"
    text = lock.read_text()
    lock.write_text(text[: text.index(end, len(text) // 2) + len(end)])
    (done.folder / ".snakemake").rename(done.folder.with_name(f"{done.folder.name}-state"))
    run = done.snakemake("-n")
    assert run.returncode == 0, run.stdout
    assert "Traceback" not in run.stdout
    assert "report: no record of how it was made" in run.stdout


def test_a_lock_that_is_not_yaml_is_refused_in_one_line(done):
    lock = done.folder / "dvc.lock"
    whole = lock.read_text()
    lock.write_text("a: [")
    run = done.snakemake("--cores", "2")
    assert run.returncode == 1
    assert run.stdout.rstrip().splitlines()[-1].startswith("dvc.lock: line 1: `a: [`: [ without ]")
    assert "Traceback" not in run.stdout
    lock.write_text(whole)
    done.agree()


def test_nothing_is_recorded_of_raw_files_that_prepare_refused(fresh):
    (wheel,) = (fresh.folder / "data" / "raw" / "sample").iterdir()
    whole = wheel.read_bytes()
    wheel.write_bytes(whole[:-1])
    assert fresh.snakemake("--cores", "2").returncode == 1
    assert not (fresh.folder / "dvc.lock").exists()
    wheel.write_bytes(whole)
    fresh.make()
    fresh.agree()


def test_another_configuration_deletes_nothing(done):
    """Of seeds that it lacks; and its own results are not recorded."""
    lock = (done.folder / "dvc.lock").read_text()
    other = copied(done, done.folder.with_name(f"{done.folder.name}-other"))
    seeds = done.folder.with_name(f"{done.folder.name}.yaml")
    seeds.write_text("train: {seeds: [1]}\n")
    target = "results/schemes/E/macs.json"
    run = other.snakemake("--cores", "2", "--configfile", str(seeds), "-R", "macs", "--", target)
    assert run.returncode == 0, run.stdout
    assert "dvc.lock: nothing recorded: the configuration was not params.yaml's" in run.stdout
    assert (other.folder / "dvc.lock").read_text() == lock
    assert (other.folder / "results/schemes/E/seed0/checkpoint.pt").exists()
    other.agree()


def test_a_seed_that_is_taken_out_leaves_nothing(done):
    one = done.commit()
    done.edit("seeds: [0] ", "seeds: [0, 1] ")
    expected = {name.replace("seed 0", "seed 1") for name in TRAININGS} | {AGREED, *AFTER}
    assert done.wanted() == done.wanted_by_dvc() == expected
    assert done.make() == expected
    done.agree()
    assert "train@E-1" in (done.folder / "dvc.lock").read_text()
    done.commit()
    done.edit("seeds: [0, 1] ", "seeds: [0] ")
    assert done.wanted() == {AGREED, *AFTER}
    assert done.make() == set()  # all of it was made before
    done.agree()
    assert "-1:" not in (done.folder / "dvc.lock").read_text()
    assert not list(done.folder.glob("results/schemes/*/seed1"))
    done.git("checkout", "--quiet", one, "--", "results", "dvc.lock")
    done.agree()


def test_a_renamed_scheme_leaves_nothing_of_its_old_name(done):
    done.edit("  E: {groups", "  Z: {groups")
    of_z = {"train Z seed 0", "evaluate Z seed 0", "macs Z"}
    expected = {*of_z, "latency", "training_speed", AGREED, *AFTER}
    assert done.wanted() == expected
    assert done.make() == expected
    done.agree()
    assert "@E" not in (done.folder / "dvc.lock").read_text()
    assert not (done.folder / "results" / "schemes" / "E").exists()
    assert not (done.folder / "results" / "figures" / "curves_E.svg").exists()


def test_what_is_and_what_is_not_a_change(done):
    # The order of the schemes in the file is none.
    done.edit("  baseline: {groups: [1, 1, 1, 1, 1]}\n", "")
    done.edit("\n\ntrain:", "\n  baseline: {groups: [1, 1, 1, 1, 1]}\n\ntrain:")
    done.agree()
    # A rule's command is one, under both engines.
    rule, old = "workflow/rules/train.smk", '" predictions={output.predictions}'
    done.edit(old, '"  predictions={output.predictions}', rule)
    assert done.snakemake("--cores", "1", "pipeline").returncode == 0
    expected = {name for name in TRAININGS if "evaluate" in name} | {AGREED, *AFTER}
    assert done.wanted() == done.wanted_by_dvc() == expected
    assert "evaluate E seed 0: the rule's command changed" in done.snakemake("-n").stdout
    done.edit('"  predictions={output.predictions}', old, rule)
    assert done.make() == set()
    done.agree()
    # So is a text that only the report reads; a newer time of the same text is none.
    texts = "workflow/paper/ambiguities.yaml"
    path = done.folder / texts
    before = path.read_text()
    path.write_text(f"{before}# a comment\n")
    assert done.wanted() == done.wanted_by_dvc() == {"report"}
    done.make()
    second = done.commit()
    for commit in ("HEAD~1", second):
        done.git("checkout", "--quiet", commit)
        assert done.dvc("checkout").returncode == 0
        done.agree()


@pytest.mark.parametrize("dated", [0, time.time() + 86_400, 4e9], ids=["1970", "tomorrow", "2096"])
def test_outputs_of_a_strange_date_hide_no_change(done, dated):
    def date():
        for folder in ("results", "logs"):  # Snakemake looks at the benchmarks' dates, too
            for path in (done.folder / folder).rglob("*"):
                if path.is_file():
                    os.utime(path, (dated, dated))

    date()
    done.agree()
    date()
    done.edit("dpi: 150", "dpi: 100")
    assert done.make() == {"figures", "report"}
    done.agree()


def test_merged_branches_leave_no_record_of_two_halves(done):
    """The causes of one branch with the results of the other, which git would put together."""
    trunk = done.git("branch", "--show-current").strip()
    done.git("checkout", "--quiet", "-b", "other")
    done.edit("dpi: 150", "dpi: 100")
    done.make()
    done.commit()
    done.git("checkout", "--quiet", trunk)
    assert done.dvc("checkout").returncode == 0
    done.edit("</body>", "<p>MERGED</p></body>", "workflow/report/report.html.j2")
    done.make()
    done.commit()
    done.git("merge", "--quiet", "--strategy-option", "theirs", "--message", "both", "other")
    assert done.make() == {"report"}
    assert "MERGED" in (done.folder / "results" / "report.html").read_text(encoding="utf-8")
    done.agree()


def test_what_is_asked_for_is_made_though_a_record_holds(done):
    assert done.wanted() == set()
    run = done.snakemake("--cores", "2", "--force", "results/figures/fig09.svg")
    assert "figures: asked for" in run.stdout
    assert "figures: made before" not in run.stdout
    rules = ("--allowed-rules", "prepare", "split")
    run = done.snakemake("--cores", "2", "--forceall", *rules, "--", "data/manifest.csv")
    assert run.returncode == 0, run.stdout
    assert computed(run.stdout) == {"prepare", "split"}
    done.agree()


def test_links_into_the_cache_work(done):
    """For those whose file system has no reflinks and who want no copies."""
    assert done.dvc("config", "--local", "cache.type", "reflink,symlink").returncode == 0
    assert done.dvc("checkout", "--relink").returncode == 0
    assert (done.folder / "results/schemes/E/seed0/checkpoint.pt").is_symlink()
    done.agree()
    done.edit("dpi: 150", "dpi: 100")
    assert done.make() == {"figures", "report"}
    done.agree()


def test_a_second_run_leaves_the_first_ones_lock_alone(done):
    done.edit("epochs: 2 ", "epochs: 99999 ")
    with done.start("--cores", "2") as run:
        for line in run.stdout:
            if "epoch 1/" in line:
                break
        second = done.snakemake("--cores", "2")
        os.killpg(run.pid, signal.SIGKILL)
        run.stdout.read()
    assert second.returncode == 1
    assert "removed; the run that left it was killed" not in second.stdout
    assert "lock" in second.stdout.lower()
    # The killed one's lock goes with one line.
    done.edit("epochs: 99999 ", "epochs: 2 ")
    run = done.snakemake("--cores", "2")
    assert run.stdout.count("removed; the run that left it was killed") >= 1
    done.agree()
