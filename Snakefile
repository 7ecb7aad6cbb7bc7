# The whole workflow: data -> train -> measure -> report. A rule `train` runs groupconv/steps/train.py.


# Per machine: jobs on other nodes do not wait for this one.
resource_scopes:
    share="local",


# Small steps, on the machine where one types; what is downloaded needs its network.
localrules:
    download,
    raw,
    split,
    sweep,
    summary,
    claims,
    tables,
    figures,
    report,
    pipeline,


include: "workflow/seam.smk"
include: "workflow/rules/data.smk"
include: "workflow/rules/train.smk"
include: "workflow/rules/sweep.smk"
include: "workflow/rules/measure.smk"
include: "workflow/rules/elsewhere.smk"
include: "workflow/rules/report.smk"


rule all:
    default_target: True
    input:
        rules.report.output,
        rules.summary.output,
        rules.claims.output,
        rules.training_speed.output,


# Makes nothing: dvc.yaml is brought up to the rules before any run.
rule pipeline:
    input:
        [],


if seam.run:
    seam.run.begin()


onstart:
    seam.run.on_start()


onsuccess:
    seam.run.on_success()


onerror:
    seam.run.on_error(log[0] if isinstance(log, list) else log)
