"""How much memory the step prepare needs. The plan asks it too, so it does not load Pillow."""

AHEAD = 2  # jobs of each worker that are begun, done or not
MOST_HELD = 32  # images of a job that wait for an earlier one; the worker then waits, too
DECODING_MB = 1000  # a process with Pillow and numpy, and twice the pixels of 100 megapixels


def memory_mb(threads: int, image_size: int) -> int:
    """Memory of ``threads`` processes that decode, MB, with the images that wait for their turn.

    ``image_size``: the longer side of a packed image, px.
    """
    waiting = AHEAD * MOST_HELD * threads * 3 * image_size**2
    return DECODING_MB * threads + (waiting // 10**6 if threads > 1 else 0)
