#include "yuv/converter.h"

#include <algorithm>
#include <array>
#include <utility>

namespace posewire::yuv {
namespace {

constexpr int largest_block = 8;

int log2_of(int block) {
  int result = 0;
  while (block >> (result + 1) != 0) {
    ++result;
  }
  return result;
}

}  // namespace

Converter::Converter(simd::Level level) : kernels_(kernels(level)) {}

void Converter::run(const PlaneView& y, const PlaneView& u, const PlaneView& v, int reduction, const Colour& colour,
                    std::uint8_t* bgr) {
  const int width = (y.width + reduction - 1) / reduction;
  const int height = (y.height + reduction - 1) / reduction;
  u_.row = v_.row = -1;
  for (int row = 0; row < height; ++row) {
    const Sums luma = block_row(y, reduction, row, width, y_);
    const Sums blue = chroma_row(u, reduction, row, width, u_);
    const Sums red = chroma_row(v, reduction, row, width, v_);
    kernels_.write_bgr(luma, blue, red, colour, width, bgr);
    bgr += 3 * static_cast<std::ptrdiff_t>(width);
  }
}

// The sums of `width` blocks of block * block samples, the row-th from the top.
Sums Converter::block_row(const PlaneView& plane, int block, int row, int width, Blocks& blocks) const {
  const auto samples = static_cast<std::size_t>(width) * static_cast<std::size_t>(block);
  blocks.sums.resize(std::max(blocks.sums.size(), samples));
  blocks.spare.resize(std::max(blocks.spare.size(), samples));
  std::array<const std::uint8_t*, largest_block> rows{};
  for (int i = 0; i < block; ++i) {
    rows[static_cast<std::size_t>(i)] = plane.samples + std::min(row * block + i, plane.height - 1) * plane.row_stride;
  }
  kernels_.add_rows(rows.data(), block, plane.pixel_stride, plane.width, blocks.sums.data());
  const auto last = blocks.sums.begin() + plane.width;
  std::fill(last, blocks.sums.begin() + static_cast<std::ptrdiff_t>(samples), *(last - 1));
  for (int wide = width * block / 2; wide >= width; wide /= 2) {
    kernels_.add_pairs(blocks.sums.data(), wide, blocks.spare.data());
    std::swap(blocks.sums, blocks.spare);
  }
  return {blocks.sums.data(), 2 * log2_of(block)};
}

// The chroma of a row of pixels. At full size two neighbours share a sample either way.
Sums Converter::chroma_row(const PlaneView& plane, int reduction, int row, int width, Blocks& blocks) {
  if (reduction > 1) {
    return block_row(plane, reduction / 2, row, width, blocks);
  }
  if (blocks.row != row / 2) {
    blocks.row = row / 2;
    const Sums samples = block_row(plane, 1, blocks.row, plane.width, blocks);
    blocks.spare.resize(std::max(blocks.spare.size(), 2 * static_cast<std::size_t>(plane.width)));
    kernels_.repeat(samples.values, plane.width, blocks.spare.data());
  }
  return {blocks.spare.data(), 0};
}

}  // namespace posewire::yuv
