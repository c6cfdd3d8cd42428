#include "paf/paddlehub_peaks.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace posewire::paf {
namespace {

constexpr int reach = 12;  // four standard deviations

using Kernel = std::array<double, reach + 1>;

Kernel gaussian() {
  constexpr double sigma = 3.0;
  Kernel kernel{};
  double sum = 0.0;
  for (int i = 0; i <= reach; ++i) {
    kernel[i] = std::exp(-0.5 * i * i / (sigma * sigma));
    sum += i == 0 ? kernel[i] : 2.0 * kernel[i];
  }
  for (double& weight : kernel) {
    weight /= sum;
  }
  return kernel;
}

// The border is mirrored, its own pixel included.
int mirror(int index, int size) {
  while (index < 0 || index >= size) {
    index = index < 0 ? -index - 1 : 2 * size - index - 1;
  }
  return index;
}

// Smooths `count` values `step` apart; every value is rounded to float, sums are double, as SciPy does.
void smooth_line(const Kernel& kernel, const float* from, float* to, int count, int step, std::vector<double>& line) {
  line.resize(static_cast<std::size_t>(count) + 2U * reach);
  for (int i = -reach; i < count + reach; ++i) {
    line[i + reach] = static_cast<double>(from[mirror(i, count) * step]);
  }
  for (int i = 0; i < count; ++i) {
    double sum = line[i + reach] * kernel[0];
    for (int away = reach; away > 0; --away) {
      sum += (line[i + reach - away] + line[i + reach + away]) * kernel[away];
    }
    to[i * step] = static_cast<float>(sum);
  }
}

std::vector<float> smooth(const std::vector<float>& samples, int width, int height) {
  static const Kernel kernel = gaussian();
  std::vector<float> columns(samples.size());
  std::vector<float> both(samples.size());
  std::vector<double> line;
  for (int x = 0; x < width; ++x) {
    smooth_line(kernel, &samples[x], &columns[x], height, width, line);
  }
  for (int y = 0; y < height; ++y) {
    smooth_line(kernel, &columns[y * width], &both[y * width], width, 1, line);
  }
  return both;
}

}  // namespace

std::vector<Peak> find_paddlehub_peaks(const EnlargedMap& map, float threshold) {
  const int width = map.width();
  const int height = map.height();
  std::vector<float> samples;
  map.fill({0, 0, width, height}, samples);
  std::vector<Peak> peaks;
  if (samples.empty() || *std::max_element(samples.begin(), samples.end()) <= threshold) {
    return peaks;
  }
  const std::vector<float> smoothed = smooth(samples, width, height);
  const auto at = [&](int x, int y) {
    return x < 0 || y < 0 || x >= width || y >= height ? 0.0F : smoothed[y * width + x];
  };
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      const float value = at(x, y);
      if (value > threshold && value >= at(x, y - 1) && value >= at(x, y + 1) && value >= at(x - 1, y) &&
          value >= at(x + 1, y)) {
        peaks.push_back({static_cast<float>(x), static_cast<float>(y), samples[y * width + x]});
      }
    }
  }
  return peaks;
}

}  // namespace posewire::paf
