"""How often a back end gives a trained network's images the class that eager gives them.

One image at a time, as it is timed. Knows no files.
"""

import torch

from groupconv.network.back_ends.prepared import prepared, without_tf32
from groupconv.network.restored import Restored

IMAGES = 1000  # of the test part: an interval of about 0.6 points at 99%
CALIBRATION = 100  # of the val part, which tell int8 the range of its activations


@torch.inference_mode()
def agreement(
    found: Restored,
    names: list[str],
    images: torch.Tensor,
    calibration: torch.Tensor,
    device: torch.device,
) -> dict[str, dict]:
    """{back end: images, those of eager's class, largest difference of the logits}.

    The difference is relative to the largest of eager's logits of all ``images``, as in latency.
    """
    without_tf32()
    network = found.network.to(device)
    inputs = [image[None] for image in images.to(device)]
    expected = torch.cat([network(x).cpu() for x in inputs])
    result = {}
    for name in names:
        run = prepared(name, network, inputs[0], calibration.to(device))
        made = torch.cat([run(x).cpu() for x in inputs])
        result[name] = {
            "images": len(inputs),
            "agree": int((made.argmax(1) == expected.argmax(1)).sum()),
            "difference_from_eager": ((made - expected).abs().max() / expected.abs().max()).item(),
        }
    return result
