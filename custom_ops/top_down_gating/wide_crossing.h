// Theta among some dozens of candidates, and those that reach it, by AVX2.

#ifndef TFWSOL_CUSTOM_OPS_TOP_DOWN_GATING_WIDE_CROSSING_H_
#define TFWSOL_CUSTOM_OPS_TOP_DOWN_GATING_WIDE_CROSSING_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>

#include "compression.h"
#include "crossing.h"
#include "vector_width.h"

#ifdef TFWSOL_WIDE_VECTORS

namespace tfwsol {

constexpr int kCuts = 8;

__attribute__((target("avx2"), always_inline)) inline double TotalOf(__m256d low, __m256d high) {
  const __m256d four = _mm256_add_pd(low, high);
  const __m128d two = _mm_add_pd(_mm256_castpd256_pd128(four), _mm256_extractf128_pd(four, 1));
  return _mm_cvtsd_f64(_mm_add_sd(two, _mm_unpackhi_pd(two, two)));
}

// The sums of the values above each of kCuts cuts; eight more are read, which are below all.
__attribute__((target("avx2"))) inline void SumsAbove(const float* values, size_t count,
                                                      const float* cuts, double* sums) {
  for (int cut = 0; cut < kCuts; cut += 2) {  // all at once would not fit into the registers
    const __m256 one = _mm256_set1_ps(cuts[cut]), other = _mm256_set1_ps(cuts[cut + 1]);
    __m256d low[2] = {}, high[2] = {};
    for (size_t k = 0; k < count; k += 8) {
      const __m256 eight = _mm256_loadu_ps(values + k);
      const __m256 above[2] = {_mm256_and_ps(eight, _mm256_cmp_ps(eight, one, _CMP_GT_OQ)),
                               _mm256_and_ps(eight, _mm256_cmp_ps(eight, other, _CMP_GT_OQ))};
      for (int side = 0; side < 2; ++side) {
        low[side] = _mm256_add_pd(low[side], _mm256_cvtps_pd(_mm256_castps256_ps128(above[side])));
        high[side] =
            _mm256_add_pd(high[side], _mm256_cvtps_pd(_mm256_extractf128_ps(above[side], 1)));
      }
    }
    for (int side = 0; side < 2; ++side) sums[cut + side] = TotalOf(low[side], high[side]);
  }
}

// The values above one cut and not above another, one after another; gives how many they are.
__attribute__((target("avx2,popcnt"))) inline size_t CopyBetween(const float* values, size_t count,
                                                                 float above, float upto,
                                                                 float* out) {
  const __m256 low = _mm256_set1_ps(above), high = _mm256_set1_ps(upto);
  size_t kept = 0;
  for (size_t k = 0; k < count; k += 8) {
    const __m256 eight = _mm256_loadu_ps(values + k);
    const __m256 fits = _mm256_and_ps(_mm256_cmp_ps(eight, low, _CMP_GT_OQ),
                                      _mm256_cmp_ps(eight, high, _CMP_LE_OQ));
    const int places = _mm256_movemask_ps(fits);
    _mm256_storeu_ps(out + kept, _mm256_permutevar8x32_ps(eight, CompressionOf(places)));
    kept += __builtin_popcount(places);
  }
  return kept;
}

// The element at which the descending running sum of the values reaches a total; 0 when all of
// them do not. All are above `least`; eight numbers behind them can be overwritten. Doubles
// hold the sums exactly while the values are within 2^20 of each other.
inline float CrossingByCuts(float* values, size_t count, float least, float largest, double total,
                            float* spare) {
  constexpr int kRounds = 3;
  double sums[kCuts + 1] = {};  // the last one stays: nothing is above the largest
  for (int round = 0; round < kRounds; ++round) {
    std::fill_n(values + count, 8, -1.0f);
    float cuts[kCuts + 1];
    for (int k = 0; k < kCuts; ++k) cuts[k] = least + k * (largest - least) / kCuts;
    cuts[kCuts] = largest;
    SumsAbove(values, count, cuts, sums);
    if (!(sums[0] >= total)) return 0;
    int step = kCuts - 1;
    while (step > 0 && !(sums[step] >= total)) --step;
    count = CopyBetween(values, count, cuts[step], cuts[step + 1], spare);
    if (count == 1) return spare[0];
    total -= sums[step + 1];
    least = cuts[step], largest = cuts[step + 1];
    values = spare;
  }
  double sum = 0;
  for (size_t k = 0; k < count; ++k) sum += spare[k];
  return Crossing(spare, count, sum - total);
}

// Of values and their places those that reach a cut, in their order; gives how many they are.
__attribute__((target("avx2,popcnt"))) inline size_t MoveFrom(float* values, int32_t* places,
                                                              size_t count, float cut) {
  std::fill_n(values + count, 8, -std::numeric_limits<float>::infinity());
  const __m256 cuts = _mm256_set1_ps(cut);
  size_t kept = 0;
  for (size_t k = 0; k < count; k += 8) {
    const __m256 eight = _mm256_loadu_ps(values + k);
    const __m256i place = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(places + k));
    const int reach = _mm256_movemask_ps(_mm256_cmp_ps(eight, cuts, _CMP_GE_OQ));
    const __m256i order = CompressionOf(reach);
    _mm256_storeu_ps(values + kept, _mm256_permutevar8x32_ps(eight, order));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(places + kept),
                        _mm256_permutevar8x32_epi32(place, order));
    kept += __builtin_popcount(reach);
  }
  return kept;
}

}  // namespace tfwsol

#endif

#endif  // TFWSOL_CUSTOM_OPS_TOP_DOWN_GATING_WIDE_CROSSING_H_
