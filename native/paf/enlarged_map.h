#pragma once

#include <vector>

#include "paf/axis.h"
#include "simd/kernels.h"

namespace posewire::paf {

// A rectangle of samples.
struct Box {
  int x;
  int y;
  int width;
  int height;
};

// A map resized along both axes, of which only what is asked for is computed.
class EnlargedMap {
 public:
  EnlargedMap(const simd::Plane& plane, const Axis& columns, const Axis& rows)
      : plane_(plane), columns_(&columns), rows_(&rows) {}

  int width() const { return columns_->size(); }
  int height() const { return rows_->size(); }
  float at(int x, int y) const;
  // Computes the samples of a box, row by row.
  void fill(const Box& box, std::vector<float>& samples) const;

 private:
  float along_row(int x, int row) const;

  simd::Plane plane_;
  const Axis* columns_;
  const Axis* rows_;
};

}  // namespace posewire::paf
