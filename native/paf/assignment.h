#pragma once

#include <vector>

#include "paf/link.h"

namespace posewire::paf {

// Chooses, among the links of one limb, those of greatest total score of which no two share a peak.
// Shortest augmenting paths with potentials (Jonker and Volgenant, 1987) over the links alone, so
// that uncontested peaks cost nothing. Keeps its memory between frames.
class Assignment {
 public:
  // Sets `chosen` in links[0..count), which must be sorted by `from`. The peaks of the limb's ends
  // are first_row.. and first_column.., that many each.
  void choose(Link* links, int count, int first_row, int rows, int first_column, int columns);

 private:
  static constexpr int none = -1;
  struct Column {
    double potential;
    double distance;
    int mate;     // the chosen link to it
    int through;  // the link by which the search reached it
    int search;   // the row whose search reached it last
    bool done;
  };
  struct Row {
    double potential;
    int begin;  // its links
    int mate;
  };
  struct Step {
    int row;
    double distance;
  };

  void search(const Link* links, int root);
  void reach(const Link* links, const Step& step, int root);
  int nearest() const;
  void update_potentials(double end);
  void flip(const Link* links, int column);

  int first_row_ = 0;
  int first_column_ = 0;
  std::vector<Row> rows_;
  std::vector<Column> columns_;
  std::vector<int> reached_;
  std::vector<Step> steps_;
};

}  // namespace posewire::paf
