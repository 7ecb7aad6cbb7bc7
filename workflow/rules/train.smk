# One training of each scheme and seed, and its evaluation on the test part.


rule train:
    input:
        code=code("train"),
        changed=changed("train"),
        manifest="data/manifest.csv",
        images="data/images.npy",
    output:
        checkpoint="results/schemes/{scheme}/seed{seed}/checkpoint.pt",
        best_val="results/schemes/{scheme}/seed{seed}/checkpoint_best_val.pt",
        history="results/schemes/{scheme}/seed{seed}/history.csv",
    log:
        "logs/train/{scheme}/seed{seed}.log",
    benchmark:
        "logs/train/{scheme}/seed{seed}.tsv"
    # The slowest schemes first: two at a time then end at about the same moment.
    priority: lambda wildcards: resources.trained_counts(*network_of(wildcards)).macs / 1e9
    conda:
        torch_environment(config["train"]["device"])
    threads: config["train"]["threads"]
    resources:
        **memory(training_mb, gpu=resources.gpus(config["train"]["device"])),
        runtime=growing(24 * 60),
    params:
        json=params_of("train"),
    shell:
        "python workflow/step.py train {params.json:q} manifest={input.manifest}"
        " images={input.images} checkpoint={output.checkpoint} best_val={output.best_val}"
        " history={output.history} 2> {log}"


rule evaluate:
    input:
        code=code("evaluate"),
        changed=changed("evaluate"),
        manifest="data/manifest.csv",
        images="data/images.npy",
        last="results/schemes/{scheme}/seed{seed}/checkpoint.pt",
        best_val="results/schemes/{scheme}/seed{seed}/checkpoint_best_val.pt",
    output:
        predictions="results/schemes/{scheme}/seed{seed}/predictions.csv",
        test="results/schemes/{scheme}/seed{seed}/test.json",
    log:
        "logs/evaluate/{scheme}/seed{seed}.log",
    benchmark:
        "logs/evaluate/{scheme}/seed{seed}.tsv"
    conda:
        torch_environment(config["train"]["device"])
    threads: config["train"]["threads"]
    resources:
        **memory(training_mb, gpu=resources.gpus(config["train"]["device"])),
        runtime=growing(60),
    params:
        json=params_of("evaluate"),
    shell:
        "python workflow/step.py evaluate {params.json:q} manifest={input.manifest}"
        " images={input.images} last={input.last} best_val={input.best_val}"
        " predictions={output.predictions} test={output.test} 2> {log}"
