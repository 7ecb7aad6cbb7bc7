# Raw files -> packed images, and the manifest with each image's part.

import re

RAW_FILES = [file.name for file in SOURCES[config["data"]["source"]].files]


# No input, so that a file put there by hand stays; prepare checks its hash.
rule download:
    output:
        file="data/raw/{file}",
    log:
        "logs/download/{file}.log",
    benchmark:
        "logs/download/{file}.tsv"
    wildcard_constraints:
        file="|".join(map(re.escape, RAW_FILES)),
    conda:
        "../../envs/data.yaml"
    resources:
        mem_mb=500,
        runtime=60,
    params:
        json=params_of("download"),
    shell:
        "python workflow/step.py download {params.json:q} file={output.file:q} 2> {log:q}"


rule prepare:
    input:
        code=code("prepare"),
        raw=expand("data/raw/{file}", file=RAW_FILES),
    output:
        images="data/images.npy",
        index="data/index.csv",
        excluded="data/excluded.csv",
    log:
        "logs/prepare.log",
    benchmark:
        "logs/prepare.tsv"
    conda:
        "../../envs/data.yaml"
    resources:
        mem_mb=1000,
        runtime=60,
    params:
        json=params_of("prepare"),
        raw=lambda wildcards, input: [f"raw={path}" for path in input.raw],
    shell:
        "python workflow/step.py prepare {params.json:q} {params.raw:q}"
        " images={output.images} index={output.index} excluded={output.excluded} 2> {log}"


rule split:
    input:
        code=code("split"),
        index="data/index.csv",
    output:
        manifest="data/manifest.csv",
    log:
        "logs/split.log",
    benchmark:
        "logs/split.tsv"
    conda:
        "../../envs/data.yaml"
    resources:
        mem_mb=500,
        runtime=10,
    params:
        json=params_of("split"),
    shell:
        "python workflow/step.py split {params.json:q}"
        " index={input.index} manifest={output.manifest} 2> {log}"
