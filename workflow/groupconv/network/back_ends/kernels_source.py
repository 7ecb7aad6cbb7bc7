"""The C++ text of this package's kernels.

A library's kernel fills a register with the channels of one group, which has few. This one fills it
with the same channel of 16 groups (of 8 without AVX-512): none of its lanes is idle, and no two are
added up. So channels lie interleaved: the first of every group, then the second of every group.
torch's linear layer of one image keeps one core busy; this one shares its rows among all threads.
A convolution of an image's 3 channels fills it with pixels of a row.
"""

SOURCE = r"""
#include <cstring>
#include <vector>
#ifdef __AVX512F__
constexpr int LANES = 16, SUMS = 24;  // floats in a register; registers that hold sums
#else
constexpr int LANES = 8, SUMS = 12;
#endif
constexpr int MANY = SUMS / 3;  // outputs of a first convolution whose sums are made at once
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

// One row of the output, and its ReLU, into `out`.
template <int OUTPUTS>
static void row_of_groups(const float* in, const float* weight, const float* bias, float* out,
                          int y, int height, int width, int groups, int inputs, int outputs) {
  constexpr int PIXELS = SUMS / OUTPUTS > 8 ? 8 : SUMS / OUTPUTS;
  const int top = y == 0, bottom = y == height - 1 ? 2 : 3;
  int part = 0;  // of the weights: those of LANES groups and OUTPUTS channels
  for (int g = 0; g < groups; g += LANES)
    for (int o = 0; o < outputs; o += OUTPUTS, part++) {
      const float* w = weight + (whole)part * 9 * inputs * OUTPUTS * LANES;
      const float* b = bias + (whole)part * OUTPUTS * LANES;
      const float* from = in + g;
      float* to = out + (whole)o * groups + g;
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

static inline lanes larger(lanes a, lanes b) { return (a > b) | (a != a) ? a : b; }
static inline float larger(float a, float b) { return a > b || a != a ? a : b; }

// pool: 2 writes the maxima of 2x2 px, 1 all.
template <int OUTPUTS>
static void convolve(const float* in, const float* weight, const float* bias, float* out, int n,
                     int height, int width, int groups, int inputs, int outputs, int pool,
                     int threads) {
  const whole pixel = (whole)outputs * groups, row = width * pixel, half = width / 2 * pixel;
  const int lines = height / pool;
#pragma omp parallel num_threads(threads)
  {
    std::vector<float> pair(pool == 2 ? 2 * row : 0);
#pragma omp for schedule(static)
    for (int line = 0; line < n * lines; line++) {
      float* made = pool == 2 ? pair.data() : out + line * row;
      for (int i = 0; i < pool; i++) {
        const int y = line % lines * pool + i;
        const float* from = in + ((whole)line / lines * height + y) * width * inputs * groups;
        row_of_groups<OUTPUTS>(from, weight, bias, made + i * row, y, height, width, groups, inputs,
                               outputs);
      }
      if (pool == 2)
        for (int x = 0; x < width / 2; x++)
          for (whole c = 0; c < pixel; c += LANES) {
            auto at = [&](int y, int right) {
              return *(const lanes*)(made + y * row + (2 * x + right) * pixel + c);
            };
            *(lanes*)(out + line * half + x * pixel + c) =
                larger(larger(at(0, 0), at(0, 1)), larger(at(1, 0), at(1, 1)));
          }
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

// One line of a plain convolution of few inputs, OUTPUTS channels, and its ReLU. `in`: the upper
// row of the window, with a border of zeros; `plane`, `map`: channel to channel of `in` and `out`.
template <int OUTPUTS>
static inline void line(const float* in, const float* weight, const float* bias, float* out,
                        int inputs, int width, whole stride, whole plane, whole map) {
  for (int x = 0; x < width; x += 2 * LANES) {
    lanes sums[OUTPUTS][2];
    for (int o = 0; o < OUTPUTS; o++) sums[o][0] = sums[o][1] = lanes{} + bias[o];
    for (int tap = 0; tap < inputs * 9; tap++) {
      const float* from = in + tap / 9 * plane + tap % 9 / 3 * stride + tap % 3 + x;
      const lanes left = *(const lanes*)from, right = *(const lanes*)(from + LANES);
      for (int o = 0; o < OUTPUTS; o++) {
        sums[o][0] += left * weight[o * inputs * 9 + tap];
        sums[o][1] += right * weight[o * inputs * 9 + tap];
      }
    }
    for (int o = 0; o < OUTPUTS; o++)
      for (int part = 0; part < 2; part++) {
        const lanes sum = sums[o][part] < 0 ? lanes{} : sums[o][part];
        const int at = x + part * LANES, rest = width - at;
        if (rest > 0) memcpy(out + o * map + at, &sum, 4 * (rest < LANES ? rest : LANES));
      }
  }
}

extern "C" int lanes_of_a_register() { return LANES; }

extern "C" void grouped(const float* in, const float* weight, const float* bias, float* out, int n,
                        int height, int width, int groups, int inputs, int outputs, int together,
                        int pool, int threads) {
  auto run = together == 4 ? convolve<4> : together == 2 ? convolve<2> : convolve<1>;
  run(in, weight, bias, out, n, height, width, groups, inputs, outputs, pool, threads);
}

extern "C" void first(const float* in, const float* weight, const float* bias, float* out,
                      int inputs, int outputs, int height, int width, int stride, int top, int rows,
                      int threads) {
  const whole plane = (height + 2ll) * stride, map = (whole)rows * width, taps = inputs * 9;
#pragma omp parallel for schedule(static) num_threads(threads) collapse(2)
  for (int o = 0; o < outputs; o += MANY)
    for (int row = 0; row < rows; row++) {
      const int y = top + row, many = outputs - o < MANY ? outputs - o : MANY;
      float* to = out + o * map + (whole)row * width;
      const float* from = in + (whole)y * stride;
      if (y < 0 || y >= height)
        for (int i = 0; i < many; i++) memset(to + i * map, 0, 4ll * width);
      else if (many == MANY)
        line<MANY>(from, weight + o * taps, bias + o, to, inputs, width, stride, plane, map);
      else
        for (int i = o; i < outputs; i++, to += map)
          line<1>(from, weight + i * taps, bias + i, to, inputs, width, stride, plane, map);
    }
}

// The ReLU of the maxima of 2x2 px. `map`, `pixel`: channel to channel, pixel to pixel of `out`.
extern "C" void pooled(const float* in, float* out, int channels, int rows, int width, whole map,
                       whole pixel, int threads) {
  const int half = width / 2;
#pragma omp parallel for schedule(static) num_threads(threads) collapse(2)
  for (int row = 0; row < rows / 2; row++)
    for (int c = 0; c < channels; c += LANES)
      for (int x = 0; x < half; x += LANES) {
        const int many = channels - c < LANES ? channels - c : LANES;
        const int wide = half - x < LANES ? half - x : LANES;
        float made[LANES][LANES];
        for (int i = 0; i < many; i++) {
          const float* a = in + ((whole)(c + i) * rows + 2 * row) * width + 2 * x;
          for (int at = 0; at < wide; at++, a += 2) {
            const float most = larger(larger(a[0], a[1]), larger(a[width], a[width + 1]));
            made[i][at] = most < 0 ? 0 : most;
          }
        }
        float* to = out + c * map + ((whole)row * half + x) * pixel;
        if (pixel == 1)
          for (int i = 0; i < many; i++) memcpy(to + i * map, made[i], 4 * wide);
        else
          for (int at = 0; at < wide; at++)
            for (int i = 0; i < many; i++) to[at * pixel + i * map] = made[i][at];
      }
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
