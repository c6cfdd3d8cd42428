#include "yuv/converter.h"

#include <algorithm>
#include <cstddef>

namespace posewire::yuv {
namespace {

Channels channels_at(std::uint8_t* row, int width) { return {row, row + width, row + 2 * std::ptrdiff_t{width}}; }

}  // namespace

Converter::Converter(simd::Level level)
    : colour_row_(colour_row(level)), channel_kernels_(simd::channel_kernels(level)), y_(level), u_(level), v_(level) {}

void Converter::run(const PlaneView& y, const PlaneView& u, const PlaneView& v, int reduction, const Colour& colour,
                    Layout layout, std::uint8_t* bgr) {
  const int width = (y.width + reduction - 1) / reduction;
  const int height = (y.height + reduction - 1) / reduction;
  for (int row = 0; row < height; ++row) {
    y_.read(y, reduction, row, width);
    if (reduction > 1) {
      read_chroma(u, v, reduction / 2, row, width);
    } else if (row % 2 == 0) {  // At full size two neighbours share a sample either way.
      read_chroma(u, v, 1, row / 2, u.width);
      u_.repeat(u.width);
      v_.repeat(v.width);
    }
    write(colour, width, layout, bgr);
    bgr += 3 * static_cast<std::ptrdiff_t>(width);
  }
}

void Converter::read_chroma(const PlaneView& u, const PlaneView& v, int block, int row, int width) {
  if (are_interleaved(u, v)) {
    BlockRow::read_both(u, block, row, width, u_, v_);
  } else {
    u_.read(u, block, row, width);
    v_.read(v, block, row, width);
  }
}

void Converter::write(const Colour& colour, int width, Layout layout, std::uint8_t* bgr) {
  if (layout == Layout::channels) {
    colour_row_(y_.sums(), u_.sums(), v_.sums(), colour, width, channels_at(bgr, width));
    return;
  }
  channels_.resize(std::max(channels_.size(), 3 * static_cast<std::size_t>(width)));
  const Channels channels = channels_at(channels_.data(), width);
  colour_row_(y_.sums(), u_.sums(), v_.sums(), colour, width, channels);
  channel_kernels_.join(channels.data(), width, bgr);
}

}  // namespace posewire::yuv
