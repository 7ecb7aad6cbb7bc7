# Which learning rate and initialisation? Made where one asks for it: snakemake --cores all sweep


rule grid:
    input:
        **seam.inputs(
            "grid",
            manifest=rules.split.output.manifest,
            pixels=rules.square.output.pixels,
        ),
    output:
        table="results/sweep/{scheme}.csv",
    log:
        "logs/grid/{scheme}.log",
    benchmark:
        "logs/grid/{scheme}.tsv"
    priority: seam.priority
    conda:
        conda.torch_environment(config["train"]["device"])
    threads: config["train"]["threads"]
    resources:
        **needs.job(seam.training_mb, gpu=needs.gpus(config["train"]["device"])),
        runtime=needs.growing(24 * 60),
    params:
        json=seam.params_of("grid"),
        options=seam.options("grid"),
    shell:
        "python workflow/step.py grid {params.json:q} manifest={input.manifest}"
        " pixels={input.pixels} table={output.table} {params.options:q} 2> {log}"


rule sweep:
    input:
        **seam.inputs(
            "sweep",
            grids=seam.of_all(rules.grid.output.table),
        ),
    output:
        table="results/sweep.csv",
        choice="results/sweep.json",
    log:
        "logs/sweep.log",
    benchmark:
        "logs/sweep.tsv"
    conda:
        "../../envs/report.yaml"
    resources:
        **needs.job(500),
        runtime=10,
    params:
        json=seam.params_of("sweep"),
        grid=seam.literal(rules.grid.output.table),
        options=seam.options("sweep"),
    shell:
        "python workflow/step.py sweep {params.json:q} grid={params.grid:q}"
        " table={output.table} choice={output.choice} {params.options:q} 2> {log}"
