#include "paf/peak_group.h"

#include <algorithm>
#include <limits>

namespace posewire::paf {

std::vector<PeakPair> first_of_each(const std::vector<PeakPair>& pairs, std::size_t limit) {
  std::vector<PeakPair> kept;
  std::vector<char> from_used;
  std::vector<char> to_used;
  for (const PeakPair& pair : pairs) {
    from_used.resize(std::max(from_used.size(), static_cast<std::size_t>(pair.from) + 1));
    to_used.resize(std::max(to_used.size(), static_cast<std::size_t>(pair.to) + 1));
    if (kept.size() < limit && from_used[pair.from] == 0 && to_used[pair.to] == 0) {
      from_used[pair.from] = to_used[pair.to] = 1;
      kept.push_back(pair);
    }
  }
  return kept;
}

void write_groups(const std::vector<PeakGroup>& groups, const PeakLists& peaks, const GroupRule& rule, float scale_x,
                  float scale_y, Poses& poses) {
  std::vector<const PeakGroup*> passed;
  for (const PeakGroup& group : groups) {
    if (group.count >= rule.keypoints_min && group.score / group.count >= rule.score_min) {
      passed.push_back(&group);
    }
  }
  std::stable_sort(passed.begin(), passed.end(),
                   [](const PeakGroup* a, const PeakGroup* b) { return a->score > b->score; });
  constexpr float nan = std::numeric_limits<float>::quiet_NaN();
  for (const PeakGroup* group : passed) {
    poses.scores.push_back(static_cast<float>(std::clamp(group->score / rule.terms, 0.0, 1.0)));
    for (std::size_t k = 0; k < group->peaks.size(); ++k) {
      const int index = group->peaks[k];
      const Peak peak = index == PeakGroup::none ? Peak{nan, nan, 0.0F} : peaks[k][index];
      poses.keypoints.insert(poses.keypoints.end(), {peak.x * scale_x, peak.y * scale_y, peak.score});
    }
  }
}

}  // namespace posewire::paf
