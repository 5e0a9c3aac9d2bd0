// The boxes of one image at all its thresholds, kept as spans of levels.

#ifndef TFWSOL_CUSTOM_OPS_BOX_SWEEP_IMAGE_BOXES_H_
#define TFWSOL_CUSTOM_OPS_BOX_SWEEP_IMAGE_BOXES_H_

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace tfwsol {

// Half-open pixel corners.
struct Box {
  int32_t x0, y0, x1, y1;
};

inline bool operator==(const Box& a, const Box& b) {
  return a.x0 == b.x0 && a.y0 == b.y0 && a.x1 == b.x1 && a.y1 == b.y1;
}

inline bool Holds(const Box& outer, const Box& inner) {
  return outer.x0 <= inner.x0 && outer.y0 <= inner.y0 && inner.x1 <= outer.x1 &&
         inner.y1 <= outer.y1;
}

inline Box Hull(const Box& a, const Box& b) {
  return {std::min(a.x0, b.x0), std::min(a.y0, b.y0), std::max(a.x1, b.x1), std::max(a.y1, b.y1)};
}

// The thresholds of one image without repetition. Those in [0, 254] are ranked upwards from 0;
// `everything` stands for all below and `nothing` for all above.
class Levels {
 public:
  Levels(const int32_t* thresholds, int64_t count) : of_threshold(count) {
    std::array<bool, 255> asked{};
    for (int64_t t = 0; t < count; ++t) {
      if (0 <= thresholds[t] && thresholds[t] < 255) asked[thresholds[t]] = true;
    }
    std::array<int16_t, 256> rank{};
    for (int grey = 0; grey < 255; ++grey) {
      rank[grey] = static_cast<int16_t>(ranked);
      ranked += asked[grey];
      below[grey + 1] = static_cast<uint8_t>(ranked);
    }
    for (int64_t t = 0; t < count; ++t) {
      const int32_t level = thresholds[t];
      all_foreground |= level < 0;
      of_threshold[t] = level < 0     ? static_cast<int16_t>(everything())
                        : level < 255 ? rank[level]
                                      : static_cast<int16_t>(nothing());
    }
  }

  int everything() const { return ranked; }
  int nothing() const { return ranked + 1; }

  int ranked = 0;
  bool all_foreground = false;  // at some threshold
  // How many ranked levels each grey value is brighter than.
  std::array<uint8_t, 256> below{};
  std::vector<int16_t> of_threshold;
};

// A box and the levels, from first to last, at which it stands.
struct Span {
  Box box;
  int16_t first, last;
};

class ImageBoxes {
 public:
  ImageBoxes() = default;

  ImageBoxes(Levels levels, std::vector<Span> spans)
      : level_of_(std::move(levels.of_threshold)),
        counts_(static_cast<size_t>(levels.nothing()) + 2),
        spans_(std::move(spans)) {
    for (const Span& span : spans_) {
      ++counts_[span.first];
      --counts_[span.last + 1];
    }
    for (size_t level = 1; level < counts_.size(); ++level) counts_[level] += counts_[level - 1];
  }

  int64_t Count(int64_t threshold) const { return counts_[level_of_[threshold]]; }

  // Writes the boxes of all thresholds one after another.
  void Write(Box* out) const {
    std::vector<Box*> begin(counts_.size(), nullptr);
    Box* end = out;
    for (const int16_t level : level_of_) {
      if (begin[level] == nullptr) begin[level] = end;
      end += counts_[level];
    }
    std::vector<Box*> cursor = begin;
    for (const Span& span : spans_) {
      for (int level = span.first; level <= span.last; ++level) *cursor[level]++ = span.box;
    }
    for (const int16_t level : level_of_) {
      if (out != begin[level]) std::copy_n(begin[level], counts_[level], out);
      out += counts_[level];
    }
  }

 private:
  std::vector<int16_t> level_of_;
  std::vector<int64_t> counts_;
  std::vector<Span> spans_;
};

}  // namespace tfwsol

#endif  // TFWSOL_CUSTOM_OPS_BOX_SWEEP_IMAGE_BOXES_H_
