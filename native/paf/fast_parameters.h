#pragma once

#include <string_view>

#include "paf/adopter.h"
#include "paf/grouper.h"
#include "paf/link_finder.h"
#include "paf/peak_finder.h"

namespace posewire::paf {

struct FastParameters {
  Grid grid{8.0F, 0.0F, 0.0F};
  PeakRule peaks{0.1F, 256};
  LinkRule links{{0.4F, 2.0F, 0.05F, 10, 1, 0.3F, 0.005F}, 16, 3.0F, 0.2F, 2.0F};
  PoseRule poses{0.6F, 4, 0.3F};
  AdoptionRule adoption{0.15F, 1.25F, 1.6F, 0.2F, 1.25F};
};

// Sets one parameter of the fast decoder by its name, as _native.pyi documents them. Throws
// std::invalid_argument when there is none of that name or the value is out of its range.
void set_parameter(FastParameters& parameters, std::string_view name, double value);

}  // namespace posewire::paf
