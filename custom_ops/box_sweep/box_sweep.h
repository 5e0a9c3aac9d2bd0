// The boxes of all levels of a grey image in one pass over its pixels. No framework in here.
//
// Foreground is what is brighter than the level; it hangs together by sides and corners, the
// background by sides only. From the brightest level down foreground only grows, from the
// darkest up background does, so one union-find each meets every region of every level.

#ifndef TFWSOL_CUSTOM_OPS_BOX_SWEEP_BOX_SWEEP_H_
#define TFWSOL_CUSTOM_OPS_BOX_SWEEP_BOX_SWEEP_H_

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "image_boxes.h"
#include "neighbours.h"

namespace tfwsol {

// Works on images of one size, one after another, in memory that it keeps.
class BoxSweep {
 public:
  BoxSweep(int height, int width)
      : height_(height),
        width_(width),
        stride_(width + 2),
        tables_(NeighbourTables::Get()),
        step_{-stride_, 1 - stride_, 1, 1 + stride_, stride_, stride_ - 1, -1, -1 - stride_},
        rank_(static_cast<size_t>(stride_) * (height + 2)),
        there_(rank_.size()),
        label_(rank_.size()),
        order_(static_cast<size_t>(height) * width) {}

  // grey: height × width. All borders, or the one of largest polygon area.
  ImageBoxes Run(const uint8_t* grey, const int32_t* thresholds, int64_t count, bool all) {
    Levels levels(thresholds, count);
    spans_.clear();
    if (!order_.empty()) {
      if (levels.all_foreground) {
        Note({0, 0, width_, height_}, levels.everything(), levels.everything());
      }
      Rank(grey, levels);
      if (all) {
        Sort(levels.ranked);
        SweepForeground(levels.ranked);
        SweepHoles(levels.ranked);
      } else {
        FillHoles(levels.ranked);
        Sort(levels.ranked);
        SweepLargest(levels.ranked);
      }
    }
    return ImageBoxes(std::move(levels), spans_);
  }

 private:
  enum class Growth { kForeground, kHoles, kLargest };

  struct Region {
    Box box;
    int32_t since;  // kLargest: the level that changed it last
    int32_t first_pixel;
    int64_t double_area;
  };

  int At(int y, int x) const { return (y + 1) * stride_ + x + 1; }

  Box PixelBox(int at) const {
    const int y = at / stride_ - 1, x = at % stride_ - 1;
    return {x, y, x + 1, y + 1};
  }

  // A pixel is foreground at the ranked levels below its rank.
  void Rank(const uint8_t* grey, const Levels& levels) {
    for (int y = 0; y < height_; ++y) {
      uint8_t* row = &rank_[At(y, 0)];
      for (int x = 0; x < width_; ++x) row[x] = levels.below[grey[x]];
      grey += width_;
    }
  }

  // Pixels by rank, then as they are read; those of rank r stand from start_[r] on.
  void Sort(int ranked) {
    start_.fill(0);
    for (int y = 0; y < height_; ++y) {
      const uint8_t* row = &rank_[At(y, 0)];
      for (int x = 0; x < width_; ++x) ++start_[row[x] + 1];
    }
    for (int rank = 0; rank <= ranked; ++rank) start_[rank + 1] += start_[rank];
    std::array<int32_t, 258> next = start_;
    for (int y = 0; y < height_; ++y) {
      const int row = At(y, 0);
      for (int x = 0; x < width_; ++x) order_[next[rank_[row + x]]++] = row + x;
    }
  }

  // Which neighbours are there before each pixel. Ranks come in the order that `before` says,
  // pixels of one rank as they are read.
  template <typename Before>
  void FindThose(Before before) {
    const auto later = [=](uint8_t own, uint8_t other, int bit) {
      return before(other, own) ? uint8_t(1 << bit) : uint8_t{0};
    };
    const auto earlier = [=](uint8_t own, uint8_t other, int bit) {
      return before(own, other) ? uint8_t{0} : uint8_t(1 << bit);
    };
    for (int y = 0; y < height_; ++y) {
      const uint8_t* row = &rank_[At(y, 0)];
      const uint8_t *above = row - stride_, *below = row + stride_;
      uint8_t* __restrict out = &there_[At(y, 0)];
      const int width = width_;
      for (int x = 0; x < width; ++x) {
        out[x] = earlier(row[x], above[x], kN) | earlier(row[x], above[x + 1], kNE) |
                 later(row[x], row[x + 1], kE) | later(row[x], below[x + 1], kSE) |
                 later(row[x], below[x], kS) | later(row[x], below[x - 1], kSW) |
                 earlier(row[x], row[x - 1], kW) | earlier(row[x], above[x - 1], kNW);
      }
    }
  }

  // The frame outside the image is background at every level.
  void AddFrame() {
    for (int x = 0; x < width_; ++x) {
      there_[At(0, x)] |= 1 << kNW | 1 << kN | 1 << kNE;
      there_[At(height_ - 1, x)] |= 1 << kSW | 1 << kS | 1 << kSE;
    }
    for (int y = 0; y < height_; ++y) {
      there_[At(y, 0)] |= 1 << kNW | 1 << kW | 1 << kSW;
      there_[At(y, width_ - 1)] |= 1 << kNE | 1 << kE | 1 << kSE;
    }
  }

  int Find(int region) {
    while (parent_[region] != region) {
      parent_[region] = parent_[parent_[region]];
      region = parent_[region];
    }
    return region;
  }

  int Add(const Region& region) {
    const int id = static_cast<int>(parent_.size());
    parent_.push_back(id);
    regions_.push_back(region);
    return id;
  }

  // Notes the box that a region had until this level, if it had one.
  template <Growth growth>
  void Close(Region& region, int level) {
    if (region.since == level) return;
    if (growth == Growth::kForeground) {
      Note(region.box, level + 1, region.since);
    } else if (growth == Growth::kHoles) {
      const Box& box = region.box;  // a border runs through the pixels round the hole
      Note({box.x0 - 1, box.y0 - 1, box.x1 + 1, box.y1 + 1}, region.since, level - 1);
    } else {
      changed_.push_back(static_cast<int32_t>(&region - regions_.data()));
    }
    region.since = level;
  }

  void Note(const Box& box, int first, int last) {
    spans_.push_back({box, static_cast<int16_t>(first), static_cast<int16_t>(last)});
  }

  // Enlarges a region by another, or by a pixel, that is no longer one of its own.
  template <Growth growth>
  void Swallow(int into, const Region& other, int level) {
    Region& region = regions_[into];
    const bool inside = Holds(region.box, other.box);
    if (growth == Growth::kLargest) {
      Close<growth>(region, level);
      region.double_area += other.double_area;
      region.first_pixel = std::min(region.first_pixel, other.first_pixel);
    } else if (!inside) {
      Close<growth>(region, level);
    }
    if (!inside) region.box = Hull(region.box, other.box);
  }

  // Joins a pixel with the regions round it. The oldest region goes on.
  template <Growth growth>
  void Insert(int at, int level) {
    const uint8_t there = there_[at];
    const auto& groups = growth == Growth::kHoles ? tables_.background : tables_.foreground;
    uint8_t joined = groups[there];
    const Region pixel{PixelBox(at), level, at, tables_.gain[there]};
    if (joined == 0) {
      if (growth == Growth::kLargest) changed_.push_back(static_cast<int32_t>(parent_.size()));
      label_[at] = Add(pixel);
      return;
    }
    int root = -1;
    for (; joined != 0; joined &= joined - 1) {
      const int other = Find(label_[at + step_[__builtin_ctz(joined)]]);
      if (root == -1) root = other;
      if (other == root) continue;
      const int lost = std::max(root, other);
      root = std::min(root, other);
      parent_[lost] = root;
      Swallow<growth>(root, regions_[lost], level);
      if (growth != Growth::kLargest) Close<growth>(regions_[lost], level);
    }
    Swallow<growth>(root, pixel, level);
    label_[at] = root;
  }

  void Forget() {
    parent_.clear();
    regions_.clear();
  }

  template <Growth growth>
  void CloseAll(int from, int level) {
    for (int id = from; id < static_cast<int>(parent_.size()); ++id) {
      if (parent_[id] == id) Close<growth>(regions_[id], level);
    }
  }

  void SweepForeground(int ranked) {
    FindThose([](uint8_t a, uint8_t b) { return a > b; });
    Forget();
    for (int level = ranked - 1; level >= 0; --level) {
      for (int k = start_[level + 1]; k < start_[level + 2]; ++k) {
        Insert<Growth::kForeground>(order_[k], level);
      }
    }
    CloseAll<Growth::kForeground>(0, -1);
  }

  void SweepHoles(int ranked) {
    FindThose([](uint8_t a, uint8_t b) { return a < b; });
    AddFrame();
    Forget();
    // The outside is the oldest, and nothing enlarges it, so it is never noted.
    Add({{-1, -1, width_ + 1, height_ + 1}, 0, 0, 0});
    for (int x = -1; x <= width_; ++x) label_[At(-1, x)] = label_[At(height_, x)] = 0;
    for (int y = 0; y < height_; ++y) label_[At(y, -1)] = label_[At(y, width_)] = 0;
    for (int level = 0; level < ranked; ++level) {
      for (int k = start_[level]; k < start_[level + 1]; ++k) {
        Insert<Growth::kHoles>(order_[k], level);
      }
    }
    CloseAll<Growth::kHoles>(1, ranked);
  }

  // Lifts every pixel to the least rank that a way by sides from the outside must climb.
  void FillHoles(int ranked) {
    std::array<int32_t, 256> top;
    top.fill(-1);
    std::vector<int32_t>& next = label_;
    std::fill(there_.begin(), there_.end(), uint8_t{1});  // 1: reached
    for (int y = 0; y < height_; ++y) std::fill_n(&there_[At(y, 0)], width_, uint8_t{0});
    const auto reach = [&](int at, uint8_t rank) {
      if (there_[at]) return;
      there_[at] = 1;
      rank = rank_[at] = std::max(rank_[at], rank);
      next[at] = top[rank];
      top[rank] = at;
    };
    for (int x = 0; x < width_; ++x) reach(At(0, x), 0), reach(At(height_ - 1, x), 0);
    for (int y = 0; y < height_; ++y) reach(At(y, 0), 0), reach(At(y, width_ - 1), 0);
    for (int rank = 0; rank <= ranked; ++rank) {
      while (top[rank] >= 0) {
        const int at = top[rank];
        top[rank] = next[at];
        for (const int side : {kN, kE, kS, kW}) reach(at + step_[side], static_cast<uint8_t>(rank));
      }
    }
  }

  // The largest border is an outermost one, so on the filled image regions are enough.
  void SweepLargest(int ranked) {
    FindThose([](uint8_t a, uint8_t b) { return a > b; });
    Forget();
    int largest = -1;
    for (int level = ranked - 1; level >= 0; --level) {
      changed_.clear();
      Region before{};
      if (largest >= 0) before = regions_[largest];
      for (int k = start_[level + 1]; k < start_[level + 2]; ++k) {
        Insert<Growth::kLargest>(order_[k], level);
      }
      if (parent_.empty()) continue;
      largest = Largest(largest, before, level);
      Prolong(regions_[largest].box, level);
    }
  }

  static bool Smaller(const Region& a, const Region& b) {
    if (a.double_area != b.double_area) return a.double_area < b.double_area;
    return a.first_pixel < b.first_pixel;  // OpenCV lists the last one first
  }

  // All regions that did not change are smaller than the largest was before.
  int Largest(int largest, const Region& before, int level) {
    if (largest >= 0) largest = Find(largest);
    if (largest >= 0 && regions_[largest].since == level && Smaller(regions_[largest], before)) {
      changed_.resize(parent_.size());
      for (size_t id = 0; id < changed_.size(); ++id) changed_[id] = static_cast<int32_t>(id);
    }
    for (const int id : changed_) {
      if (parent_[id] != id) continue;
      if (largest < 0 || Smaller(regions_[largest], regions_[id])) largest = id;
    }
    return largest;
  }

  void Prolong(const Box& box, int level) {
    if (!spans_.empty() && spans_.back().first == level + 1 && spans_.back().box == box) {
      spans_.back().first = static_cast<int16_t>(level);
    } else {
      Note(box, level, level);
    }
  }

  const int height_, width_, stride_;
  const NeighbourTables& tables_;
  const std::array<int, 8> step_;
  std::vector<uint8_t> rank_;   // framed by zeros
  std::vector<uint8_t> there_;  // framed: mask of the neighbours that come before
  std::vector<int32_t> label_;  // framed: the region that a pixel joined
  std::vector<int32_t> order_;
  std::array<int32_t, 258> start_{};
  std::vector<int32_t> parent_;
  std::vector<Region> regions_;
  std::vector<int32_t> changed_;
  std::vector<Span> spans_;
};

}  // namespace tfwsol

#endif  // TFWSOL_CUSTOM_OPS_BOX_SWEEP_BOX_SWEEP_H_
