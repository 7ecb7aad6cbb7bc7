# What the paper's full model costs, whatever was trained: MACs per scheme, latency of all.


rule macs:
    input:
        code=code("macs"),
        changed=changed("macs"),
    output:
        macs="results/schemes/{scheme}/macs.json",
    log:
        "logs/macs/{scheme}.log",
    benchmark:
        "logs/macs/{scheme}.tsv"
    conda:
        "../../envs/torch-cpu.yaml"
    resources:
        **memory(growing(2000)),
        runtime=growing(10),
    params:
        json=params_of("macs"),
    shell:
        "python workflow/step.py macs {params.json:q} macs={output.macs} 2> {log}"


# One job, which times the schemes in turn: between jobs the machine would have changed.
rule latency:
    input:
        code=code("latency"),
        changed=changed("latency"),
    output:
        latency="results/latency.csv",
        record="results/latency.json",
    log:
        "logs/latency.log",
    benchmark:
        "logs/latency.tsv"
    conda:
        torch_environment(config["latency"]["device"])
    threads: config["latency"]["threads"]
    resources:
        mem_mb=growing(resources.latency_mb(config)),
        runtime=growing(60),
        gpu=resources.gpus(config["latency"]["device"]),
        share=resources.WHOLE,
    params:
        json=params_of("latency"),
    shell:
        "python workflow/step.py latency {params.json:q} latency={output.latency}"
        " record={output.record} 2> {log}"


rule summary:
    input:
        code=code("summary"),
        changed=changed("summary"),
        test=expand(
            "results/schemes/{scheme}/seed{seed}/test.json", scheme=SCHEMES, seed=SEEDS
        ),
        predictions=expand(
            "results/schemes/{scheme}/seed{seed}/predictions.csv",
            scheme=SCHEMES,
            seed=SEEDS,
        ),
        history=expand(
            "results/schemes/{scheme}/seed{seed}/history.csv",
            scheme=SCHEMES,
            seed=SEEDS,
        ),
        macs=expand("results/schemes/{scheme}/macs.json", scheme=SCHEMES),
        record="results/latency.json",
    output:
        summary="results/summary.csv",
        metrics="results/metrics.json",
        curves="results/curves.csv",
    log:
        "logs/summary.log",
    benchmark:
        "logs/summary.tsv"
    conda:
        "../../envs/report.yaml"
    resources:
        **memory(1000),
        runtime=10,
    params:
        json=params_of("summary"),
    shell:
        "python workflow/step.py summary {params.json:q}"
        " test='results/schemes/{{scheme}}/seed{{seed}}/test.json'"
        " predictions='results/schemes/{{scheme}}/seed{{seed}}/predictions.csv'"
        " history='results/schemes/{{scheme}}/seed{{seed}}/history.csv'"
        " macs='results/schemes/{{scheme}}/macs.json' latency={input.record}"
        " summary={output.summary} metrics={output.metrics}"
        " curves={output.curves} 2> {log}"
