#pragma once

#include <cstdint>
#include <vector>

#include "preprocess/taps.h"

namespace posewire {

// So many columns are made at once; the tables are filled up to a multiple of it.
constexpr int column_block = 8;

// The taps of a row's columns, laid out for vectors.
struct Columns {
  Taps taps;

  // The first pixel of each column, and its weights by twos: pair p of column x is pairs[p * first.size() + x].
  std::vector<std::int32_t> first;
  std::vector<std::int32_t> pairs;

  // Of two taps: the bytes of a column's two values, counted from the first value of the first of its
  // four columns, whose values lie within 16 bytes: two taps reach no further than half size.
  std::vector<std::int32_t> shuffles;
};

// Makes the columns of a row, unless `columns` has them already.
void fit_columns(int size_in, int size_out, Columns& columns);

}  // namespace posewire
