// The products of a unit above a cut, in their order: the few among which theta lies.

#ifndef TFWSOL_CUSTOM_OPS_TOP_DOWN_GATING_CANDIDATES_H_
#define TFWSOL_CUSTOM_OPS_TOP_DOWN_GATING_CANDIDATES_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "block_sums.h"
#include "crossing.h"
#include "vector_width.h"

namespace tfwsol {

// The places of a block whose products are above a cut, as bits.
template <typename T>
uint64_t PlacesAbove(const T* products, T cut) {
  uint64_t places = 0;
  for (int64_t k = 0; k < kBlock; ++k) places |= uint64_t{products[k] > cut} << k;
  return places;
}

#ifdef __SSE2__
inline uint64_t PlacesAbove(const float* products, float cut) {
  uint64_t places = 0;
  const __m128 cuts = _mm_set1_ps(cut);
  for (int64_t k = 0; k < kBlock; k += 4) {
    const int four = _mm_movemask_ps(_mm_cmpgt_ps(_mm_loadu_ps(products + k), cuts));
    places |= static_cast<uint64_t>(four) << k;
  }
  return places;
}
#endif

// The places among 64 numbers of those that are a wanted one, as bits.
inline uint64_t PlacesOf(const int32_t* numbers, int32_t wanted) {
  uint64_t places = 0;
#ifdef __SSE2__
  const __m128i four = _mm_set1_epi32(wanted);
  for (int k = 0; k < 64; k += 4) {
    const __m128i read = _mm_loadu_si128(reinterpret_cast<const __m128i*>(numbers + k));
    const int same = _mm_movemask_ps(_mm_castsi128_ps(_mm_cmpeq_epi32(read, four)));
    places |= static_cast<uint64_t>(same) << k;
  }
#else
  for (int k = 0; k < 64; ++k) places |= uint64_t{numbers[k] == wanted} << k;
#endif
  return places;
}

// Writes the products of a block that are above a cut, and their places, one after another;
// gives how many they are. What lies behind them, a block at most, may be overwritten, too.
template <typename T>
size_t CopyAbove(const T* products, int64_t first, T cut, T* values, int32_t* places) {
  size_t count = 0;
  for (uint64_t above = PlacesAbove(products, cut); above != 0; above &= above - 1) {
    const int place = __builtin_ctzll(above);
    values[count] = products[place];
    places[count++] = static_cast<int32_t>(first + place);
  }
  return count;
}

#ifdef TFWSOL_WIDE_VECTORS

__attribute__((target("avx512f,popcnt"))) inline size_t CopyAbove64(const float* products,
                                                                    int64_t first, float cut,
                                                                    float* values,
                                                                    int32_t* places) {
  const __m512 cuts = _mm512_set1_ps(cut);
  const __m512i steps = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  __m512i place = _mm512_add_epi32(_mm512_set1_epi32(static_cast<int32_t>(first)), steps);
  size_t count = 0;
  for (int64_t k = 0; k < kBlock; k += 16) {
    const __m512 sixteen = _mm512_loadu_ps(products + k);
    const __mmask16 above = _mm512_cmp_ps_mask(sixteen, cuts, _CMP_GT_OQ);
    _mm512_storeu_ps(values + count, _mm512_maskz_compress_ps(above, sixteen));
    _mm512_storeu_si512(places + count, _mm512_maskz_compress_epi32(above, place));
    count += __builtin_popcount(above);
    place = _mm512_add_epi32(place, _mm512_set1_epi32(16));
  }
  return count;
}

// For every set of eight places its members, and then whatever.
struct Compressions {
  uint8_t places[256][8] = {};

  constexpr Compressions() {
    for (int set = 0; set < 256; ++set) {
      int count = 0;
      for (int place = 0; place < 8; ++place) {
        if (set >> place & 1) places[set][count++] = static_cast<uint8_t>(place);
      }
    }
  }
};

inline constexpr Compressions kCompressions;

__attribute__((target("avx2"), always_inline)) inline __m256i CompressionOf(int set) {
  const __m128i bytes =
      _mm_loadl_epi64(reinterpret_cast<const __m128i*>(kCompressions.places[set]));
  return _mm256_cvtepu8_epi32(bytes);
}

// What AVX-512 has one instruction for.
__attribute__((target("avx2,popcnt"))) inline size_t CopyAbove32(const float* products,
                                                                 int64_t first, float cut,
                                                                 float* values, int32_t* places) {
  const __m256 cuts = _mm256_set1_ps(cut);
  size_t count = 0;
  for (int64_t k = 0; k < kBlock; k += 8) {
    const __m256 eight = _mm256_loadu_ps(products + k);
    const int above = _mm256_movemask_ps(_mm256_cmp_ps(eight, cuts, _CMP_GT_OQ));
    const __m256i order = CompressionOf(above);
    const __m256i place =
        _mm256_add_epi32(order, _mm256_set1_epi32(static_cast<int32_t>(first + k)));
    _mm256_storeu_ps(values + count, _mm256_permutevar8x32_ps(eight, order));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(places + count), place);
    count += __builtin_popcount(above);
  }
  return count;
}

inline size_t CopyAbove(const float* products, int64_t first, float cut, float* values,
                        int32_t* places) {
  if (VectorBytes() == 64) return CopyAbove64(products, first, cut, values, places);
  if (VectorBytes() == 32) return CopyAbove32(products, first, cut, values, places);
  return CopyAbove<float>(products, first, cut, values, places);
}

#endif

// Keeps its memory from unit to unit.
template <typename T>
class Candidates {
 public:
  // most: products that there can be, whole blocks.
  explicit Candidates(size_t most)
      : values_(new T[most + kBlock]), places_(new int32_t[most + kBlock]), spare_(new T[most]) {}

  T from() const { return from_; }

  // Forgets all; from now on the cut is this one.
  void Clear(T cut) {
    count_ = 0;
    from_ = cut;
  }

  // products: a block; first: the place of its first one.
  void AddAbove(const T* products, int64_t first) {
    count_ += CopyAbove(products, first, from_, values_.get() + count_, places_.get() + count_);
  }

  // In lanes, as the blocks are summed.
  double Sum() const {
    double lanes[BlockSums::kLanes] = {};
    size_t k = 0;
    for (; k + BlockSums::kLanes <= count_; k += BlockSums::kLanes) {
      for (int lane = 0; lane < BlockSums::kLanes; ++lane) lanes[lane] += values_[k + lane];
    }
    for (; k < count_; ++k) lanes[k % BlockSums::kLanes] += values_[k];
    return BlockSums::Total(lanes);
  }

  // See crossing.h.
  T Crossing(double deficit) {
    std::copy_n(values_.get(), count_, spare_.get());
    return tfwsol::Crossing(spare_.get(), count_, deficit);
  }

  // See crossing.h.
  T CrossingBySteps(T largest, double deficit) {
    return tfwsol::CrossingBySteps(values_.get(), count_, largest, deficit, spare_.get());
  }

  // Forgets those that do not reach a cut. Without a jump, which would mostly be foreseen wrongly.
  void KeepFrom(T cut) {
    size_t kept = 0;
    for (size_t k = 0; k < count_; ++k) {
      values_[kept] = values_[k];
      places_[kept] = places_[k];
      kept += values_[k] >= cut;
    }
    count_ = kept;
  }

  // Calls with their places and values, in ascending order.
  template <typename Each>
  void ForAll(Each each) const {
    for (size_t k = 0; k < count_; ++k) each(places_[k], values_[k]);
  }

 private:
  std::unique_ptr<T[]> values_;
  std::unique_ptr<int32_t[]> places_;
  std::unique_ptr<T[]> spare_;
  size_t count_ = 0;
  T from_ = 0;
};

}  // namespace tfwsol

#endif  // TFWSOL_CUSTOM_OPS_TOP_DOWN_GATING_CANDIDATES_H_
