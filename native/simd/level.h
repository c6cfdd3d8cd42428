#pragma once

#include <string_view>
#include <vector>

namespace posewire::simd {

enum class Level { baseline, avx2, avx512 };

// "baseline", "avx2" or "avx512".
std::string_view name(Level level);

// The levels this build contains and this processor runs, slowest first; never empty.
std::vector<Level> available_levels();

// The fastest available level for "auto", otherwise the level of that name.
// Throws std::invalid_argument when the name is unknown or the level is not available here.
Level choose_level(std::string_view wanted);

}  // namespace posewire::simd
