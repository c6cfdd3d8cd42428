#include "paf/paddlehub.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "paf/enlarged.h"
#include "paf/member.h"
#include "paf/paddlehub_peaks.h"

namespace posewire::paf {
namespace {

constexpr float peak_threshold = 0.1F;
constexpr double sample_threshold = 0.05;
constexpr int samples = 10;
constexpr int hits_min = 9;
constexpr std::size_t spots_max = 256;
constexpr int keypoints_min = 4;
constexpr double score_min = 0.4;

// The score of a pair, or nothing above zero where it is no limb.
double score_pair(const Spot& from, const Spot& to, const Enlarged& field_x, const Enlarged& field_y) {
  const double dx = static_cast<double>(to.x) - static_cast<double>(from.x);
  const double dy = static_cast<double>(to.y) - static_cast<double>(from.y);
  const double length = std::sqrt(dx * dx + dy * dy) + 1e-5;
  double sum = 0.0;
  int hits = 0;
  for (int i = 0; i < samples; ++i) {
    const auto x = static_cast<int>(std::nearbyint(static_cast<double>(from.x) + i * (dx / (samples - 1))));
    const auto y = static_cast<int>(std::nearbyint(static_cast<double>(from.y) + i * (dy / (samples - 1))));
    const double along =
        static_cast<double>(field_x.at(x, y)) * (dx / length) + static_cast<double>(field_y.at(x, y)) * (dy / length);
    sum += along;
    hits += along > sample_threshold ? 1 : 0;
    if (i - hits >= samples - hits_min) {
      return 0.0;
    }
  }
  const double prior = std::min(0.5 * field_x.height() / length - 1.0, 0.0);
  return hits >= hits_min ? sum / samples + prior : 0.0;
}

std::vector<Connection> connect(const std::vector<Spot>& from, const std::vector<Spot>& to, const Enlarged& field_x,
                                const Enlarged& field_y) {
  std::vector<Connection> connections;
  for (int a = 0; a < static_cast<int>(from.size()); ++a) {
    for (int b = 0; b < static_cast<int>(to.size()); ++b) {
      const double score = score_pair(from[a], to[b], field_x, field_y);
      if (score > 0.0) {
        connections.push_back({a, b, score});
      }
    }
  }
  std::stable_sort(connections.begin(), connections.end(),
                   [](const Connection& a, const Connection& b) { return a.score > b.score; });
  return first_of_each(connections, std::min(from.size(), to.size()));
}

void add_to(Member& member, const Limb& limb, const Connection& connection, const Spots& spots) {
  member.spots[limb.to] = connection.to;
  member.count += 1;
  member.score += static_cast<double>(spots[limb.to][connection.to].score) + connection.score;
}

bool merge(Member& into, const Member& from, double score) {
  for (std::size_t k = 0; k < into.spots.size(); ++k) {
    if (into.spots[k] != Member::none && from.spots[k] != Member::none) {
      return false;
    }
  }
  for (std::size_t k = 0; k < into.spots.size(); ++k) {
    into.spots[k] = std::max(into.spots[k], from.spots[k]);
  }
  into.count += from.count;
  into.score += from.score + score;
  return true;
}

void join(const Limb& limb, const Connection& connection, const Spots& spots, bool may_start,
          std::vector<Member>& members) {
  std::array<std::size_t, 2> owners{};
  std::size_t found = 0;
  for (std::size_t i = 0; i < members.size() && found < owners.size(); ++i) {
    if (members[i].spots[limb.from] == connection.from || members[i].spots[limb.to] == connection.to) {
      owners[found++] = i;
    }
  }
  if (found == 2) {
    if (merge(members[owners[0]], members[owners[1]], connection.score)) {
      members.erase(members.begin() + static_cast<std::ptrdiff_t>(owners[1]));
    } else {
      add_to(members[owners[0]], limb, connection, spots);
    }
  } else if (found == 1) {
    if (members[owners[0]].spots[limb.to] != connection.to) {
      add_to(members[owners[0]], limb, connection, spots);
    }
  } else if (may_start) {
    Member& member = members.emplace_back(static_cast<int>(spots.size()));
    member.spots[limb.from] = connection.from;
    member.count = 1;
    member.score = static_cast<double>(spots[limb.from][connection.from].score);
    add_to(member, limb, connection, spots);
  }
}

void keep_best(std::vector<Spot>& spots) {
  if (spots.size() > spots_max) {
    std::stable_sort(spots.begin(), spots.end(), [](const Spot& a, const Spot& b) { return a.score > b.score; });
    spots.resize(spots_max);
  }
}

void centre(Spots& spots) {
  for (std::vector<Spot>& group : spots) {
    for (Spot& spot : group) {
      spot.x += 0.5F;
      spot.y += 0.5F;
    }
  }
}

}  // namespace

void decode_paddlehub(const Maps& heatmaps, const Maps& pafs, const Skeleton& skeleton, int scale, Size size_input,
                      Size size_image, Poses& poses) {
  const Axis columns =
      chain_axes(resize_axis(heatmaps.width, heatmaps.width * scale), resize_axis(size_input.width, size_image.width));
  const Axis rows = chain_axes(resize_axis(heatmaps.height, heatmaps.height * scale),
                               resize_axis(size_input.height, size_image.height));
  Spots spots;
  for (int keypoint = 0; keypoint < skeleton.keypoints; ++keypoint) {
    spots.push_back(find_paddlehub_peaks(Enlarged(heatmaps.channel(keypoint), columns, rows), peak_threshold));
    keep_best(spots.back());
  }
  constexpr int extending_limbs = 2;
  std::vector<Member> members;
  for (int i = 0; i < static_cast<int>(skeleton.limbs.size()); ++i) {
    const Limb& limb = skeleton.limbs[i];
    const Enlarged field_x(pafs.channel(limb.channel_x), columns, rows);
    const Enlarged field_y(pafs.channel(limb.channel_y), columns, rows);
    const bool may_start = i < static_cast<int>(skeleton.limbs.size()) - extending_limbs;
    for (const Connection& connection : connect(spots[limb.from], spots[limb.to], field_x, field_y)) {
      join(limb, connection, spots, may_start, members);
    }
  }
  centre(spots);
  const int terms = skeleton.keypoints + static_cast<int>(skeleton.limbs.size());
  write_members(members, spots, {keypoints_min, score_min, terms},
                static_cast<float>(size_input.width) / static_cast<float>(size_image.width),
                static_cast<float>(size_input.height) / static_cast<float>(size_image.height), poses);
}

}  // namespace posewire::paf
