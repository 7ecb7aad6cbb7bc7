# Networks on other back ends: what they cost in accuracy, and a file for programs without torch.


# Of all schemes at once; made where latency.back_ends has a back end below fp32.
rule agreement:
    input:
        **seam.inputs(
            "agreement",
            manifest=rules.split.output.manifest,
            pixels=rules.square.output.pixels,
            checkpoints=seam.of_first_seed(rules.train.output.checkpoint),
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
        **needs.job(4000, gpu=needs.gpus(config["latency"]["device"])),
        runtime=needs.growing(60),
    params:
        json=seam.params_of("agreement"),
        checkpoint=seam.literal(rules.train.output.checkpoint),
        options=seam.options("agreement"),
    shell:
        "python workflow/step.py agreement {params.json:q} manifest={input.manifest}"
        " pixels={input.pixels} checkpoint={params.checkpoint:q}"
        " agreement_json={output.agreement} {params.options:q} 2> {log}"


rule export:
    input:
        **seam.inputs(
            "export",
            manifest=rules.split.output.manifest,
            pixels=rules.square.output.pixels,
            last=rules.train.output.checkpoint,
            best_val=rules.train.output.best_val,
        ),
    output:
        model="results/schemes/{scheme}/seed{seed}/model.onnx",
    log:
        "logs/export/{scheme}/seed{seed}.log",
    benchmark:
        "logs/export/{scheme}/seed{seed}.tsv"
    conda:
        "../../envs/torch-cpu.yaml"
    resources:
        **needs.job(4000),
        runtime=needs.growing(10),
    params:
        json=seam.params_of("export"),
        options=seam.options("export"),
    shell:
        "python workflow/step.py export {params.json:q} manifest={input.manifest}"
        " pixels={input.pixels} last={input.last} best_val={input.best_val}"
        " model={output.model} {params.options:q} 2> {log}"
