"""Step export: one trained network -> model.onnx, for programs without torch.

Asked for by name: snakemake results/schemes/E/seed0/model.onnx. Batch norm is folded; the file says
in its metadata what its input must be, and which classes its logits are of.
"""

import json

from groupconv.ground.errors import StepError
from groupconv.ground.progress import say
from groupconv.network.back_ends.table import BACK_ENDS
from groupconv.network.restored import check_scheme, parts_of, restored

IMAGES = 20  # that the file is asked about before it has its name


def run(params: dict, manifest: str, pixels: str, last: str, best_val: str, model: str) -> None:
    """Export the checkpoint that evaluate reads, too.

    Raises StepError if a package is missing, or the file computes something else; DataError if the
    checkpoint is another scheme's, or was trained on other images than ``pixels``.
    """
    reason = BACK_ENDS["onnxruntime"].why_not("cpu")
    if reason:
        raise StepError(f"export: {reason}")
    from groupconv.network import interchange  # needs those packages

    found = restored({"last": last, "best_val": best_val}[params["evaluate"]["checkpoint"]])
    check_scheme(found, params["scheme"])
    (test,) = parts_of(found, manifest, pixels, "test")
    facts = {
        "classes": json.dumps(found.classes, ensure_ascii=False),
        "input": json.dumps({"size": found.sizes["input_size"], **found.normalization}),
        "checkpoint": found.path,
        "epoch": str(found.epoch),
    }
    worst = interchange.written(found, found.images(test, IMAGES), model, facts)
    say(f"export {params['scheme']} seed {params['seed']}: differs by {worst:.0e} of the largest")
