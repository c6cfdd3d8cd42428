#include "paf/paddlehub.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "paf/enlarged_map.h"
#include "paf/paddlehub_peaks.h"
#include "paf/peak_group.h"

namespace posewire::paf {
namespace {

constexpr float peak_threshold = 0.1F;
constexpr double sample_threshold = 0.05;
constexpr int samples = 10;
constexpr int hits_min = 9;
constexpr std::size_t peaks_max = 256;
constexpr int keypoints_min = 4;
constexpr double score_min = 0.4;

// The score of a pair; 0 or less if it is no limb.
double score_pair(const Peak& from, const Peak& to, const EnlargedMap& field_x, const EnlargedMap& field_y) {
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

std::vector<PeakPair> connect(const std::vector<Peak>& from, const std::vector<Peak>& to, const EnlargedMap& field_x,
                              const EnlargedMap& field_y) {
  std::vector<PeakPair> pairs;
  for (int a = 0; a < static_cast<int>(from.size()); ++a) {
    for (int b = 0; b < static_cast<int>(to.size()); ++b) {
      const double score = score_pair(from[a], to[b], field_x, field_y);
      if (score > 0.0) {
        pairs.push_back({a, b, score});
      }
    }
  }
  std::stable_sort(pairs.begin(), pairs.end(), [](const PeakPair& a, const PeakPair& b) { return a.score > b.score; });
  return first_of_each(pairs, std::min(from.size(), to.size()));
}

void add_to(PeakGroup& group, const Limb& limb, const PeakPair& pair, const PeakLists& peaks) {
  group.peaks[limb.to] = pair.to;
  group.count += 1;
  group.score += static_cast<double>(peaks[limb.to][pair.to].score) + pair.score;
}

bool merge(PeakGroup& into, const PeakGroup& from, double score) {
  for (std::size_t k = 0; k < into.peaks.size(); ++k) {
    if (into.peaks[k] != PeakGroup::none && from.peaks[k] != PeakGroup::none) {
      return false;
    }
  }
  for (std::size_t k = 0; k < into.peaks.size(); ++k) {
    into.peaks[k] = std::max(into.peaks[k], from.peaks[k]);
  }
  into.count += from.count;
  into.score += from.score + score;
  return true;
}

void join(const Limb& limb, const PeakPair& pair, const PeakLists& peaks, bool may_start,
          std::vector<PeakGroup>& groups) {
  std::array<std::size_t, 2> owners{};
  std::size_t found = 0;
  for (std::size_t i = 0; i < groups.size() && found < owners.size(); ++i) {
    if (groups[i].peaks[limb.from] == pair.from || groups[i].peaks[limb.to] == pair.to) {
      owners[found++] = i;
    }
  }
  if (found == 2) {
    if (merge(groups[owners[0]], groups[owners[1]], pair.score)) {
      groups.erase(groups.begin() + static_cast<std::ptrdiff_t>(owners[1]));
    } else {
      add_to(groups[owners[0]], limb, pair, peaks);
    }
  } else if (found == 1) {
    if (groups[owners[0]].peaks[limb.to] != pair.to) {
      add_to(groups[owners[0]], limb, pair, peaks);
    }
  } else if (may_start) {
    PeakGroup& group = groups.emplace_back(static_cast<int>(peaks.size()));
    group.peaks[limb.from] = pair.from;
    group.count = 1;
    group.score = static_cast<double>(peaks[limb.from][pair.from].score);
    add_to(group, limb, pair, peaks);
  }
}

void keep_best(std::vector<Peak>& peaks) {
  if (peaks.size() > peaks_max) {
    std::stable_sort(peaks.begin(), peaks.end(), [](const Peak& a, const Peak& b) { return a.score > b.score; });
    peaks.resize(peaks_max);
  }
}

void centre(PeakLists& peaks) {
  for (std::vector<Peak>& list : peaks) {
    for (Peak& peak : list) {
      peak.x += 0.5F;
      peak.y += 0.5F;
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
  PeakLists peaks;
  for (int keypoint = 0; keypoint < skeleton.keypoints; ++keypoint) {
    peaks.push_back(find_paddlehub_peaks(EnlargedMap(heatmaps.channel(keypoint), columns, rows), peak_threshold));
    keep_best(peaks.back());
  }
  constexpr int extending_limbs = 2;
  std::vector<PeakGroup> groups;
  for (int i = 0; i < static_cast<int>(skeleton.limbs.size()); ++i) {
    const Limb& limb = skeleton.limbs[i];
    const EnlargedMap field_x(pafs.channel(limb.channel_x), columns, rows);
    const EnlargedMap field_y(pafs.channel(limb.channel_y), columns, rows);
    const bool may_start = i < static_cast<int>(skeleton.limbs.size()) - extending_limbs;
    for (const PeakPair& pair : connect(peaks[limb.from], peaks[limb.to], field_x, field_y)) {
      join(limb, pair, peaks, may_start, groups);
    }
  }
  centre(peaks);
  const int terms = skeleton.keypoints + static_cast<int>(skeleton.limbs.size());
  write_groups(groups, peaks, {keypoints_min, score_min, terms},
               static_cast<float>(size_input.width) / static_cast<float>(size_image.width),
               static_cast<float>(size_input.height) / static_cast<float>(size_image.height), poses);
}

}  // namespace posewire::paf
