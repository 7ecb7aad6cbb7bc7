# A trained network as a file for programs without torch.


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
