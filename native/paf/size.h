#pragma once

namespace posewire::paf {

// In pixels.
struct Size {
  int width = 0;
  int height = 0;
};

}  // namespace posewire::paf
