"""Kernels of this package: grouped 3x3 convolutions, linear layers of one image. C++ functions,
compiled where they run.

A library's kernel fills a register with the channels of one group, which has few. This one fills it
with the same channel of 16 groups (of 8 without AVX-512): none of its lanes is idle, and no two are
added up. So channels lie interleaved: the first of every group, then the second of every group.
torch's linear layer of one image keeps one core busy; this one shares its rows among all threads.
"""

import ctypes
import functools
import subprocess
import tempfile
from pathlib import Path

import torch

from groupconv.ground.errors import StepError
from groupconv.network.back_ends.table import NO_COMPILER, compiler

LONGEST_S = 120  # that a compiler may take: it takes two
FLAGS = ("-O3", "-march=native", "-fopenmp", "-shared", "-fPIC")
SOURCE = r"""
#ifdef __AVX512F__
constexpr int LANES = 16, SUMS = 24;  // floats in a register; registers that hold sums
#else
constexpr int LANES = 8, SUMS = 12;
#endif
typedef float lanes __attribute__((vector_size(4 * LANES), aligned(4)));
typedef long long whole;

// PIXELS side by side in a row, OUTPUTS channels of LANES groups; of the window's 3x3 taps those in
// [top, bottom) and [left, right), which lie on the map.
template <int PIXELS, int OUTPUTS>
static inline void tile(const float* in, const float* weight, const float* bias, float* out,
                        whole width, int groups, int inputs, int outputs, int top, int bottom,
                        int left, int right) {
  const whole pixel = (whole)inputs * groups;
  lanes sums[PIXELS][OUTPUTS];
  for (int o = 0; o < OUTPUTS; o++)
    for (int x = 0; x < PIXELS; x++) sums[x][o] = *(const lanes*)(bias + o * LANES);
  for (int row = top; row < bottom; row++)
    for (int column = left; column < right; column++) {
      const float* from = in + ((row - 1) * width + column - 1) * pixel;
      const float* by = weight + (whole)(row * 3 + column) * inputs * OUTPUTS * LANES;
      for (int i = 0; i < inputs; i++, from += groups, by += OUTPUTS * LANES) {
        lanes factor[OUTPUTS];
        for (int o = 0; o < OUTPUTS; o++) factor[o] = *(const lanes*)(by + o * LANES);
        for (int x = 0; x < PIXELS; x++) {
          lanes value = *(const lanes*)(from + x * pixel);
#ifdef __x86_64__
          asm("" : "+v"(value));  // in a register: gcc would read it anew for each output
#endif
          for (int o = 0; o < OUTPUTS; o++) sums[x][o] += value * factor[o];
        }
      }
    }
  for (int x = 0; x < PIXELS; x++)
    for (int o = 0; o < OUTPUTS; o++) {
      lanes sum = sums[x][o];  // ReLU, by which NaN stays what it is
      *(lanes*)(out + ((whole)x * outputs + o) * groups) = sum < 0 ? lanes{} : sum;
    }
}

template <int OUTPUTS>
static void convolve(const float* in, const float* weight, const float* bias, float* out, int n,
                     int height, int width, int groups, int inputs, int outputs, int threads) {
  constexpr int PIXELS = SUMS / OUTPUTS > 8 ? 8 : SUMS / OUTPUTS;
#pragma omp parallel for schedule(static) num_threads(threads)
  for (int line = 0; line < n * height; line++) {
    const int y = line % height, top = y == 0, bottom = y == height - 1 ? 2 : 3;
    int part = 0;  // of the weights: those of LANES groups and OUTPUTS channels
    for (int g = 0; g < groups; g += LANES)
      for (int o = 0; o < outputs; o += OUTPUTS, part++) {
        const float* w = weight + (whole)part * 9 * inputs * OUTPUTS * LANES;
        const float* b = bias + (whole)part * OUTPUTS * LANES;
        const float* from = in + (whole)line * width * inputs * groups + g;
        float* to = out + ((whole)line * width * outputs + o) * groups + g;
        auto tiles = [&](auto kernel, int x, int left, int right) {
          kernel(from + (whole)x * inputs * groups, w, b, to + (whole)x * outputs * groups, width,
                 groups, inputs, outputs, top, bottom, left, right);
        };
        tiles(tile<1, OUTPUTS>, 0, 1, width == 1 ? 2 : 3);
        int x = 1;
        for (; x + PIXELS < width; x += PIXELS) tiles(tile<PIXELS, OUTPUTS>, x, 0, 3);
        for (; x + 1 < width; x++) tiles(tile<1, OUTPUTS>, x, 0, 3);
        if (width > 1) tiles(tile<1, OUTPUTS>, width - 1, 0, 2);
      }
  }
}

// ROWS outputs of a linear layer: their weights are read side by side.
template <int ROWS>
static inline void rows(const float* in, const float* weight, const float* bias, float* out,
                        whole inputs) {
  lanes sums[ROWS] = {};
  whole i = 0;
  for (; i + LANES <= inputs; i += LANES)
    for (int r = 0; r < ROWS; r++)
      sums[r] += *(const lanes*)(weight + r * inputs + i) * *(const lanes*)(in + i);
  for (int r = 0; r < ROWS; r++) {
    float sum = bias[r];
    for (int lane = 0; lane < LANES; lane++) sum += sums[r][lane];
    for (whole rest = i; rest < inputs; rest++) sum += weight[r * inputs + rest] * in[rest];
    out[r] = sum;
  }
}

extern "C" int lanes_of_a_register() { return LANES; }

extern "C" void grouped(const float* in, const float* weight, const float* bias, float* out, int n,
                        int height, int width, int groups, int inputs, int outputs, int together,
                        int threads) {
  auto run = together == 4 ? convolve<4> : together == 2 ? convolve<2> : convolve<1>;
  run(in, weight, bias, out, n, height, width, groups, inputs, outputs, threads);
}

extern "C" void linear(const float* in, const float* weight, const float* bias, float* out,
                       int inputs, int outputs, int threads) {
#pragma omp parallel for schedule(static) num_threads(threads)
  for (int block = 0; block < outputs / 8; block++)
    rows<8>(in, weight + block * 8ll * inputs, bias + block * 8, out + block * 8, inputs);
  for (int o = outputs / 8 * 8; o < outputs; o++)
    rows<1>(in, weight + (whole)o * inputs, bias + o, out + o, inputs);
}
"""


@functools.cache
def library() -> ctypes.CDLL:
    """The compiled functions. Raises StepError, one line, if they cannot be had here."""
    program = compiler()
    if program is None:
        raise StepError(NO_COMPILER)
    try:
        return _made(program)
    except subprocess.TimeoutExpired:
        raise StepError(f"{program}: no kernels after {LONGEST_S} s") from None
    # No room for them, or a folder of no programs, or of a name that is no text.
    except (OSError, AttributeError, ValueError) as error:
        raise StepError(f"{program}: the kernels cannot be made or loaded: {error}") from None


def _made(compiler: str) -> ctypes.CDLL:
    with tempfile.TemporaryDirectory(prefix="groupconv-") as folder:
        source, target = Path(folder, "kernels.cpp"), Path(folder, "kernels.so")
        source.write_text(SOURCE)
        command = [compiler, *FLAGS, "-o", target, source]
        done = subprocess.run(command, capture_output=True, errors="replace", timeout=LONGEST_S)
        if done.returncode:
            raise StepError(f"{compiler} cannot compile the kernels: {_reason(done)}")
        found = ctypes.CDLL(str(target))
    found.grouped.argtypes = [ctypes.c_void_p] * 4 + [ctypes.c_int] * 8
    found.linear.argtypes = [ctypes.c_void_p] * 4 + [ctypes.c_int] * 3
    found.grouped.restype = found.linear.restype = None
    return found


def _reason(made: subprocess.CompletedProcess) -> str:
    """The line of what a compiler said that tells most."""
    lines = made.stderr.strip().splitlines() or [f"exit status {made.returncode}"]
    return next((line for line in lines if "error" in line), lines[0])


def why_not() -> str | None:
    """Why they cannot be had here; None: they can."""
    try:
        library()
    except StepError as error:
        return str(error)
    return None


def lanes() -> int:
    """Groups that one register holds a channel of; the groups are a multiple of it."""
    return library().lanes_of_a_register()


def together(outputs: int) -> int:
    """Output channels of a group whose sums are made at once."""
    return next(number for number in (4, 2, 1) if outputs % number == 0)


def convolved(
    x: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor, groups: int, outputs: int
) -> torch.Tensor:
    """The ReLU of the convolution, (n, groups * inputs, height, width) -> (n, ..., height, width).

    Both channels-last and interleaved. ``weight`` (parts of the groups, parts of the outputs, 3, 3,
    inputs, together, lanes) and ``bias`` (the same parts, together, lanes), float32, contiguous.
    Raises RuntimeError of another input, as torch does.
    """
    inputs = weight.shape[4]
    if x.dtype != torch.float32 or x.shape[1] != groups * inputs or 0 in x.shape[2:]:
        given = f"{tuple(x.shape)} of {x.dtype}"
        raise RuntimeError(f"maps of {groups * inputs} channels of float32, not {given}")
    x = x.contiguous(memory_format=torch.channels_last)
    n, _, height, width = x.shape
    shape = (n, groups * outputs, height, width)
    out = torch.empty(shape, dtype=torch.float32, memory_format=torch.channels_last)
    pointers = (tensor.data_ptr() for tensor in (x, weight, bias, out))
    sizes = (n, height, width, groups, inputs, outputs, together(outputs))
    library().grouped(*pointers, *sizes, torch.get_num_threads())
    return out


def linear(x: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:
    """A linear layer of one image, (1, inputs) -> (1, outputs), float32; the rest is torch's.

    ``weight`` (outputs, inputs) and ``bias`` (outputs), contiguous.
    """
    outputs, inputs = weight.shape
    if x.shape != (1, inputs) or not x.dtype == weight.dtype == torch.float32:
        return torch.nn.functional.linear(x, weight, bias)
    x, out = x.contiguous(), torch.empty((1, outputs), dtype=torch.float32)
    pointers = (tensor.data_ptr() for tensor in (x, weight, bias, out))
    library().linear(*pointers, inputs, outputs, torch.get_num_threads())
    return out
