#include "preprocess/preprocessor.h"

#include <algorithm>

#include "preprocess/columns.h"

namespace posewire {
namespace {

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

Preprocessor::Preprocessor(simd::Level level) : blend_rows_(blend_rows(level)) {}

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
      blend(source, y);
      writer.write(blended_.data(), columns_);
    }
    for (float*& plane : writer.planes) {
      std::fill(plane + (y < valid_height ? valid_width : 0), plane + output.width, normalisation.pad);
      plane += output.width;
    }
  }
}

void Preprocessor::blend(const ImageView& image, int row) {
  const int first = rows_.first[static_cast<std::size_t>(row)];
  for (int tap = 0; tap < rows_.count; ++tap) {
    sources_[static_cast<std::size_t>(tap)] = packed_row(image, first + tap, tap);
  }
  blend_rows_(sources_.data(), rows_.weights_of(row), rows_.count, 3 * image.width, blended_.data());
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
