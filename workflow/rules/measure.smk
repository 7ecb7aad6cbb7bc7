# What the paper's full model costs, whatever was trained, and all results in one table.


rule macs:
    input:
        **seam.inputs("macs"),
    output:
        macs="results/schemes/{scheme}/macs.json",
    log:
        "logs/macs/{scheme}.log",
    benchmark:
        "logs/macs/{scheme}.tsv"
    conda:
        "../../envs/torch-cpu.yaml"
    resources:
        **needs.job(needs.growing(2000)),
        runtime=needs.growing(10),
    params:
        json=seam.params_of("macs"),
        options=seam.options("macs"),
    shell:
        "python workflow/step.py macs {params.json:q} macs={output.macs}"
        " {params.options:q} 2> {log}"


# One job, which times the schemes in turn: between jobs the machine would have changed.
rule latency:
    input:
        **seam.inputs("latency"),
    output:
        runs="results/latency.csv",
        latency="results/latency.json",
        layers="results/layers.csv",
    log:
        "logs/latency.log",
    benchmark:
        "logs/latency.tsv"
    conda:
        conda.torch_environment(config["latency"]["device"])
    threads: config["latency"]["threads"]
    resources:
        **needs.job_alone(
            needs.growing(needs.latency_mb(config)),
            gpu=needs.gpus(config["latency"]["device"]),
        ),
        runtime=needs.growing(60),
    params:
        json=seam.params_of("latency"),
        options=seam.options("latency"),
    shell:
        "python workflow/step.py latency {params.json:q} runs={output.runs}"
        " latency={output.latency} layers={output.layers} {params.options:q} 2> {log}"


# What back ends below fp32 cost in accuracy: of all schemes at once. It reads checkpoints alone, but
# comes after all that is written beside them: DVC knows results/schemes as one folder.
rule agreement:
    input:
        **seam.inputs(
            "agreement",
            manifest=rules.split.output.manifest,
            pixels=rules.square.output.pixels,
            last=seam.of_first_seed(rules.train.output.checkpoint),
            best_val=seam.of_first_seed(rules.train.output.best_val),
            tests=seam.of_all(rules.evaluate.output.test),
            macs=seam.of_all(rules.macs.output.macs),
        ),
    output:
        agreement="results/agreement.json",
    log:
        "logs/agreement.log",
    benchmark:
        "logs/agreement.tsv"
    conda:
        conda.torch_environment(config["latency"]["device"])
    threads: config["latency"]["threads"]
    resources:
        **seam.agreement(),
        runtime=needs.growing(60),
    params:
        json=seam.params_of("agreement"),
        last=seam.literal(rules.train.output.checkpoint),
        best_val=seam.literal(rules.train.output.best_val),
        options=seam.options("agreement"),
    shell:
        "python workflow/step.py agreement {params.json:q} manifest={input.manifest}"
        " pixels={input.pixels} last={params.last:q} best_val={params.best_val:q}"
        " agreement_json={output.agreement} {params.options:q} 2> {log}"


# One job, as latency, and beside no other.
rule training_speed:
    input:
        **seam.inputs("training_speed"),
    output:
        steps="results/training_speed.csv",
        speed="results/training_speed.json",
    log:
        "logs/training_speed.log",
    benchmark:
        "logs/training_speed.tsv"
    conda:
        conda.torch_environment(config["train"]["device"])
    threads: config["train"]["threads"]
    resources:
        **needs.training_speed(config),
        runtime=needs.growing(120),
    params:
        json=seam.params_of("training_speed"),
        options=seam.options("training_speed"),
    shell:
        "python workflow/step.py training_speed {params.json:q} steps={output.steps}"
        " speed={output.speed} {params.options:q} 2> {log}"


rule summary:
    input:
        **seam.inputs(
            "summary",
            manifest=rules.split.output.manifest,
            predictions=seam.of_all(rules.evaluate.output.predictions),
            val_predictions=seam.of_all(rules.evaluate.output.val_predictions),
            history=seam.of_all(rules.train.output.history),
            macs=seam.of_all(rules.macs.output.macs),
            latency=rules.latency.output.latency,
            runs=rules.latency.output.runs,
            agreement=rules.agreement.output.agreement,
            steps=rules.training_speed.output.steps,
        ),
    output:
        summary="results/summary.csv",
        comparisons="results/comparisons.csv",
        metrics="results/metrics.json",
        curves="results/curves.csv",
    log:
        "logs/summary.log",
    benchmark:
        "logs/summary.tsv"
    conda:
        "../../envs/report.yaml"
    resources:
        **needs.job(1000),
        runtime=10,
    params:
        json=seam.params_of("summary"),
        paper=seam.reads("summary", "workflow/paper/claims.yaml"),
        predictions=seam.literal(rules.evaluate.output.predictions),
        val_predictions=seam.literal(rules.evaluate.output.val_predictions),
        history=seam.literal(rules.train.output.history),
        macs=seam.literal(rules.macs.output.macs),
        options=seam.options("summary"),
    shell:
        "python workflow/step.py summary {params.json:q} paper={params.paper}"
        " manifest={input.manifest} predictions={params.predictions:q}"
        " val_predictions={params.val_predictions:q} history={params.history:q}"
        " macs={params.macs:q} latency={input.latency} runs={input.runs}"
        " agreement={input.agreement} steps={input.steps}"
        " summary={output.summary} comparisons={output.comparisons}"
        " metrics={output.metrics} curves={output.curves} {params.options:q} 2> {log}"
