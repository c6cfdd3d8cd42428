#include "paf/openpose.h"

#include <algorithm>
#include <cmath>

#include "paf/enlarged.h"
#include "paf/member.h"
#include "paf/openpose_peaks.h"

namespace posewire::paf {
namespace {

constexpr float peak_threshold = 0.05F;
constexpr float sample_threshold = 0.05F;
constexpr float hits_share_min = 0.95F;
constexpr int keypoints_min = 3;
constexpr float score_min = 0.4F;

// Truncates after adding a half, so that what is just below zero becomes zero.
int round_positive(float value) {
  const float raised = value + 0.5F;
  return static_cast<int>(raised);
}

float score_pair(const Spot& from, const Spot& to, const Enlarged& field_x, const Enlarged& field_y) {
  const float dx = to.x - from.x;
  const float dy = to.y - from.y;
  const float length = std::sqrt(dx * dx + dy * dy);
  if (!(length > 1e-6F)) {
    return 0.0F;
  }
  const float reach = std::max(std::abs(dx), std::abs(dy));
  const int samples = std::clamp(round_positive(std::sqrt(5.0F * reach)), 5, 25);
  const float step_x = dx / static_cast<float>(samples);
  const float step_y = dy / static_cast<float>(samples);
  float sum = 0.0F;
  int hits = 0;
  for (int i = 0; i < samples; ++i) {
    const int x = std::clamp(round_positive(from.x + static_cast<float>(i) * step_x), 0, field_x.width() - 1);
    const int y = std::clamp(round_positive(from.y + static_cast<float>(i) * step_y), 0, field_x.height() - 1);
    const float along = dx / length * field_x.at(x, y) + dy / length * field_y.at(x, y);
    if (along > sample_threshold) {
      sum += along;
      ++hits;
    }
  }
  if (static_cast<float>(hits) / static_cast<float>(samples) > hits_share_min) {
    return sum / static_cast<float>(hits);
  }
  const auto near = static_cast<float>(std::sqrt(field_x.width() * field_x.height()) / 150.0);
  return length < near ? peak_threshold + 1e-6F : 0.0F;
}

std::vector<Connection> connect(const std::vector<Spot>& from, const std::vector<Spot>& to, const Enlarged& field_x,
                                const Enlarged& field_y) {
  std::vector<Connection> connections;
  for (int a = 0; a < static_cast<int>(from.size()); ++a) {
    for (int b = 0; b < static_cast<int>(to.size()); ++b) {
      const float score = score_pair(from[a], to[b], field_x, field_y);
      if (score > 1e-6F) {
        connections.push_back({a, b, score});
      }
    }
  }
  std::sort(connections.begin(), connections.end(), [](const Connection& a, const Connection& b) {
    if (a.score != b.score) {
      return a.score > b.score;
    }
    return a.from != b.from ? a.from > b.from : a.to > b.to;
  });
  return first_of_each(connections, std::min(from.size(), to.size()));
}

// Where one end of a limb was not found at all, each spot of the other end that is in no pose starts one.
void add_lone(const std::vector<Spot>& spots, int keypoint, int keypoints, std::vector<Member>& members) {
  for (int i = 0; i < static_cast<int>(spots.size()); ++i) {
    const auto has = [&](const Member& member) { return member.spots[keypoint] == i; };
    if (std::none_of(members.begin(), members.end(), has)) {
      Member& member = members.emplace_back(keypoints);
      member.spots[keypoint] = i;
      member.score = spots[i].score;
      member.count = 1;
    }
  }
}

// The last limbs give poses an ear or a shoulder that they lack, uncounted.
void extend(const Limb& limb, const std::vector<Connection>& connections, std::vector<Member>& members) {
  for (const Connection& connection : connections) {
    for (Member& member : members) {
      int& from = member.spots[limb.from];
      int& to = member.spots[limb.to];
      if (from == connection.from && to == Member::none) {
        to = connection.to;
      } else if (to == connection.to && from == Member::none) {
        from = connection.from;
      }
    }
  }
}

void join(const Limb& limb, const std::vector<Connection>& connections, const Spots& spots,
          std::vector<Member>& members) {
  for (const Connection& connection : connections) {
    const float gain = spots[limb.to][connection.to].score + static_cast<float>(connection.score);
    const auto found = std::find_if(members.begin(), members.end(),
                                    [&](const Member& member) { return member.spots[limb.from] == connection.from; });
    if (found != members.end()) {
      found->spots[limb.to] = connection.to;
      found->count += 1;
      found->score += gain;
      continue;
    }
    Member& member = members.emplace_back(static_cast<int>(spots.size()));
    member.spots[limb.from] = connection.from;
    member.spots[limb.to] = connection.to;
    member.count = 2;
    member.score = spots[limb.from][connection.from].score + gain;
  }
}

}  // namespace

void decode_openpose(const Maps& heatmaps, const Maps& pafs, const Skeleton& skeleton, int scale, Poses& poses) {
  const Axis columns = resize_axis(heatmaps.width, heatmaps.width * scale);
  const Axis rows = resize_axis(heatmaps.height, heatmaps.height * scale);
  Spots spots;
  for (int keypoint = 0; keypoint < skeleton.keypoints; ++keypoint) {
    spots.push_back(find_openpose_peaks(heatmaps.channel(keypoint), columns, rows, scale, peak_threshold));
  }
  constexpr int extending_limbs = 2;
  const int joining_limbs = static_cast<int>(skeleton.limbs.size()) - extending_limbs;
  std::vector<Member> members;
  for (int i = 0; i < static_cast<int>(skeleton.limbs.size()); ++i) {
    const Limb& limb = skeleton.limbs[i];
    if (spots[limb.from].empty() || spots[limb.to].empty()) {
      const int found = spots[limb.from].empty() ? limb.to : limb.from;
      add_lone(spots[found], found, skeleton.keypoints, members);
      continue;
    }
    const Enlarged field_x(pafs.channel(limb.channel_x), columns, rows);
    const Enlarged field_y(pafs.channel(limb.channel_y), columns, rows);
    const std::vector<Connection> connections = connect(spots[limb.from], spots[limb.to], field_x, field_y);
    if (i < joining_limbs) {
      join(limb, connections, spots, members);
    } else {
      extend(limb, connections, members);
    }
  }
  const int terms = skeleton.keypoints + static_cast<int>(skeleton.limbs.size());
  write_members(members, spots, {keypoints_min, score_min, terms}, 1.0F, 1.0F, poses);
}

}  // namespace posewire::paf
