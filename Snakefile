# The whole workflow: data -> train -> measure -> report. A rule `train` runs groupconv/train.py.


# Per machine: jobs on other nodes do not wait for this one.
resource_scopes:
    share="local",


# Small steps, on the machine where one types; what is downloaded needs its network.
localrules:
    download,
    raw,
    split,
    summary,
    claims,
    tables,
    figures,
    report,


include: "workflow/rules/common.smk"
include: "workflow/rules/environments.smk"
include: "workflow/rules/data.smk"
include: "workflow/rules/train.smk"
include: "workflow/rules/measure.smk"
include: "workflow/rules/report.smk"
include: "workflow/rules/dvc.smk"
include: "workflow/rules/messages.smk"


rule all:
    default_target: True
    input:
        "results/report.html",
        "results/summary.csv",
        "results/metrics.json",
        "results/claims.json",
