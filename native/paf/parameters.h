#pragma once

#include <string_view>

#include "paf/fast.h"

namespace posewire::paf {

// Sets one parameter of the fast decoder by its name, as _native.pyi documents them. Throws
// std::invalid_argument when there is none of that name or the value is out of its range.
void set_parameter(FastParameters& parameters, std::string_view name, double value);

}  // namespace posewire::paf
