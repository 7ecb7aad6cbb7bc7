"""The training loop: batches of a part -> another set of weights. Knows no files and no schemes.

All randomness of an epoch comes from (seed, epoch), and the learning rate from the iteration:
an epoch depends on what came before through the weights and the momentum alone, so an interrupted
training, which goes on from its last epoch (resume.py), ends with the same bits.
"""

import math
import time

import torch
import torch.nn.functional as F

from groupconv.ground.errors import DivergedError
from groupconv.ground.progress import ending, say
from groupconv.network import seeds
from groupconv.network.checkpoint import snapshot
from groupconv.network.loader import Part, augmented, scaled
from groupconv.network.predict import accuracy, predict

# Of an epoch. train_loss and train_top1 are means over its updates, as the weights changed (with
# dropout and augmentation); train_eval_* those of the weights behind it, in eval mode.
HISTORY = (
    "epoch train_loss train_top1 train_eval_loss train_eval_top1 val_loss val_top1 "
    "learning_rate seconds images_per_s"
).split()
SAY_EVERY_S = 15


def fit(
    model,
    train: Part,
    val: Part,
    statistics: dict,
    settings: dict,
    *,
    seed: int,
    label: str,
    made_with: dict,
    saved,
):
    """Train ``model`` for all epochs, from the ``saved`` state (resume.Resume) if there is one.

    ``settings``: the section `train`; ``label`` begins each line of progress. Returns the
    history's rows and the snapshot, with ``made_with``, of the best epoch: that of the highest
    validation accuracy, the first of several. Raises DivergedError if a loss is not finite.
    """
    model.to(memory_format=torch.channels_last)
    optimizer = new_optimizer(model, settings)
    rows, best, last = [], None, 0
    state = saved.load()
    if state:
        model.load_state_dict(state["weights"])
        optimizer.load_state_dict(state["optimizer"])
        rows, best, last = state["rows"], state["best"], state["epoch"]
        say(f"{label}: resumed after epoch {last}/{settings['epochs']}")
    began = time.monotonic()
    for epoch in range(last + 1, settings["epochs"] + 1):
        started = time.perf_counter()
        of_epoch = f"{label}: epoch {epoch}/{settings['epochs']}"
        loss, top1 = train_one_epoch(
            model, optimizer, train, statistics, settings, seed, epoch, of_epoch
        )
        seconds = time.perf_counter() - started
        val_loss, val_top1 = accuracy(predict(model, val, statistics), val.labels)
        check_finite(val_loss, "validation loss", epoch, settings)
        at_rest = (None, None)
        if settings["evaluate_training_part"]:
            at_rest = accuracy(predict(model, train, statistics), train.labels)
        rate = optimizer.param_groups[0]["lr"]
        row = (epoch, loss, top1, *at_rest, val_loss, val_top1, rate, seconds)
        rows.append(dict(zip(HISTORY, (*row, len(train) / seconds), strict=True)))
        left = (time.monotonic() - began) / (epoch - last) * (settings["epochs"] - epoch)
        say(
            f"{of_epoch}, {len(train) / seconds:.1f} images/s, loss {loss:.3f}, top-1 {top1:.1%}, "
            f"val loss {val_loss:.3f}, val top-1 {val_top1:.1%}, {ending(left)}"
        )
        if best is None or val_top1 > best["val_top1"]:
            best = {"val_top1": val_top1, **snapshot(model, epoch, made_with)}
        if epoch < settings["epochs"]:
            now = {"weights": model.state_dict(), "optimizer": optimizer.state_dict()}
            saved.save({**now, "rows": rows, "best": best, "epoch": epoch}, epoch)
    del best["val_top1"]
    return rows, best


def new_optimizer(model, settings: dict) -> torch.optim.SGD:
    """SGD as in the paper; one fused kernel per parameter. training_step sets its rate.

    Unless `decay_norm_and_bias`, weight decay pulls the weights of convolutions and linear layers
    alone: those are the parameters of more than one dimension (arXiv:1812.01187, 3.1).
    """
    groups = [{"params": list(model.parameters())}]
    if not settings["decay_norm_and_bias"]:
        decayed = [p for p in model.parameters() if p.dim() > 1]
        others = [p for p in model.parameters() if p.dim() == 1]
        groups = [{"params": decayed}, {"params": others, "weight_decay": 0.0}]
    return torch.optim.SGD(
        groups,
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

    Raises DivergedError if the loss is not finite.
    """
    device = next(model.parameters()).device
    generator = seeds.generator(seed, epoch)
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
        loss, logits = training_step(model, optimizer, x, labels, rate, settings["precision"])
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
                f"top-1 {hits:.1%}, {ending(left)}"
            )
    mean, hits = (sums / seen).tolist()
    check_finite(mean, "loss", epoch, settings)
    return mean, hits


def check_finite(loss: float, what: str, epoch: int, settings: dict) -> None:
    """Raise DivergedError, naming the learning rate, if a training has diverged."""
    if not math.isfinite(loss):
        raise DivergedError(
            f"params.yaml: train.learning_rate = {settings['learning_rate']}: the {what} of epoch "
            f"{epoch} is {loss}: the training diverged; a lower rate is needed"
        )


def training_step(
    model, optimizer, x: torch.Tensor, labels: torch.Tensor, rate: float, precision: str
):
    """Forward, backward, update on x (n, 3, side, side) with the learning rate ``rate``.

    ``precision``: fp32, or bf16, which computes convolutions and linear layers in it (autocast);
    weights, batch norm's statistics, logits and loss stay in fp32. Returns the mean loss and the
    logits.
    """
    for group in optimizer.param_groups:
        group["lr"] = rate
    with torch.autocast(x.device.type, torch.bfloat16, enabled=precision == "bf16"):
        logits = model(x.contiguous(memory_format=torch.channels_last))
    logits = logits.float()
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
