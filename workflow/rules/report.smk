# From numbers to what a person reads: claims, tables, figures, the page.


rule claims:
    input:
        **seam.inputs(
            "claims",
            manifest=rules.split.output.manifest,
            summary=rules.summary.output.summary,
            comparisons=rules.summary.output.comparisons,
            latency=rules.latency.output.latency,
            speed=rules.training_speed.output.speed,
        ),
    output:
        claims="results/claims.json",
    log:
        "logs/claims.log",
    benchmark:
        "logs/claims.tsv"
    conda:
        "../../envs/report.yaml"
    resources:
        **needs.job(500),
        runtime=10,
    params:
        json=seam.params_of("claims"),
        paper=seam.reads("claims", "workflow/paper/claims.yaml"),
        options=seam.options("claims"),
    shell:
        "python workflow/step.py claims {params.json:q} paper={params.paper}"
        " manifest={input.manifest} summary={input.summary} comparisons={input.comparisons}"
        " latency={input.latency} training_speed={input.speed}"
        " claims={output.claims} {params.options:q} 2> {log}"


rule tables:
    input:
        **seam.inputs(
            "tables",
            summary=rules.summary.output.summary,
            claims=rules.claims.output.claims,
            manifest=rules.split.output.manifest,
            counts=rules.prepare.output.counts,
        ),
    output:
        tables=seam.tables,
        text=f"{seam.tables_folder}/summary.txt",
    log:
        "logs/tables.log",
    benchmark:
        "logs/tables.tsv"
    conda:
        "../../envs/report.yaml"
    resources:
        **needs.job(500),
        runtime=10,
    params:
        json=seam.params_of("tables"),
        folder=seam.literal(seam.tables_folder),
        options=seam.options("tables"),
    shell:
        "python workflow/step.py tables {params.json:q}"
        " summary={input.summary} claims={input.claims} manifest={input.manifest}"
        " counts={input.counts} folder={params.folder} {params.options:q} 2> {log}"


rule figures:
    input:
        **seam.inputs(
            "figures",
            manifest=rules.split.output.manifest,
            images=rules.prepare.output.images,
            summary=rules.summary.output.summary,
            comparisons=rules.summary.output.comparisons,
            claims=rules.claims.output.claims,
            history=seam.of_all(rules.train.output.history),
            predictions=seam.of_all(rules.evaluate.output.predictions),
            runs=rules.latency.output.runs,
            layers=rules.latency.output.layers,
            latency=rules.latency.output.latency,
        ),
    output:
        svg=[report(**figure) for figure in seam.captioned],
        png=seam.figures("png"),
    log:
        "logs/figures.log",
    benchmark:
        "logs/figures.tsv"
    conda:
        "../../envs/report.yaml"
    resources:
        **needs.job(1000),
        runtime=10,
    params:
        json=seam.params_of("figures"),
        history=seam.literal(rules.train.output.history),
        predictions=seam.literal(rules.evaluate.output.predictions),
        folder=seam.literal(seam.figures_folder),
        options=seam.options("figures"),
    shell:
        "python workflow/step.py figures {params.json:q} claims={input.claims}"
        " manifest={input.manifest} images={input.images} summary={input.summary}"
        " comparisons={input.comparisons} history={params.history:q}"
        " predictions={params.predictions:q} runs={input.runs} layers={input.layers}"
        " latency={input.latency}"
        " folder={params.folder} {params.options:q} 2> {log}"


rule report:
    input:
        **seam.inputs(
            "report",
            figures=rules.figures.output.svg,
            tables=rules.tables.output.tables,
            claims=rules.claims.output.claims,
            latency=rules.latency.output.latency,
            agreement=rules.agreement.output.agreement,
            summary=rules.summary.output.summary,
            comparisons=rules.summary.output.comparisons,
            tests=seam.of_all(rules.evaluate.output.test),
        ),
    output:
        report="results/report.html",
    log:
        "logs/report.log",
    benchmark:
        "logs/report.tsv"
    conda:
        "../../envs/report.yaml"
    resources:
        **needs.job(500),
        runtime=10,
    params:
        json=seam.params_of("report"),
        texts=seam.reads("report", "workflow/report"),
        ambiguities=seam.reads("report", "workflow/paper/ambiguities.yaml"),
        figures=seam.literal(seam.figures_folder),
        tables=seam.literal(seam.tables_folder),
        tests=seam.literal(rules.evaluate.output.test),
        options=seam.options("report"),
    shell:
        "python workflow/step.py report {params.json:q} claims={input.claims}"
        " ambiguities={params.ambiguities} texts={params.texts} figures={params.figures}"
        " tables={params.tables} latency={input.latency} agreement={input.agreement}"
        " summary={input.summary} comparisons={input.comparisons} tests={params.tests:q}"
        " report={output.report} {params.options:q} 2> {log}"
