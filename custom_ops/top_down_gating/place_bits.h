// Where among some numbers those of interest stand, as the bits of a word. No framework in here.

#ifndef TFWSOL_CUSTOM_OPS_TOP_DOWN_GATING_PLACE_BITS_H_
#define TFWSOL_CUSTOM_OPS_TOP_DOWN_GATING_PLACE_BITS_H_

#include <cstdint>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "block_sums.h"

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

// The places among 16 numbers of those that are a wanted one, as bits.
inline uint32_t PlacesOf(const int32_t* numbers, int32_t wanted) {
  uint32_t places = 0;
#ifdef __SSE2__
  const auto same = [numbers, four = _mm_set1_epi32(wanted)](int k) {
    return _mm_cmpeq_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(numbers + k)), four);
  };
  const __m128i low = _mm_packs_epi32(same(0), same(4));
  const __m128i high = _mm_packs_epi32(same(8), same(12));
  places = static_cast<uint32_t>(_mm_movemask_epi8(_mm_packs_epi16(low, high)));
#else
  for (int k = 0; k < 16; ++k) places |= uint32_t{numbers[k] == wanted} << k;
#endif
  return places;
}

}  // namespace tfwsol

#endif  // TFWSOL_CUSTOM_OPS_TOP_DOWN_GATING_PLACE_BITS_H_
