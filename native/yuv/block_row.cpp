#include "yuv/block_row.h"

#include <algorithm>
#include <array>
#include <utility>

namespace posewire::yuv {
namespace {

constexpr int largest_block = 8;

// The rows of samples that a row of blocks covers.
using Rows = std::array<const std::uint8_t*, largest_block>;

Rows rows_of(const PlaneView& plane, int block, int row) {
  Rows rows{};
  for (int i = 0; i < block; ++i) {
    rows[static_cast<std::size_t>(i)] = plane.samples + std::min(row * block + i, plane.height - 1) * plane.row_stride;
  }
  return rows;
}

// The sum of a column's samples.
int column_sum(const Rows& rows, int block, std::ptrdiff_t place) {
  int sum = 0;
  for (int i = 0; i < block; ++i) {
    sum += rows[static_cast<std::size_t>(i)][place];
  }
  return sum;
}

}  // namespace

bool are_interleaved(const PlaneView& first, const PlaneView& second) {
  return first.pixel_stride == 2 && second.pixel_stride == 2 && first.samples + 1 == second.samples &&
         first.row_stride == second.row_stride;
}

void BlockRow::read(const PlaneView& plane, int block, int row, int width) {
  const Rows rows = rows_of(plane, block, row);
  const int edge = column_sum(rows, block, (plane.width - 1) * plane.pixel_stride);
  if (block > 1 && plane.pixel_stride == 1) {
    reserve(block, width * block / 2);
    kernels_.add_twos(rows.data(), block, plane.width / 2, sums_.data());
    fold(plane.width / 2, 2 * edge, width * block / 2, width);
  } else {
    reserve(block, width * block);
    kernels_.add_rows(rows.data(), block, plane.pixel_stride, plane.width, sums_.data());
    fold(plane.width, edge, width * block, width);
  }
}

void BlockRow::read_both(const PlaneView& first, int block, int row, int width, BlockRow& firsts, BlockRow& seconds) {
  const Rows rows = rows_of(first, block, row);
  firsts.reserve(block, width * block);
  seconds.reserve(block, width * block);
  const std::ptrdiff_t last = 2 * static_cast<std::ptrdiff_t>(first.width - 1);
  firsts.kernels_.add_apart(rows.data(), block, first.width, firsts.sums_.data(), seconds.sums_.data());
  firsts.fold(first.width, column_sum(rows, block, last), width * block, width);
  seconds.fold(first.width, column_sum(rows, block, last + 1), width * block, width);
}

void BlockRow::repeat(int width) {
  reserve(1, 2 * width);
  kernels_.repeat(sums_.data(), width, spare_.data());
  std::swap(sums_, spare_);
}

// Makes room for sums of a row of blocks.
void BlockRow::reserve(int block, int count) {
  shift_ = 0;
  while (1 << shift_ < block * block) {
    ++shift_;
  }
  const auto size = std::max(sums_.size(), static_cast<std::size_t>(count));
  sums_.resize(size);
  spare_.resize(size);
}

// Adds neighbours until `width` sums are left of `wide`; those beyond `columns` are of the edge.
void BlockRow::fold(int columns, int edge, int wide, int width) {
  if (columns < wide) {
    std::fill(sums_.begin() + columns, sums_.begin() + wide, static_cast<std::uint16_t>(edge));
  }
  while (wide > width) {
    wide /= 2;
    kernels_.add_pairs(sums_.data(), wide, spare_.data());
    std::swap(sums_, spare_);
  }
}

}  // namespace posewire::yuv
