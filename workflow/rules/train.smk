# One training of each scheme and seed, and its evaluation on the test and val parts.


rule train:
    input:
        **seam.inputs(
            "train",
            manifest=rules.split.output.manifest,
            pixels=rules.square.output.pixels,
        ),
    output:
        checkpoint="results/schemes/{scheme}/seed{seed}/checkpoint.pt",
        best_val="results/schemes/{scheme}/seed{seed}/checkpoint_best_val.pt",
        history="results/schemes/{scheme}/seed{seed}/history.csv",
    log:
        "logs/train/{scheme}/seed{seed}.log",
    benchmark:
        "logs/train/{scheme}/seed{seed}.tsv"
    priority: seam.priority
    conda:
        conda.torch_environment(config["train"]["device"])
    threads: config["train"]["threads"]
    resources:
        **needs.job(seam.training_mb, gpu=needs.gpus(config["train"]["device"])),
        runtime=needs.growing(24 * 60),
    params:
        json=seam.params_of("train"),
        options=seam.options("train"),
    shell:
        "python workflow/step.py train {params.json:q} manifest={input.manifest}"
        " pixels={input.pixels} checkpoint={output.checkpoint} best_val={output.best_val}"
        " history={output.history} {params.options:q} 2> {log}"


rule evaluate:
    input:
        **seam.inputs(
            "evaluate",
            manifest=rules.split.output.manifest,
            pixels=rules.square.output.pixels,
            last=rules.train.output.checkpoint,
            best_val=rules.train.output.best_val,
        ),
    output:
        predictions="results/schemes/{scheme}/seed{seed}/predictions.csv",
        val_predictions="results/schemes/{scheme}/seed{seed}/val_predictions.csv",
        test="results/schemes/{scheme}/seed{seed}/test.json",
    log:
        "logs/evaluate/{scheme}/seed{seed}.log",
    benchmark:
        "logs/evaluate/{scheme}/seed{seed}.tsv"
    priority: 1_000_000  # before any other training: should the machine go, its results are there
    conda:
        conda.torch_environment(config["train"]["device"])
    threads: config["train"]["threads"]
    resources:
        **needs.job(seam.training_mb, gpu=needs.gpus(config["train"]["device"])),
        runtime=needs.growing(60),
    params:
        json=seam.params_of("evaluate"),
        options=seam.options("evaluate"),
    shell:
        "python workflow/step.py evaluate {params.json:q} manifest={input.manifest}"
        " pixels={input.pixels} last={input.last} best_val={input.best_val}"
        " predictions={output.predictions} val_predictions={output.val_predictions}"
        " test={output.test} {params.options:q} 2> {log}"
