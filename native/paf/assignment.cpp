#include "paf/assignment.h"

#include <algorithm>
#include <limits>

namespace posewire::paf {

void Assignment::reach(const Link* links, const Step& step, int root) {
  const Row& row = rows_[step.row];
  for (int i = row.begin; i < rows_[step.row + 1].begin; ++i) {
    const int index = links[i].to - first_column_;
    Column& column = columns_[index];
    const double distance = step.distance - links[i].score - row.potential - column.potential;
    if (column.search != root) {
      column.search = root;
      column.done = false;
      reached_.push_back(index);
    } else if (column.done || distance >= column.distance) {
      continue;
    }
    column.distance = distance;
    column.through = i;
  }
}

int Assignment::nearest() const {
  int best = none;
  for (const int index : reached_) {
    if (!columns_[index].done && (best == none || columns_[index].distance < columns_[best].distance)) {
      best = index;
    }
  }
  return best;
}

void Assignment::update_potentials(double end) {
  for (const Step& step : steps_) {
    rows_[step.row].potential += end - step.distance;
  }
  for (const int index : reached_) {
    if (columns_[index].done) {
      columns_[index].potential -= end - columns_[index].distance;
    }
  }
}

// Gives the column the link that reached it, then likewise the column that link's row had before, up to the root.
void Assignment::flip(const Link* links, int column) {
  while (column != none) {
    const int link = columns_[column].through;
    const int row = links[link].from - first_row_;
    const int former = rows_[row].mate;
    columns_[column].mate = link;
    rows_[row].mate = link;
    column = former == none ? none : links[former].to - first_column_;
  }
}

// Finds a column for one row, or leaves the row without that loses least.
void Assignment::search(const Link* links, int root) {
  reached_.clear();
  steps_.clear();
  Row& first = rows_[root];
  for (int i = first.begin; i < rows_[root + 1].begin; ++i) {
    first.potential = std::min(first.potential, -links[i].score - columns_[links[i].to - first_column_].potential);
  }
  Step step{root, 0.0};
  Step leaving{none, std::numeric_limits<double>::infinity()};
  int column = none;
  while (true) {
    steps_.push_back(step);
    const double leave = step.distance - rows_[step.row].potential;
    if (leave < leaving.distance) {
      leaving = {step.row, leave};
    }
    reach(links, step, root);
    column = nearest();
    if (column == none || leaving.distance <= columns_[column].distance) {
      update_potentials(leaving.distance);
      const int former = rows_[leaving.row].mate;
      rows_[leaving.row].mate = none;
      flip(links, former == none ? none : links[former].to - first_column_);
      return;
    }
    if (columns_[column].mate == none) {
      update_potentials(columns_[column].distance);
      flip(links, column);
      return;
    }
    columns_[column].done = true;
    step = {links[columns_[column].mate].from - first_row_, columns_[column].distance};
  }
}

void Assignment::choose(Link* links, int count, int first_row, int rows, int first_column, int columns) {
  first_row_ = first_row;
  first_column_ = first_column;
  rows_.assign(static_cast<std::size_t>(rows) + 1, {0.0, count, none});
  columns_.assign(static_cast<std::size_t>(columns), {0.0, 0.0, none, none, none, false});
  for (int i = count - 1; i >= 0; --i) {
    rows_[links[i].from - first_row].begin = i;
  }
  for (int row = rows - 1; row >= 0; --row) {  // rows without links are empty ranges
    rows_[row].begin = std::min(rows_[row].begin, rows_[row + 1].begin);
  }
  for (int row = 0; row < rows; ++row) {
    search(links, row);
  }
  for (int i = 0; i < count; ++i) {
    links[i].chosen = rows_[links[i].from - first_row].mate == i;
  }
}

}  // namespace posewire::paf
