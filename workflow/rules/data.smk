# Raw files -> packed images, and the manifest with each image's part.


# No file as input, so that one put there by hand stays; prepare checks its hash.
rule download:
    input:
        **seam.inputs("download"),
    output:
        file=f"{seam.raw}/{{file}}",
    log:
        f"logs/download/{config['data']['source']}/{{file}}.log",
    benchmark:
        f"logs/download/{config['data']['source']}/{{file}}.tsv"
    wildcard_constraints:
        file=seam.raw_pattern,
    conda:
        "../../envs/data.yaml"
    resources:
        **needs.job(500),
        runtime=60,
    params:
        json=seam.params_of("download"),
        mirror=seam.literal(config["download"]["mirror"] or ""),
        options=seam.options("download"),
    shell:
        "python workflow/step.py download {params.json:q} file={output.file:q}"
        " mirror={params.mirror:q} {params.options:q} 2> {log:q}"


# All files of the source: DVC asks for them by this name.
rule raw:
    input:
        seam.raw_files,


rule prepare:
    input:
        **seam.inputs(
            "prepare",
            raw=seam.raw_files,
        ),
    output:
        images="data/images.npy",
        index="data/index.csv",
        excluded="data/excluded.csv",
        counts="data/counts.csv",
    log:
        "logs/prepare.log",
    benchmark:
        "logs/prepare.tsv"
    conda:
        "../../envs/data.yaml"
    threads: config["prepare"]["threads"]
    resources:
        **needs.job(seam.preparing_mb),
        runtime=needs.growing(60),
    params:
        json=seam.params_of("prepare"),
        raw=lambda wildcards, input: [f"raw={path}" for path in input.raw],
        folder=seam.reads("prepare", seam.folder),
        options=seam.options("prepare"),
    shell:
        "python workflow/step.py prepare {params.json:q} {params.raw:q}"
        " images={output.images} index={output.index} excluded={output.excluded}"
        " counts={output.counts} threads={threads} {params.options:q} 2> {log}"


rule split:
    input:
        **seam.inputs(
            "split",
            index=rules.prepare.output.index,
        ),
    output:
        manifest="data/manifest.csv",
    log:
        "logs/split.log",
    benchmark:
        "logs/split.tsv"
    conda:
        "../../envs/data.yaml"
    resources:
        **needs.job(500),
        runtime=10,
    params:
        json=seam.params_of("split"),
        options=seam.options("split"),
    shell:
        "python workflow/step.py split {params.json:q}"
        " index={input.index} manifest={output.manifest} {params.options:q} 2> {log}"


rule square:
    input:
        **seam.inputs(
            "square",
            images=rules.prepare.output.images,
            index=rules.prepare.output.index,
        ),
    output:
        pixels="data/square.npy",
    log:
        "logs/square.log",
    benchmark:
        "logs/square.tsv"
    conda:
        "../../envs/data.yaml"
    resources:
        **needs.job(500),
        runtime=needs.growing(60),
    params:
        json=seam.params_of("square"),
        options=seam.options("square"),
    shell:
        "python workflow/step.py square {params.json:q} images={input.images}"
        " index={input.index} pixels={output.pixels} {params.options:q} 2> {log}"
