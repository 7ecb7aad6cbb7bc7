"""Sources of random numbers, each from what it is for: the same whether or not others were used."""

import hashlib

import torch


def generator(*what: object) -> torch.Generator:
    """A source of its own for ``what``, as (seed, epoch) or (seed, a layer's name), on the CPU."""
    digest = hashlib.sha256(":".join(map(str, what)).encode()).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest[:8], "big") >> 1)
