"""Sources of random numbers, one for each purpose: none depends on the use of another."""

import hashlib

import torch


def generator(*what: object) -> torch.Generator:
    """The source for one purpose, as (seed, epoch) or (seed, a layer's name), on the CPU."""
    digest = hashlib.sha256(":".join(map(str, what)).encode()).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest[:8], "big") >> 1)
