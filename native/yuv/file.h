#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "yuv/colour.h"
#include "yuv/converter.h"

namespace posewire::yuv {

// Planes of 4:2:0 video in a file: luma, then chroma, interleaved (NV12) or U before V (I420).
struct FilePlanes {
  int descriptor;
  std::int64_t offset;  // of the luma plane, in bytes
  int width;            // even
  int height;           // even
  std::ptrdiff_t stride;
  bool is_interleaved;
};

// Converts such planes as a Converter does, a band of rows at a time, so that what is read is used
// while it is in the processor's cache. The file may be made smaller meanwhile: mapped into memory it
// would end the process, read it just ends. An object is for one thread at a time; it keeps its memory.
class FileConverter {
 public:
  explicit FileConverter(simd::Level level);

  // Writes ceil(height / reduction) rows, packed; false where the file has ended before.
  bool run(const FilePlanes& planes, int reduction, const Colour& colour, std::uint8_t* bgr);

 private:
  bool read(const FilePlanes& planes, int first_row, int rows);

  Converter converter_;
  std::vector<std::uint8_t> luma_;
  std::vector<std::uint8_t> u_;
  std::vector<std::uint8_t> v_;
};

}  // namespace posewire::yuv
