"""Seconds of real training steps, every scheme in turn. Knows no files.

A step is forward, backward and SGD's update on one batch in memory: no data, no augmentation.
"""

import time

import numpy as np
import torch

from groupconv.ground.progress import say
from groupconv.network.device import be_deterministic, check_precision, choose_device, set_threads
from groupconv.network.training import new_optimizer, training_step
from groupconv.network.vgg import vgg

# Of an update; their values change no time.
SGD = {"momentum": 0.9, "weight_decay": 0.0005, "decay_norm_and_bias": True}
RATE = 1e-4


def timed_steps(
    architecture: str,
    schemes: dict[str, dict],
    *,
    sizes: dict,
    batch_size: int,
    steps: int,
    precision: str,
    device: str,
    threads: int,
) -> list[tuple[str, int, float]]:
    """(scheme, step from 1, seconds), ``steps`` of each scheme after one that is not counted.

    In every round each of ``schemes`` (its entry of params.yaml) has its turn once, in a new
    random order: a machine that slows down slows all alike. ``sizes``: classes, input_size,
    classifier_width and classifier_pool. Raises DeviceError.
    """
    where = choose_device(device, "train.device")
    set_threads(threads, "train.threads")
    check_precision(precision, where, "train.precision")
    be_deterministic(where)
    side = sizes["input_size"]
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(batch_size, 3, side, side, generator=generator).to(where)
    labels = torch.randint(sizes["classes"], (batch_size,), generator=generator).to(where)
    trained = {}
    for name, scheme in schemes.items():
        rule = {"initialization": "kaiming", "seed": 0, "dropout": 0.5}
        model = vgg(architecture, **scheme, **sizes, **rule).to(where)
        model.to(memory_format=torch.channels_last).train()
        trained[name] = model, new_optimizer(model, SGD)
    order, names, rows = np.random.default_rng(0), list(schemes), []
    for step in range(steps + 1):
        for i in order.permutation(len(names)):
            seconds = _seconds(*trained[names[i]], x, labels, precision)
            if step:
                rows.append((names[i], step, seconds))
        say(f"training_speed: step {step}/{steps} of each scheme")
    return rows


def _seconds(model, optimizer, x: torch.Tensor, labels: torch.Tensor, precision: str) -> float:
    """Of one step, until the new weights are there."""
    wait = torch.cuda.synchronize if x.is_cuda else lambda: None
    wait()
    began = time.perf_counter()
    training_step(model, optimizer, x, labels, RATE, precision)
    wait()
    seconds = time.perf_counter() - began
    optimizer.zero_grad(set_to_none=True)  # one model's gradients at a time
    return seconds
