"""Step train: train and val parts -> checkpoints and history.csv. Knows no test part.

All randomness of an epoch comes from (seed, epoch), and the learning rate from the iteration:
an epoch depends on what came before through the weights and the momentum alone, so an interrupted
training, which goes on from its last epoch (resume.py), ends with the same bits.
"""

import csv
import hashlib
import math
import os
import time
from pathlib import Path

import torch
import torch.nn.functional as F

from groupconv.ground import atomic, fingerprint
from groupconv.ground.errors import StepError
from groupconv.ground.progress import say
from groupconv.ground.provenance import versions
from groupconv.network import resume
from groupconv.network.checkpoint import save, snapshot
from groupconv.network.device import be_deterministic, choose_device, set_threads
from groupconv.network.loader import NOT_NORMALIZED, Part, augmented, epoch_generator, scaled
from groupconv.network.predict import accuracy, predict
from groupconv.network.vgg import vgg
from groupconv.settings import resources

HISTORY = "epoch train_loss train_top1 val_loss val_top1 learning_rate seconds images_per_s".split()
SAY_EVERY_S = 15


def run(
    params: dict, manifest: str, images: str, checkpoint: str, best_val: str, history: str
) -> None:
    """Train one scheme from one seed; write the last and the best epoch's weights.

    The best epoch has the highest validation accuracy, the first of several. Raises DataError,
    DeviceError, DiskError; StepError if the loss is not finite.
    """
    settings, data = params["train"], params["data"]
    name = f"{params['scheme']} seed {params['seed']}"
    device = choose_device(settings["device"], "train.device")
    set_threads(settings["threads"], "train.threads")
    be_deterministic(device)
    needed_mb = resources.training_mb(params["model"], params["groups"], settings["batch_size"])
    resources.check_memory(needed_mb, f"train {name}", resources.memory_key("train", params))
    train, val = (
        Part(
            manifest,
            images,
            part,
            side=params["model"]["input_size"],
            fit=data["fit"],
            stretch_contrast=data["stretch_contrast"],
        )
        for part in ("train", "val")
    )
    statistics = train.statistics() if data["normalize"] else NOT_NORMALIZED
    model = vgg(
        groups=params["groups"], classes=len(train.classes), seed=params["seed"], **params["model"]
    )
    parameters = sum(p.numel() for p in model.parameters())
    # Two checkpoints, and saved states with weights, momentum and the best epoch's weights.
    files = 2 + 3 * (resume.KEPT + 1)
    atomic.check_free(checkpoint, files * resources.checkpoint_bytes(parameters), "a training")
    made_with = {
        "params": params,
        "classes": train.classes,
        "normalization": statistics,
        "manifest_sha256": hashlib.sha256(Path(manifest).read_bytes()).hexdigest(),
        "versions": versions("torch", "numpy", "pillow"),
    }

    decides = {**made_with, "code": fingerprint.digest("train"), "device": device.type}
    with resume.Resume(Path(checkpoint).parent, decides, f"train {name}") as saved:
        # It may have lost its files: Snakemake removes what is there before it starts a job.
        if saved.finished_by_another and all(map(os.path.exists, (checkpoint, best_val, history))):
            return
        rows, best = fit(model.to(device), train, val, statistics, params, made_with, saved)
        save(best, best_val)
        save(snapshot(model, settings["epochs"], made_with), checkpoint)
        with atomic.write(history) as file:
            table = csv.DictWriter(file, HISTORY, lineterminator="\n")
            table.writeheader()
            table.writerows(rows)


def fit(model, train: Part, val: Part, statistics: dict, params: dict, made_with: dict, saved):
    """Train ``model`` for all epochs, from the ``saved`` state if there is one.

    Returns the history's rows and the snapshot of the best epoch. Raises StepError.
    """
    settings, name = params["train"], f"{params['scheme']} seed {params['seed']}"
    model.to(memory_format=torch.channels_last)
    optimizer = new_optimizer(model, settings)
    rows, best, last = [], None, 0
    state = saved.load()
    if state:
        model.load_state_dict(state["weights"])
        optimizer.load_state_dict(state["optimizer"])
        rows, best, last = state["rows"], state["best"], state["epoch"]
        say(f"train {name}: resumed after epoch {last}/{settings['epochs']}")
    began = time.monotonic()
    for epoch in range(last + 1, settings["epochs"] + 1):
        started = time.perf_counter()
        label = f"train {name}: epoch {epoch}/{settings['epochs']}"
        loss, top1 = train_one_epoch(
            model, optimizer, train, statistics, settings, params["seed"], epoch, label
        )
        seconds = time.perf_counter() - started
        val_loss, val_top1 = accuracy(predict(model, val, statistics), val.labels)
        check_finite(val_loss, "validation loss", epoch, settings)
        row = (epoch, loss, top1, val_loss, val_top1, optimizer.param_groups[0]["lr"])
        rows.append(dict(zip(HISTORY, (*row, seconds, len(train) / seconds), strict=True)))
        left = (time.monotonic() - began) / (epoch - last) * (settings["epochs"] - epoch)
        say(
            f"{label}, {len(train) / seconds:.1f} images/s, loss {loss:.3f}, top-1 {top1:.1%}, "
            f"val loss {val_loss:.3f}, val top-1 {val_top1:.1%}, {left:.0f} s left"
        )
        if best is None or val_top1 > best["val_top1"]:
            best = {"val_top1": val_top1, **snapshot(model, epoch, made_with)}
        if epoch < settings["epochs"]:
            now = {"weights": model.state_dict(), "optimizer": optimizer.state_dict()}
            saved.save({**now, "rows": rows, "best": best, "epoch": epoch}, epoch)
    del best["val_top1"]
    return rows, best


def new_optimizer(model, settings: dict) -> torch.optim.SGD:
    """SGD as in the paper; one fused kernel per parameter. training_step sets its rate."""
    return torch.optim.SGD(
        model.parameters(),
        lr=math.nan,  # SGD asks for one; no update is made with it
        momentum=settings["momentum"],
        weight_decay=settings["weight_decay"],
        fused=True,
    )


def train_one_epoch(
    model,
    optimizer,
    part: Part,
    statistics: dict,
    settings: dict,
    seed: int,
    epoch: int,
    label: str,
) -> tuple[float, float]:
    """One pass over ``part`` in a new order; returns the images' mean loss and top-1 in it.

    Raises StepError if the loss is not finite.
    """
    device = next(model.parameters()).device
    generator = epoch_generator(seed, epoch)
    torch.manual_seed(generator.initial_seed())  # dropout
    order = torch.randperm(len(part), generator=generator)
    iterations = part.batch_count(settings["batch_size"])
    model.train()
    # Loss and hits, read at the end: a CUDA queue runs on.
    sums = torch.zeros(2, dtype=torch.float64, device=device)
    seen, began = 0, time.monotonic()
    said = began
    for i, (pixels, labels) in enumerate(part.batches(order, settings["batch_size"])):
        rate = learning_rate(
            (epoch - 1) * iterations + i, settings["epochs"] * iterations, settings
        )
        x = scaled(pixels.to(device), statistics)
        labels = labels.to(device)
        if settings["augment"]:
            x = augmented(x, generator)
        loss, logits = training_step(model, optimizer, x, labels, rate)
        with torch.no_grad():
            sums += torch.stack([loss * len(x), (logits.argmax(1) == labels).sum()])
        seen += len(x)
        if time.monotonic() - said > SAY_EVERY_S:
            said = time.monotonic()
            speed = seen / (said - began)
            mean, hits = (sums / seen).tolist()
            check_finite(mean, "loss", epoch, settings)
            left = ((settings["epochs"] - epoch + 1) * len(part) - seen) / speed
            say(
                f"{label} at {seen / len(part):.0%}, {speed:.1f} images/s, loss {mean:.3f}, "
                f"top-1 {hits:.1%}, {left:.0f} s left"
            )
    mean, hits = (sums / seen).tolist()
    check_finite(mean, "loss", epoch, settings)
    return mean, hits


def check_finite(loss: float, what: str, epoch: int, settings: dict) -> None:
    """Raise StepError, naming the learning rate, if a training has diverged."""
    if not math.isfinite(loss):
        raise StepError(
            f"params.yaml: train.learning_rate = {settings['learning_rate']}: the {what} of epoch "
            f"{epoch} is {loss}: the training diverged; a lower rate is needed"
        )


def training_step(model, optimizer, x: torch.Tensor, labels: torch.Tensor, rate: float):
    """Forward, backward, update on x (n, 3, side, side) with the learning rate ``rate``.

    Returns the mean loss and the logits.
    """
    for group in optimizer.param_groups:
        group["lr"] = rate
    logits = model(x.contiguous(memory_format=torch.channels_last))
    loss = F.cross_entropy(logits, labels)
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    optimizer.step()
    return loss.detach(), logits.detach()


def learning_rate(iteration: int, iterations: int, settings: dict) -> float:
    """The rate of one iteration (from 0): a linear rise, then the schedule over what remains.

    constant; step: a tenth after each third (arXiv:1512.03385's habit); cosine: to zero
    (arXiv:1608.03983, without restarts).
    """
    peak, rising = settings["learning_rate"], settings["warmup_fraction"] * iterations
    if iteration < rising:
        return peak * (iteration + 1) / math.ceil(rising)
    done = (iteration - rising) / (iterations - rising)
    if settings["schedule"] == "cosine":
        return peak * (1 + math.cos(math.pi * done)) / 2
    return peak * 0.1 ** int(3 * done) if settings["schedule"] == "step" else peak
