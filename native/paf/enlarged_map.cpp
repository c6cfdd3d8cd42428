#include "paf/enlarged_map.h"

namespace posewire::paf {

float EnlargedMap::along_row(int x, int row) const {
  const float* cells = plane_.cells + row * plane_.row_stride + columns_->begin[x];
  const float* weights = &columns_->weights[static_cast<std::size_t>(x) * static_cast<std::size_t>(columns_->taps)];
  float sum = 0.0F;
  for (int tap = 0; tap < columns_->taps; ++tap) {
    sum += cells[tap] * weights[tap];
  }
  return sum;
}

float EnlargedMap::at(int x, int y) const {
  const float* weights = &rows_->weights[static_cast<std::size_t>(y) * static_cast<std::size_t>(rows_->taps)];
  float sum = 0.0F;
  for (int tap = 0; tap < rows_->taps; ++tap) {
    sum += along_row(x, rows_->begin[y] + tap) * weights[tap];
  }
  return sum;
}

void EnlargedMap::fill(const Box& box, std::vector<float>& samples) const {
  const auto width = static_cast<std::size_t>(box.width);
  samples.assign(width * static_cast<std::size_t>(box.height), 0.0F);
  if (samples.empty()) {
    return;
  }
  const int first_row = rows_->begin[box.y];
  const int end_row = rows_->begin[box.y + box.height - 1] + rows_->taps;
  std::vector<float> wide;
  for (int row = first_row; row < end_row; ++row) {
    for (int x = 0; x < box.width; ++x) {
      wide.push_back(along_row(box.x + x, row));
    }
  }
  for (int y = 0; y < box.height; ++y) {
    float* out = &samples[static_cast<std::size_t>(y) * width];
    for (int tap = 0; tap < rows_->taps; ++tap) {
      const float weight = rows_->weights[(box.y + y) * rows_->taps + tap];
      const float* row = &wide[static_cast<std::size_t>(rows_->begin[box.y + y] + tap - first_row) * width];
      for (std::size_t x = 0; x < width; ++x) {
        out[x] += row[x] * weight;
      }
    }
  }
}

}  // namespace posewire::paf
