#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include "check.h"
#include "paf/assignment.h"

using posewire::paf::Assignment;
using posewire::paf::Link;

namespace {

double best_total(const std::vector<Link>& links, int row, int rows, std::vector<char>& used) {
  if (row == rows) {
    return 0.0;
  }
  double best = best_total(links, row + 1, rows, used);
  for (const Link& link : links) {
    if (link.from == row && used[link.to] == 0) {
      used[link.to] = 1;
      best = std::max(best, static_cast<double>(link.score) + best_total(links, row + 1, rows, used));
      used[link.to] = 0;
    }
  }
  return best;
}

std::vector<Link> random_links(std::mt19937& random, int rows, int columns, float share) {
  std::uniform_real_distribution<float> value(0.0F, 1.0F);
  std::vector<Link> links;
  for (int row = 0; row < rows; ++row) {
    for (int column = 0; column < columns; ++column) {
      if (value(random) < share) {
        links.push_back({value(random), 0, row, column, 1.0F, true, false});
      }
    }
  }
  return links;
}

}  // namespace

TEST(test_assignment_random_links_reaches_the_greatest_total) {
  std::mt19937 random(7);
  Assignment assignment;
  for (int trial = 0; trial < 300; ++trial) {
    const int rows = 1 + trial % 6;
    const int columns = 1 + trial % 5;
    std::vector<Link> links = random_links(random, rows, columns, 0.6F);
    assignment.choose(links.data(), static_cast<int>(links.size()), 0, rows, 0, columns);
    double total = 0.0;
    std::vector<char> from(6);
    std::vector<char> to(6);
    for (const Link& link : links) {
      if (link.chosen) {
        REQUIRE(from[link.from]++ == 0);
        REQUIRE(to[link.to]++ == 0);
        total += link.score;
      }
    }
    std::vector<char> used(6);
    REQUIRE(std::abs(total - best_total(links, 0, rows, used)) < 1e-5);
  }
}
