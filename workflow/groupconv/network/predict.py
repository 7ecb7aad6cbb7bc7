"""Weights and images -> logits, and what they are worth. Knows no optimiser.

Always in fp32, in whatever precision the weights were trained: any machine can evaluate them, and
a change of accuracy is one of the weights.
"""

import torch
import torch.nn.functional as F

from groupconv.network.loader import Part, scaled

BATCH = 64  # changes no result, only the memory


@torch.inference_mode()
def predict(model, part: Part, statistics: dict) -> torch.Tensor:
    """Logits float32 (n, classes) on the CPU, of the part's images in their order."""
    device = next(model.parameters()).device
    model.eval()
    chunks = []
    for pixels in part.chunks(BATCH):
        x = scaled(pixels.to(device), statistics).contiguous(memory_format=torch.channels_last)
        chunks.append(model(x).cpu())
    return torch.cat(chunks)


def accuracy(logits: torch.Tensor, labels: torch.Tensor) -> tuple[float, float]:
    """Mean cross-entropy and top-1 of (n, classes) logits, weighted by image."""
    return F.cross_entropy(logits, labels).item(), (
        logits.argmax(1) == labels
    ).double().mean().item()
