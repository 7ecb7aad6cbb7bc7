# Raw files -> packed images, and the manifest with each image's part.

import re

RAW_FILES = [file.name for file in raw_files(config["data"])]


# No file as input, so that one put there by hand stays; prepare checks its hash.
rule download:
    input:
        changed=changed("download"),
    output:
        file=f"{RAW}/{{file}}",
    log:
        f"logs/download/{config['data']['source']}/{{file}}.log",
    benchmark:
        f"logs/download/{config['data']['source']}/{{file}}.tsv"
    wildcard_constraints:
        file="|".join(map(re.escape, RAW_FILES)),
    conda:
        "../../envs/data.yaml"
    resources:
        **memory(500),
        runtime=60,
    params:
        json=params_of("download"),
        mirror=config["download"]["mirror"] or "",
    shell:
        "python workflow/step.py download {params.json:q} file={output.file:q}"
        " mirror={params.mirror:q} 2> {log:q}"


# All files of the source: DVC asks for them by this name.
rule raw:
    input:
        expand(f"{RAW}/{{file}}", file=RAW_FILES),


rule prepare:
    input:
        code=code("prepare"),
        changed=changed("prepare"),
        raw=expand(f"{RAW}/{{file}}", file=RAW_FILES),
        folder=ancient(FOLDER),
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
        **memory(growing(1000)),
        runtime=growing(60),
    params:
        json=params_of("prepare"),
        raw=lambda wildcards, input: [f"raw={path}" for path in input.raw],
    shell:
        "python workflow/step.py prepare {params.json:q} {params.raw:q}"
        " images={output.images} index={output.index} excluded={output.excluded} 2> {log}"


rule split:
    input:
        code=code("split"),
        changed=changed("split"),
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
        **memory(500),
        runtime=10,
    params:
        json=params_of("split"),
    shell:
        "python workflow/step.py split {params.json:q}"
        " index={input.index} manifest={output.manifest} 2> {log}"
