// Which of a few set bits of a window touch, without a look at all the others.

#ifndef TFWSOL_CUSTOM_OPS_TOP_DOWN_GATING_NEIGHBOURS_H_
#define TFWSOL_CUSTOM_OPS_TOP_DOWN_GATING_NEIGHBOURS_H_

#include <cstddef>
#include <cstdint>
#include <cstdlib>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace tfwsol {

// Marks for each of up to 64 bits of components.h the others that touch it. The empty column
// keeps the ends of rows apart, so only these distances are those of neighbours.
// May read seven bits more.
inline void FindNeighbours(const int16_t* bits, size_t count, int16_t stride,
                           uint64_t* touching) {
  const uint64_t all = ~uint64_t{0} >> (64 - count);
  for (size_t k = 0; k < count; ++k) {
    uint64_t beside = 0;
#ifdef __SSE2__
    const __m128i one = _mm_set1_epi16(1), two = _mm_set1_epi16(2), zero = _mm_setzero_si128();
    const __m128i own = _mm_set1_epi16(bits[k]), strides = _mm_set1_epi16(stride);
    for (size_t first = 0; first < count; first += 8) {
      const __m128i eight = _mm_loadu_si128(reinterpret_cast<const __m128i*>(bits + first));
      const __m128i away = _mm_max_epi16(_mm_sub_epi16(eight, own), _mm_sub_epi16(own, eight));
      const __m128i past = _mm_sub_epi16(away, strides);
      const __m128i off = _mm_max_epi16(past, _mm_sub_epi16(zero, past));
      const __m128i near = _mm_or_si128(_mm_cmpeq_epi16(away, one), _mm_cmplt_epi16(off, two));
      beside |= uint64_t(_mm_movemask_epi8(_mm_packs_epi16(near, zero))) << first;
    }
#else
    for (size_t other = 0; other < count; ++other) {
      const int away = std::abs(bits[other] - bits[k]);
      beside |= uint64_t{away == 1 || std::abs(away - stride) < 2} << other;
    }
#endif
    touching[k] = beside & all;
  }
}

}  // namespace tfwsol

#endif  // TFWSOL_CUSTOM_OPS_TOP_DOWN_GATING_NEIGHBOURS_H_
