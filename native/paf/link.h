#pragma once

#include <cstdint>

namespace posewire::paf {

// Two peaks that a limb may connect.
struct Link {
  float score;
  std::int32_t limb;
  std::int32_t from;
  std::int32_t to;
  float length;    // in cells
  bool shareable;  // not much longer than the best links of its ends
  bool chosen;     // by the assignment of its limb
};

}  // namespace posewire::paf
