# From numbers to what a person reads: claims, tables, figures, the page.

HISTORY = expand(
    "results/schemes/{scheme}/seed{seed}/history.csv", scheme=SCHEMES, seed=SEEDS
)


rule claims:
    input:
        code=code("claims"),
        changed=changed("claims"),
        paper=ancient("workflow/paper/claims.yaml"),
        summary="results/summary.csv",
    output:
        claims="results/claims.json",
    log:
        "logs/claims.log",
    benchmark:
        "logs/claims.tsv"
    conda:
        "../../envs/report.yaml"
    resources:
        **memory(500),
        runtime=10,
    params:
        json=params_of("claims"),
    shell:
        "python workflow/step.py claims {params.json:q} paper={input.paper}"
        " summary={input.summary} claims={output.claims} 2> {log}"


rule tables:
    input:
        code=code("tables"),
        changed=changed("tables"),
        paper=ancient("workflow/paper/claims.yaml"),
        summary="results/summary.csv",
        claims="results/claims.json",
        manifest="data/manifest.csv",
        excluded="data/excluded.csv",
    output:
        expand("results/tables/{name}.{kind}", name=captions.TABLES, kind=("csv", "md")),
        text="results/tables/summary.txt",
    log:
        "logs/tables.log",
    benchmark:
        "logs/tables.tsv"
    conda:
        "../../envs/report.yaml"
    resources:
        **memory(500),
        runtime=10,
    params:
        json=params_of("tables"),
    shell:
        "python workflow/step.py tables {params.json:q} paper={input.paper}"
        " summary={input.summary} claims={input.claims} manifest={input.manifest}"
        " excluded={input.excluded} folder=results/tables 2> {log}"


rule figures:
    input:
        code=code("figures"),
        changed=changed("figures"),
        manifest="data/manifest.csv",
        images="data/images.npy",
        summary="results/summary.csv",
        history=HISTORY,
        latency="results/latency.csv",
    output:
        svg=[shown(name) for name in FIGURES],
        png=expand("results/figures/{name}.png", name=FIGURES),
    log:
        "logs/figures.log",
    benchmark:
        "logs/figures.tsv"
    conda:
        "../../envs/report.yaml"
    resources:
        **memory(1000),
        runtime=10,
    params:
        json=params_of("figures"),
    shell:
        "python workflow/step.py figures {params.json:q} manifest={input.manifest}"
        " images={input.images} summary={input.summary}"
        " history='results/schemes/{{scheme}}/seed{{seed}}/history.csv' latency={input.latency}"
        " folder=results/figures 2> {log}"


rule report:
    input:
        code=code("report"),
        changed=changed("report"),
        paper=ancient("workflow/paper/claims.yaml"),
        ambiguities=ancient("workflow/paper/ambiguities.yaml"),
        template=ancient("workflow/report/report.html.j2"),
        captions=[
            ancient(f"workflow/report/{name}.rst")
            for name in sorted({*FIGURES.values(), *captions.TABLES})
        ],
        figures=expand("results/figures/{name}.svg", name=FIGURES),
        tables=expand(
            "results/tables/{name}.{kind}", name=captions.TABLES, kind=("csv", "md")
        ),
        latency="results/latency.json",
    output:
        report="results/report.html",
    log:
        "logs/report.log",
    benchmark:
        "logs/report.tsv"
    conda:
        "../../envs/report.yaml"
    resources:
        **memory(500),
        runtime=10,
    params:
        json=params_of("report"),
    shell:
        "python workflow/step.py report {params.json:q} paper={input.paper}"
        " ambiguities={input.ambiguities} texts=workflow/report figures=results/figures"
        " tables=results/tables latency={input.latency}"
        " report={output.report} 2> {log}"
