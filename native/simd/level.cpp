#include "simd/level.h"

#include <stdexcept>
#include <string>

namespace posewire::simd {

std::string_view name(Level level) {
  switch (level) {
    case Level::avx2:
      return "avx2";
    case Level::avx512:
      return "avx512";
    default:
      return "baseline";
  }
}

std::vector<Level> available_levels() {
  std::vector<Level> levels{Level::baseline};
#ifdef POSEWIRE_X86_LEVELS
  if (__builtin_cpu_supports("avx2")) {
    levels.push_back(Level::avx2);
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq")) {
      levels.push_back(Level::avx512);
    }
  }
#endif
  return levels;
}

Level choose_level(std::string_view wanted) {
  const std::vector<Level> levels = available_levels();
  if (wanted == "auto") {
    return levels.back();
  }
  std::string names;
  for (const Level level : levels) {
    if (name(level) == wanted) {
      return level;
    }
    names += " " + std::string(name(level));
  }
  throw std::invalid_argument("simd must be auto or one of:" + names + "; got " + std::string(wanted));
}

}  // namespace posewire::simd
