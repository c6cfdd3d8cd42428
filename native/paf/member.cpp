#include "paf/member.h"

#include <algorithm>
#include <limits>

namespace posewire::paf {

std::vector<Connection> first_of_each(const std::vector<Connection>& connections, std::size_t limit) {
  std::vector<Connection> kept;
  std::vector<char> from_used;
  std::vector<char> to_used;
  for (const Connection& connection : connections) {
    from_used.resize(std::max(from_used.size(), static_cast<std::size_t>(connection.from) + 1));
    to_used.resize(std::max(to_used.size(), static_cast<std::size_t>(connection.to) + 1));
    if (kept.size() < limit && from_used[connection.from] == 0 && to_used[connection.to] == 0) {
      from_used[connection.from] = to_used[connection.to] = 1;
      kept.push_back(connection);
    }
  }
  return kept;
}

void write_members(const std::vector<Member>& members, const Spots& spots, const MemberRule& rule, float scale_x,
                   float scale_y, Poses& poses) {
  std::vector<const Member*> passed;
  for (const Member& member : members) {
    if (member.count >= rule.keypoints_min && member.score / member.count >= rule.score_min) {
      passed.push_back(&member);
    }
  }
  std::stable_sort(passed.begin(), passed.end(), [](const Member* a, const Member* b) { return a->score > b->score; });
  constexpr float nan = std::numeric_limits<float>::quiet_NaN();
  for (const Member* member : passed) {
    poses.scores.push_back(static_cast<float>(std::clamp(member->score / rule.terms, 0.0, 1.0)));
    for (std::size_t k = 0; k < member->spots.size(); ++k) {
      const int index = member->spots[k];
      const Spot spot = index == Member::none ? Spot{nan, nan, 0.0F} : spots[k][index];
      poses.keypoints.insert(poses.keypoints.end(), {spot.x * scale_x, spot.y * scale_y, spot.score});
    }
  }
}

}  // namespace posewire::paf
