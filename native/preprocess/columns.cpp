#include "preprocess/columns.h"

#include <cstddef>
#include <cstring>

namespace posewire {

void fit_columns(int size_in, int size_out, Columns& columns) {
  Taps& taps = columns.taps;
  if (taps.size_in == size_in && taps.size_out == size_out) {
    return;
  }
  fit_taps(size_in, size_out, taps);
  const int blocks = (size_out + column_block - 1) / column_block;
  const std::size_t padded = static_cast<std::size_t>(blocks) * column_block;
  columns.first = taps.first;
  columns.first.resize(padded, taps.first.back());
  columns.pairs.assign(padded * static_cast<std::size_t>(taps.count) / 2, 0);
  for (int x = 0; x < size_out; ++x) {
    for (int tap = 0; tap < taps.count; tap += 2) {
      const std::size_t place = static_cast<std::size_t>(tap) / 2 * padded + static_cast<std::size_t>(x);
      std::memcpy(&columns.pairs[place], taps.weights_of(x) + tap, sizeof(std::int32_t));
    }
  }
  columns.shuffles.resize(taps.count == 2 ? padded : 0);
  for (std::size_t x = 0; x < columns.shuffles.size(); ++x) {
    columns.shuffles[x] = 0x03020100 + 0x02020202 * (columns.first[x] - columns.first[x / 4 * 4]);
  }
}

}  // namespace posewire
