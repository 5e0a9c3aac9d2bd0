// The products of a unit above a cut, copied out of the blocks that have any.

#ifndef TFWSOL_CUSTOM_OPS_TOP_DOWN_GATING_COPY_ABOVE_H_
#define TFWSOL_CUSTOM_OPS_TOP_DOWN_GATING_COPY_ABOVE_H_

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "block_sums.h"
#include "place_bits.h"
#include "vector_width.h"

namespace tfwsol {

// Products in whole blocks, and the largest of each block.
template <typename T>
struct Blocks {
  const T* products;
  const T* largest;
  int64_t count;
};

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

__attribute__((target("avx512f,popcnt"), always_inline)) inline size_t CopyAbove64(
    const float* products, int64_t first, float cut, float* values, int32_t* places) {
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

__attribute__((target("avx512f,popcnt"))) inline size_t CopyAll64(const Blocks<float>& blocks,
                                                                  float cut, float* values,
                                                                  int32_t* places) {
  size_t count = 0;
  for (int64_t first = 0; first < blocks.count * kBlock; first += kBlock) {
    if (!(blocks.largest[first / kBlock] > cut)) continue;
    count += CopyAbove64(blocks.products + first, first, cut, values + count, places + count);
  }
  return count;
}

// As bits, those of 32 products above a cut.
__attribute__((target("avx2"), always_inline)) inline uint64_t PlacesAbove32(const float* products,
                                                                           __m256 cuts) {
  const auto eight = [=](int k) __attribute__((target("avx2"), always_inline)) {
    return _mm256_castps_si256(_mm256_cmp_ps(_mm256_loadu_ps(products + k), cuts, _CMP_GT_OQ));
  };
  const __m256i low = _mm256_packs_epi32(eight(0), eight(8));
  const __m256i high = _mm256_packs_epi32(eight(16), eight(24));
  // Packing goes by halves of the registers: fours of places are to be put in order again.
  const __m256i fours = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
  const __m256i bytes = _mm256_permutevar8x32_epi32(_mm256_packs_epi16(low, high), fours);
  return static_cast<uint32_t>(_mm256_movemask_epi8(bytes));
}

// The same by AVX2. Writes six at a time, wanted or not, and asks for no block's maximum: what
// such jumps would save is less than what their wrong guesses cost.
__attribute__((target("avx2,bmi,popcnt"))) inline size_t CopyAll32(const Blocks<float>& blocks,
                                                                   float cut, float* values,
                                                                   int32_t* places) {
  constexpr size_t kAtOnce = 6;
  const __m256 cuts = _mm256_set1_ps(cut);
  size_t count = 0;
  for (int64_t first = 0; first < blocks.count * kBlock; first += kBlock) {
    const float* block = blocks.products + first;
    uint64_t above = PlacesAbove32(block, cuts) | PlacesAbove32(block + 32, cuts) << 32;
    const size_t end = count + __builtin_popcountll(above);
    do {
#pragma GCC unroll 6
      for (size_t k = 0; k < kAtOnce; ++k, above &= above - 1) {
        const int64_t place = _tzcnt_u64(above) % kBlock;
        values[count + k] = block[place];
        places[count + k] = static_cast<int32_t>(first + place);
      }
      count += kAtOnce;
    } while (count < end);
    count = end;
  }
  return count;
}

#endif

// Writes all products above a cut, and their places, in ascending order; gives how many they are.
// There is room for a block more than there are products.
template <typename T>
size_t CopyAllAbove(const Blocks<T>& blocks, T cut, T* values, int32_t* places) {
#ifdef TFWSOL_WIDE_VECTORS
  if constexpr (std::is_same_v<T, float>) {
    if (VectorBytes() == 64) return CopyAll64(blocks, cut, values, places);
    if (VectorBytes() == 32) return CopyAll32(blocks, cut, values, places);
  }
#endif
  size_t count = 0;
  for (int64_t first = 0; first < blocks.count * kBlock; first += kBlock) {
    if (!(blocks.largest[first / kBlock] > cut)) continue;
    count += CopyAbove(blocks.products + first, first, cut, values + count, places + count);
  }
  return count;
}

}  // namespace tfwsol

#endif  // TFWSOL_CUSTOM_OPS_TOP_DOWN_GATING_COPY_ABOVE_H_
