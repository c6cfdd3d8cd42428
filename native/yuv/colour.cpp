#include "yuv/colour.h"

#include <cmath>
#include <stdexcept>
#include <string>

namespace posewire::yuv {
namespace {

// What red and blue have in luma; green has the rest.
struct Shares {
  double red;
  double blue;
};

Shares shares_of(std::string_view matrix) {
  if (matrix == "bt601") {
    return {0.299, 0.114};
  }
  if (matrix == "bt709") {
    return {0.2126, 0.0722};
  }
  throw std::invalid_argument("matrix must be bt601 or bt709; got " + std::string(matrix));
}

std::int16_t factor(double value) { return static_cast<std::int16_t>(std::lround(8192 * value)); }

}  // namespace

Colour choose_colour(std::string_view matrix, bool full_range) {
  const auto [red, blue] = shares_of(matrix);
  const double green = 1 - red - blue;
  const double luma_gain = full_range ? 1.0 : 255.0 / 219;
  const double chroma_gain = full_range ? 1.0 : 255.0 / 224;
  const double blue_u = chroma_gain * 2 * (1 - blue);
  const double red_v = chroma_gain * 2 * (1 - red);
  return {static_cast<std::int16_t>(full_range ? 0 : 16),
          factor(luma_gain),
          factor(blue_u),
          factor(blue_u * blue / green),
          factor(red_v * red / green),
          factor(red_v)};
}

}  // namespace posewire::yuv
