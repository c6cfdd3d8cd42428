#include "preprocess.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace posewire {
namespace {

using Quad [[gnu::vector_size(16)]] = float;

// Rows are blended in blocks of this many bytes, so that sums stay in registers.
constexpr int block = 32;

// One body for every dispatch level; products and sums are rounded apart (no fused multiply-add), so
// that the levels agree to the bit.
[[gnu::always_inline]] inline void blend_rows_body(const std::uint8_t* const* rows, const float* weights, int count,
                                                   int size, float* out) {
  int x = 0;
  for (; x + block <= size; x += block) {
    float sums[block] = {};
    for (int tap = 0; tap < count; ++tap) {
      const std::uint8_t* const row = rows[tap] + x;
      const float weight = weights[tap];
      for (int i = 0; i < block; ++i) {
        sums[i] += weight * static_cast<float>(row[i]);
      }
    }
    std::memcpy(out + x, sums, sizeof(sums));
  }
  for (; x < size; ++x) {
    float sum = 0;
    for (int tap = 0; tap < count; ++tap) {
      sum += weights[tap] * static_cast<float>(rows[tap][x]);
    }
    out[x] = sum;
  }
}

void blend_rows_baseline(const std::uint8_t* const* rows, const float* weights, int count, int size, float* out) {
  blend_rows_body(rows, weights, count, size, out);
}

#ifdef POSEWIRE_X86_LEVELS
[[gnu::target("avx2")]] void blend_rows_avx2(const std::uint8_t* const* rows, const float* weights, int count, int size,
                                             float* out) {
  blend_rows_body(rows, weights, count, size, out);
}

[[gnu::target("avx512f,avx512bw,avx512vl")]] void blend_rows_avx512(const std::uint8_t* const* rows,
                                                                    const float* weights, int count, int size,
                                                                    float* out) {
  blend_rows_body(rows, weights, count, size, out);
}
#endif

float triangle(float distance) { return std::max(0.0F, 1.0F - std::abs(distance)); }

// Pixel i of the output covers [i, i + 1) * size_in / size_out of the input.
void fit_taps(int size_in, int size_out, Taps& taps) {
  if (taps.size_in == size_in && taps.size_out == size_out) {
    return;
  }
  const double ratio = static_cast<double>(size_in) / size_out;
  const double radius = std::max(1.0, 0.5 * ratio);
  taps.size_in = size_in;
  taps.size_out = size_out;
  taps.count = std::min(size_in, static_cast<int>(std::ceil(2 * radius)));
  taps.first.resize(static_cast<std::size_t>(size_out));
  taps.weights.resize(static_cast<std::size_t>(size_out) * static_cast<std::size_t>(taps.count));
  for (int i = 0; i < size_out; ++i) {
    const double centre = (i + 0.5) * ratio;
    const int lowest = static_cast<int>(std::floor(centre - radius + 0.5));
    const int first = std::clamp(lowest, 0, size_in - taps.count);
    taps.first[static_cast<std::size_t>(i)] = first;
    float* const weights = taps.weights.data() + static_cast<std::ptrdiff_t>(i) * taps.count;
    float sum = 0;
    for (int tap = 0; tap < taps.count; ++tap) {
      weights[tap] = triangle(static_cast<float>((first + tap + 0.5 - centre) / radius));
      sum += weights[tap];
    }
    for (int tap = 0; tap < taps.count; ++tap) {
      weights[tap] /= sum;
    }
  }
}

Quad load(const float* from) {
  Quad value;
  std::memcpy(&value, from, sizeof(value));
  return value;
}

void store(float* to, Quad value) { std::memcpy(to, &value, sizeof(value)); }

// One pixel of a blended row: its three channels in the first lanes.
Quad blend_columns(const float* blended, const Taps& columns, int x) {
  const float* const from = blended + 3 * static_cast<std::ptrdiff_t>(columns.first[static_cast<std::size_t>(x)]);
  const float* const weights = columns.weights.data() + static_cast<std::ptrdiff_t>(x) * columns.count;
  Quad sum{};
  for (int tap = 0; tap < columns.count; ++tap) {
    sum += weights[tap] * load(from + 3 * static_cast<std::ptrdiff_t>(tap));
  }
  return sum;
}

// A row's way from interleaved to three planes.
struct RowWriter {
  Quad mean;
  Quad scale;
  std::array<float*, 3> planes;

  void write(const float* blended, const Taps& columns) const {
    int x = 0;
    for (; x + 4 <= columns.size_out; x += 4) {
      write_four(blended, columns, x);
    }
    for (; x < columns.size_out; ++x) {
      const Quad pixel = (blend_columns(blended, columns, x) - mean) * scale;
      for (std::size_t channel = 0; channel < 3; ++channel) {
        planes[channel][x] = pixel[channel];
      }
    }
  }

  void write_four(const float* blended, const Taps& columns, int x) const {
    const Quad a = (blend_columns(blended, columns, x) - mean) * scale;
    const Quad b = (blend_columns(blended, columns, x + 1) - mean) * scale;
    const Quad c = (blend_columns(blended, columns, x + 2) - mean) * scale;
    const Quad d = (blend_columns(blended, columns, x + 3) - mean) * scale;
    for (int channel = 0; channel < 3; ++channel) {
      store(planes[static_cast<std::size_t>(channel)] + x, Quad{a[channel], b[channel], c[channel], d[channel]});
    }
  }
};

bool is_packed(const ImageView& image) { return image.pixel_stride == 3 && image.channel_stride == 1; }

// Reads a view whose channels run backwards as its mirror image: the other channel order, forwards.
ImageView forwards(const ImageView& image, bool& swap_red_blue) {
  ImageView result = image;
  if (image.channel_stride == -1) {
    result.pixels -= 2;
    result.channel_stride = 1;
    swap_red_blue = !swap_red_blue;
  }
  return result;
}

// The mean and scale of each channel as it lies in the image, and the plane it goes to.
RowWriter row_writer(const Normalisation& normalisation, bool swap_red_blue, const PlanesView& output) {
  RowWriter writer{};
  const std::size_t plane = static_cast<std::size_t>(output.width) * static_cast<std::size_t>(output.height);
  for (std::size_t channel = 0; channel < 3; ++channel) {
    const std::size_t target = swap_red_blue ? 2 - channel : channel;
    writer.mean[channel] = normalisation.mean[target];
    writer.scale[channel] = normalisation.scale[target];
    writer.planes[channel] = output.values + target * plane;
  }
  return writer;
}

}  // namespace

Preprocessor::Preprocessor(simd::Level level) : blend_(blend_rows_baseline) {
#ifdef POSEWIRE_X86_LEVELS
  if (level == simd::Level::avx2) {
    blend_ = blend_rows_avx2;
  } else if (level == simd::Level::avx512) {
    blend_ = blend_rows_avx512;
  }
#else
  static_cast<void>(level);
#endif
}

void Preprocessor::run(const ImageView& image, int valid_width, int valid_height, const Normalisation& normalisation,
                       const PlanesView& output) {
  bool swap_red_blue = normalisation.swap_red_blue;
  const ImageView source = forwards(image, swap_red_blue);
  fit_taps(source.width, valid_width, columns_);
  fit_taps(source.height, valid_height, rows_);
  // One float more than the pixels, because a pixel is read as four lanes.
  blended_.resize(std::max(blended_.size(), 3 * static_cast<std::size_t>(source.width) + 1));
  sources_.resize(static_cast<std::size_t>(rows_.count));
  if (!is_packed(source)) {
    packed_.resize(std::max(packed_.size(), sources_.size() * 3 * static_cast<std::size_t>(source.width)));
  }
  RowWriter writer = row_writer(normalisation, swap_red_blue, output);
  for (int y = 0; y < output.height; ++y) {
    if (y < valid_height) {
      writer.write(blend_rows(source, y), columns_);
    }
    for (float*& plane : writer.planes) {
      std::fill(plane + (y < valid_height ? valid_width : 0), plane + output.width, normalisation.pad);
      plane += output.width;
    }
  }
}

const float* Preprocessor::blend_rows(const ImageView& image, int row) {
  const int first = rows_.first[static_cast<std::size_t>(row)];
  for (int tap = 0; tap < rows_.count; ++tap) {
    sources_[static_cast<std::size_t>(tap)] = packed_row(image, first + tap, tap);
  }
  const float* const weights = rows_.weights.data() + static_cast<std::ptrdiff_t>(row) * rows_.count;
  blend_(sources_.data(), weights, rows_.count, 3 * image.width, blended_.data());
  return blended_.data();
}

// The bytes of a row without gaps: the image's own where they lie so, else a copy in `slot`.
const std::uint8_t* Preprocessor::packed_row(const ImageView& image, int row, int slot) {
  const std::uint8_t* from = image.pixels + row * image.row_stride;
  if (is_packed(image)) {
    return from;
  }
  std::uint8_t* const packed = packed_.data() + 3 * static_cast<std::ptrdiff_t>(image.width) * slot;
  std::uint8_t* to = packed;
  for (int x = 0; x < image.width; ++x, from += image.pixel_stride) {
    for (int channel = 0; channel < 3; ++channel) {
      *to++ = from[channel * image.channel_stride];
    }
  }
  return packed;
}

}  // namespace posewire
