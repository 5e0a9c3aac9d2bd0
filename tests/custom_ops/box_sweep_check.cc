// Random images through box_sweep.h, each level against a flood of its own; built by
// `make sanitize` with the address and undefined-behaviour sanitizers.

#include "custom_ops/box_sweep/box_sweep.h"

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <random>
#include <tuple>
#include <utility>
#include <vector>

namespace {

using tfwsol::Box;

bool Less(const Box& a, const Box& b) {
  return std::tie(a.x0, a.y0, a.x1, a.y1) < std::tie(b.x0, b.y0, b.x1, b.y1);
}

struct Picture {
  int height, width;
  std::unique_ptr<uint8_t[]> grey;  // exactly as long as it must be

  bool Bright(int y, int x, int level) const {
    return 0 <= y && y < height && 0 <= x && x < width && grey[y * width + x] > level;
  }
};

// The boxes of the regions that are bright or not, in a frame of one dark pixel.
class Flood {
 public:
  Flood(const Picture& picture, int level)
      : picture_(picture), level_(level), seen_((picture.height + 2) * (picture.width + 2)) {}

  std::vector<Box> Boxes() {
    std::vector<Box> found;
    Fill(-1, -1, false);  // the outside
    for (int y = 0; y < picture_.height; ++y) {
      for (int x = 0; x < picture_.width; ++x) {
        if (Seen(y, x)) continue;
        const bool bright = picture_.Bright(y, x, level_);
        const Box box = Fill(y, x, bright);
        const int rim = bright ? 0 : 1;
        found.push_back({box.x0 - rim, box.y0 - rim, box.x1 + rim, box.y1 + rim});
      }
    }
    std::sort(found.begin(), found.end(), Less);
    return found;
  }

 private:
  std::vector<bool>::reference Seen(int y, int x) {
    return seen_[(y + 1) * (picture_.width + 2) + x + 1];
  }

  bool Inside(int y, int x) const {
    return -1 <= y && y <= picture_.height && -1 <= x && x <= picture_.width;
  }

  Box Fill(int top, int left, bool bright) {
    std::vector<std::pair<int, int>> open{{top, left}};
    Seen(top, left) = true;
    Box box{left, top, left + 1, top + 1};
    while (!open.empty()) {
      const auto [y, x] = open.back();
      open.pop_back();
      box = tfwsol::Hull(box, {x, y, x + 1, y + 1});
      for (int dy = -1; dy <= 1; ++dy) {
        for (int dx = -1; dx <= 1; ++dx) {
          if (!bright && dy != 0 && dx != 0) continue;
          if (!Inside(y + dy, x + dx) || Seen(y + dy, x + dx)) continue;
          if (picture_.Bright(y + dy, x + dx, level_) != bright) continue;
          Seen(y + dy, x + dx) = true;
          open.push_back({y + dy, x + dx});
        }
      }
    }
    return box;
  }

  const Picture& picture_;
  const int level_;
  std::vector<bool> seen_;
};

Picture Draw(std::mt19937& random, int height, int width) {
  Picture picture{height, width, std::make_unique<uint8_t[]>(height * width)};
  const int values = 1 + static_cast<int>(random() % 256);
  const int dark = static_cast<int>(random() % 100);
  for (int i = 0; i < height * width; ++i) {
    const bool hidden = static_cast<int>(random() % 100) < dark;
    picture.grey[i] = static_cast<uint8_t>(hidden ? 0 : random() % values);
  }
  return picture;
}

bool Check(tfwsol::BoxSweep& sweep, const Picture& picture, const std::vector<int32_t>& levels) {
  const auto count = static_cast<int64_t>(levels.size());
  const auto all = sweep.Run(picture.grey.get(), levels.data(), count, true);
  const auto largest = sweep.Run(picture.grey.get(), levels.data(), count, false);
  int64_t total = 0;
  for (int64_t t = 0; t < count; ++t) total += all.Count(t);
  std::vector<Box> boxes(total);
  all.Write(boxes.data());
  auto begin = boxes.begin();
  for (int64_t t = 0; t < count; ++t) {
    const auto end = begin + all.Count(t);
    std::sort(begin, end, Less);
    const std::vector<Box> wanted = Flood(picture, levels[t]).Boxes();
    if (!std::equal(begin, end, wanted.begin(), wanted.end())) return false;
    if (largest.Count(t) != (wanted.empty() ? 0 : 1)) return false;
    begin = end;
  }
  return true;
}

}  // namespace

int main() {
  std::mt19937 random(20240607);
  int64_t checked = 0;
  for (int round = 0; round < 400; ++round) {
    const int height = static_cast<int>(random() % 14), width = static_cast<int>(random() % 14);
    tfwsol::BoxSweep sweep(height, width);
    for (int image = 0; image < 5; ++image) {
      const Picture picture = Draw(random, height, width);
      std::vector<int32_t> levels(random() % 24);
      for (int32_t& level : levels) level = static_cast<int32_t>(random() % 262) - 3;
      if (!Check(sweep, picture, levels)) {
        std::fprintf(stderr, "box_sweep: an image of %d×%d differs.\n", height, width);
        return 1;
      }
      ++checked;
    }
  }
  std::printf("box_sweep: %lld images agree, nothing to report.\n",
              static_cast<long long>(checked));
  return 0;
}
