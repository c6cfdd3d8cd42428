#include "paf/fast_parameters.h"

#include <algorithm>
#include <iterator>
#include <stdexcept>
#include <string>

namespace posewire::paf {
namespace {

template <typename Value>
struct Entry {
  std::string_view name;
  double least;
  double most;
  Value& (*get)(FastParameters& parameters);
};

constexpr double any = 1e6;

constexpr Entry<float> floats[] = {
    {"stride", 1.0, 64.0, [](FastParameters& p) -> float& { return p.grid.stride; }},
    {"bias_x", -any, any, [](FastParameters& p) -> float& { return p.grid.bias_x; }},
    {"bias_y", -any, any, [](FastParameters& p) -> float& { return p.grid.bias_y; }},
    {"peak_threshold", 0.0, any, [](FastParameters& p) -> float& { return p.peaks.threshold; }},
    {"end_cosine_min", 0.0, 1.0, [](FastParameters& p) -> float& { return p.links.pairs.end_cosine_min; }},
    {"end_length_min", 0.0, any, [](FastParameters& p) -> float& { return p.links.pairs.end_length_min; }},
    {"sample_min", -any, any, [](FastParameters& p) -> float& { return p.links.pairs.sample_min; }},
    {"across_weight", 0.0, any, [](FastParameters& p) -> float& { return p.links.pairs.across_weight; }},
    {"length_weight", 0.0, any, [](FastParameters& p) -> float& { return p.links.pairs.length_weight; }},
    {"length_ratio", 1.0, any, [](FastParameters& p) -> float& { return p.links.length_ratio; }},
    {"length_margin", 0.0, any, [](FastParameters& p) -> float& { return p.links.length_margin; }},
    {"share_ratio", 1.0, any, [](FastParameters& p) -> float& { return p.links.share_ratio; }},
    {"share_min", -any, any, [](FastParameters& p) -> float& { return p.poses.share_min; }},
    {"adoption_min", 0.0, any, [](FastParameters& p) -> float& { return p.adoption.score_min; }},
    {"score_min", -any, any, [](FastParameters& p) -> float& { return p.poses.score_min; }},
};

constexpr Entry<int> ints[] = {
    {"peaks_per_keypoint", 1.0, 1024.0, [](FastParameters& p) -> int& { return p.peaks.per_keypoint; }},
    {"samples", 1.0, 100.0, [](FastParameters& p) -> int& { return p.links.pairs.samples; }},
    {"misses_max", 0.0, 100.0, [](FastParameters& p) -> int& { return p.links.pairs.misses_max; }},
    {"links_per_peak", 1.0, 1024.0, [](FastParameters& p) -> int& { return p.links.per_peak; }},
    {"keypoints_min", 2.0, 1024.0, [](FastParameters& p) -> int& { return p.poses.keypoints_min; }},
};

template <typename Value, std::size_t Count>
bool set(const Entry<Value> (&entries)[Count], FastParameters& parameters, std::string_view name, double value) {
  const auto has_name = [&](const Entry<Value>& entry) { return entry.name == name; };
  const auto* entry = std::find_if(std::begin(entries), std::end(entries), has_name);
  if (entry == std::end(entries)) {
    return false;
  }
  if (!(value >= entry->least && value <= entry->most)) {
    throw std::invalid_argument(std::string(name) + " must be from " + std::to_string(entry->least) + " to " +
                                std::to_string(entry->most) + ", got " + std::to_string(value));
  }
  entry->get(parameters) = static_cast<Value>(value);
  return true;
}

}  // namespace

void set_parameter(FastParameters& parameters, std::string_view name, double value) {
  if (!set(floats, parameters, name, value) && !set(ints, parameters, name, value)) {
    throw std::invalid_argument("unknown parameter " + std::string(name));
  }
}

}  // namespace posewire::paf
