#include "preprocess/columns.h"

#include <cstddef>
#include <cstring>

namespace posewire {
namespace {

Quad load(const float* from) {
  Quad value;
  std::memcpy(&value, from, sizeof(value));
  return value;
}

void store(float* to, Quad value) { std::memcpy(to, &value, sizeof(value)); }

// One normalised pixel; `taps` is the count of the columns, or 0 where the compiler is not to know it.
template <int taps>
Quad blend_pixel(const RowWriter& writer, const float* blended, const Taps& columns, int x) {
  const int count = taps == 0 ? columns.count : taps;
  const float* const from = blended + 3 * static_cast<std::ptrdiff_t>(columns.first[static_cast<std::size_t>(x)]);
  const float* const weights = columns.weights_of(x);
  Quad sum{};
  for (int tap = 0; tap < count; ++tap) {
    sum += weights[tap] * load(from + 3 * static_cast<std::ptrdiff_t>(tap));
  }
  return (sum - writer.mean) * writer.scale;
}

template <int taps>
void write_four(const RowWriter& writer, const float* blended, const Taps& columns, int x) {
  const Quad a = blend_pixel<taps>(writer, blended, columns, x);
  const Quad b = blend_pixel<taps>(writer, blended, columns, x + 1);
  const Quad c = blend_pixel<taps>(writer, blended, columns, x + 2);
  const Quad d = blend_pixel<taps>(writer, blended, columns, x + 3);
  const Quad ab = __builtin_shufflevector(a, b, 0, 4, 1, 5);
  const Quad cd = __builtin_shufflevector(c, d, 0, 4, 1, 5);
  store(writer.planes[0] + x, __builtin_shufflevector(ab, cd, 0, 1, 4, 5));
  store(writer.planes[1] + x, __builtin_shufflevector(ab, cd, 2, 3, 6, 7));
  store(writer.planes[2] + x, Quad{a[2], b[2], c[2], d[2]});
}

template <int taps>
void write_row(const RowWriter& writer, const float* blended, const Taps& columns) {
  int x = 0;
  for (; x + 4 <= columns.size_out; x += 4) {
    write_four<taps>(writer, blended, columns, x);
  }
  for (; x < columns.size_out; ++x) {
    const Quad pixel = blend_pixel<taps>(writer, blended, columns, x);
    for (std::size_t channel = 0; channel < 3; ++channel) {
      writer.planes[channel][x] = pixel[channel];
    }
  }
}

}  // namespace

void RowWriter::write(const float* blended, const Taps& columns) const {
  switch (columns.count) {
    case 2:
      write_row<2>(*this, blended, columns);
      break;
    case 3:
      write_row<3>(*this, blended, columns);
      break;
    default:
      write_row<0>(*this, blended, columns);
  }
}

}  // namespace posewire
