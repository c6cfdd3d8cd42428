#include "yuv/file.h"

#include <sys/types.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace posewire::yuv {
namespace {

// With its chroma a band of so many bytes of luma is within every processor's second-level cache.
constexpr std::ptrdiff_t band_bytes = 128 * 1024;

// Reads rows of `row_bytes` bytes, `stride` apart; the last one without what lies between.
bool read_rows(int descriptor, std::int64_t offset, std::ptrdiff_t row_bytes, std::ptrdiff_t stride, int rows,
               std::vector<std::uint8_t>& into) {
  const auto size = static_cast<std::size_t>(stride * (rows - 1) + row_bytes);
  into.resize(std::max(into.size(), size));
  std::size_t done = 0;
  while (done < size) {
    const ssize_t count = ::pread(descriptor, into.data() + done, size - done, offset + static_cast<off_t>(done));
    if (count == 0 || (count < 0 && errno != EINTR)) {
      return false;
    }
    done += static_cast<std::size_t>(std::max<ssize_t>(count, 0));
  }
  return true;
}

}  // namespace

FileConverter::FileConverter(simd::Level level) : converter_(level) {}

bool FileConverter::run(const FilePlanes& planes, int reduction, const Colour& colour, std::uint8_t* bgr) {
  const int step = std::max(2, reduction);
  const int band = step * static_cast<int>(std::max<std::ptrdiff_t>(1, band_bytes / (planes.stride * step)));
  const std::ptrdiff_t row_bytes = 3 * static_cast<std::ptrdiff_t>((planes.width + reduction - 1) / reduction);
  const std::ptrdiff_t chroma_stride = planes.is_interleaved ? planes.stride : planes.stride / 2;
  const std::ptrdiff_t chroma_step = planes.is_interleaved ? 2 : 1;
  for (int row = 0; row < planes.height; row += band) {
    const int rows = std::min(band, planes.height - row);
    if (!read(planes, row, rows)) {
      return false;
    }
    const std::uint8_t* const v = planes.is_interleaved ? u_.data() + 1 : v_.data();
    converter_.run({luma_.data(), planes.width, rows, planes.stride, 1},
                   {u_.data(), planes.width / 2, rows / 2, chroma_stride, chroma_step},
                   {v, planes.width / 2, rows / 2, chroma_stride, chroma_step}, reduction, colour,
                   bgr + row / reduction * row_bytes);
  }
  return true;
}

bool FileConverter::read(const FilePlanes& planes, int first_row, int rows) {
  const int descriptor = planes.descriptor;
  const std::int64_t chroma = planes.offset + planes.stride * planes.height;
  if (!read_rows(descriptor, planes.offset + planes.stride * first_row, planes.width, planes.stride, rows, luma_)) {
    return false;
  }
  const int half = first_row / 2;
  if (planes.is_interleaved) {
    return read_rows(descriptor, chroma + planes.stride * half, planes.width, planes.stride, rows / 2, u_);
  }
  const std::ptrdiff_t stride = planes.stride / 2;
  const std::int64_t second = chroma + stride * (planes.height / 2);
  return read_rows(descriptor, chroma + stride * half, planes.width / 2, stride, rows / 2, u_) &&
         read_rows(descriptor, second + stride * half, planes.width / 2, stride, rows / 2, v_);
}

}  // namespace posewire::yuv
