# The whole workflow: data -> train -> measure -> report. A rule `train` runs groupconv/train.py.


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
