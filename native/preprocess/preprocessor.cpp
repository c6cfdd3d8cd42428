#include "preprocess/preprocessor.h"

#include <algorithm>

namespace posewire {
namespace {

// Reads a view whose channels run backwards as its mirror image: the other channel order, forwards.
ImageView forwards(const ImageView& image, bool& swap_red_blue) {
  ImageView result = image;
  if (image.channel_stride < 0) {
    result.pixels += 2 * image.channel_stride;
    result.channel_stride = -image.channel_stride;
    swap_red_blue = !swap_red_blue;
  }
  return result;
}

// (pixel - mean) * scale for blended pixels.
Scaling scaling_of(const Normalisation& normalisation, std::size_t plane) {
  constexpr float one = 1 << (blended_bits + weight_bits);
  const float scale = normalisation.scale[plane];
  return {scale / one, -normalisation.mean[plane] * scale};
}

}  // namespace

Preprocessor::Preprocessor(simd::Level level) : kernels_(preprocess_kernels(level)), source_(level) {}

void Preprocessor::run(const ImageView& image, int valid_width, int valid_height, const Normalisation& normalisation,
                       const TensorView& output) {
  bool swap_red_blue = normalisation.swap_red_blue;
  const ImageView source = forwards(image, swap_red_blue);
  fit(source.width, source.height, valid_width, valid_height);
  source_.open(source, rows_.count);
  fill(normalisation, swap_red_blue, output);
}

void Preprocessor::run(const LazyImage& image, int valid_width, int valid_height, const Normalisation& normalisation,
                       const TensorView& output) {
  fit(image.width, image.height, valid_width, valid_height);
  source_.open(image, rows_.count);
  fill(normalisation, normalisation.swap_red_blue, output);
}

void Preprocessor::fit(int width, int height, int valid_width, int valid_height) {
  fit_columns(width, valid_width, columns_);
  fit_taps(height, valid_height, rows_);
  for (std::size_t channel = 0; channel < 3; ++channel) {
    sources_[channel].resize(static_cast<std::size_t>(rows_.count));
    blended_[channel].resize(std::max(blended_[channel].size(), static_cast<std::size_t>(width) + blended_padding));
  }
}

void Preprocessor::fill(const Normalisation& normalisation, bool swap_red_blue, const TensorView& output) {
  for (int y = 0; y < output.height; ++y) {
    const bool is_valid = y < rows_.size_out;
    std::array<BlendedRow, 3> rows{};
    for (std::size_t plane = 0; plane < 3; ++plane) {
      const std::size_t channel = swap_red_blue ? 2 - plane : plane;
      float* const out = output.values + (static_cast<std::ptrdiff_t>(plane) * output.height + y) * output.width;
      rows[plane] = {blended_[channel].data(), scaling_of(normalisation, plane), out};
      std::fill(out + (is_valid ? columns_.taps.size_out : 0), out + output.width, normalisation.pad);
    }
    if (is_valid) {
      blend(y);
      kernels_.blend_columns(rows, columns_);
    }
  }
}

// Blends the rows that make a row of the output; all channels before any is read again, for by then
// the processor has stored them.
void Preprocessor::blend(int y) {
  source_.read(rows_.first[static_cast<std::size_t>(y)], rows_.count, sources_);
  for (std::size_t channel = 0; channel < 3; ++channel) {
    kernels_.blend_rows(sources_[channel].data(), rows_.weights_of(y), rows_.count, columns_.taps.size_in,
                        blended_[channel].data());
  }
}

}  // namespace posewire
