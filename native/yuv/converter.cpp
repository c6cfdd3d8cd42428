#include "yuv/converter.h"

#include <algorithm>
#include <cstddef>

namespace posewire::yuv {
namespace {

Channels channels_at(std::uint8_t* row, int width) { return {row, row + width, row + 2 * std::ptrdiff_t{width}}; }

}  // namespace

Converter::Converter(simd::Level level)
    : colour_row_(colour_row(level)), channel_kernels_(simd::channel_kernels(level)), y_(level), u_(level), v_(level) {}

void Converter::open(const Planes& planes, int reduction, const Colour& colour) {
  planes_ = planes;
  reduction_ = reduction;
  colour_ = colour;
  chroma_row_ = -1;
}

void Converter::read(int row, const Channels& channels) {
  y_.read(planes_[0], reduction_, row, width());
  if (reduction_ > 1) {
    read_chroma(reduction_ / 2, row, width());
  } else if (chroma_row_ != row / 2) {  // At full size two neighbours share a sample either way.
    chroma_row_ = row / 2;
    read_chroma(1, chroma_row_, planes_[1].width);
    u_.repeat(planes_[1].width);
    v_.repeat(planes_[1].width);
  }
  colour_row_(y_.sums(), u_.sums(), v_.sums(), colour_, width(), channels);
}

void Converter::read_all(Layout layout, std::uint8_t* bgr) {
  const std::ptrdiff_t row_bytes = 3 * static_cast<std::ptrdiff_t>(width());
  channels_.resize(std::max(channels_.size(), static_cast<std::size_t>(row_bytes)));
  const Channels channels = channels_at(channels_.data(), width());
  for (int row = 0; row < height(); ++row, bgr += row_bytes) {
    if (layout == Layout::channels) {
      read(row, channels_at(bgr, width()));
    } else {
      read(row, channels);
      channel_kernels_.join(channels.data(), width(), bgr);
    }
  }
}

void Converter::read_chroma(int block, int row, int width) {
  const auto& [luma, u, v] = planes_;
  if (are_interleaved(u, v)) {
    BlockRow::read_both(u, block, row, width, u_, v_);
  } else {
    u_.read(u, block, row, width);
    v_.read(v, block, row, width);
  }
}

}  // namespace posewire::yuv
