"""Which channels of conv-1 a channel of conv-5 can see: whether groups ever exchange anything.

Knows no torch. An example: without a shuffle each channel of conv-5 sees 1 of conv-1's 64 in scheme
D and 2 in E, which are 64 and 32 networks side by side; in A, B and C it sees all.
"""

import numpy as np

from groupconv.network.architecture import Convolution, channels, convolutions


def conv5_sees(
    architecture: str,
    groups: list[int],
    *,
    shuffle: bool = False,
    width: float = 1.0,
    stage: int = 1,
) -> np.ndarray:
    """bool (channels of conv-5, channels of conv-``stage``): whether the one depends on the other.

    Both as the stage's last convolution leaves them; biases and single weights of zero are not
    looked at. Source: a grouped convolution's definition. Raises SchemeError.
    """
    planned = convolutions(architecture, groups, shuffle=shuffle, width=width)
    seen = np.eye(channels(width)[stage - 1], dtype=bool)
    for layer in planned:
        if layer.stage > stage:
            seen = _behind(layer, seen)
    return seen


def _behind(layer: Convolution, seen: np.ndarray) -> np.ndarray:
    """What each output channel of ``layer`` sees, from what each input channel does."""
    of_groups = seen.reshape(layer.groups, -1, seen.shape[1]).any(1)  # (groups, conv-1)
    behind = np.repeat(of_groups, layer.c_out // layer.groups, axis=0)
    if layer.shuffled:  # the first channel of every group, the second of every group, ...
        shape = (layer.groups, layer.c_out // layer.groups, seen.shape[1])
        behind = behind.reshape(shape).swapaxes(0, 1).reshape(behind.shape)
    return behind
