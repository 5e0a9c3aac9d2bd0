// Some of eight numbers moved together: what AVX-512 has one instruction for, by AVX2.

#ifndef TFWSOL_CUSTOM_OPS_TOP_DOWN_GATING_COMPRESSION_H_
#define TFWSOL_CUSTOM_OPS_TOP_DOWN_GATING_COMPRESSION_H_

#include <cstdint>

#include "vector_width.h"

#ifdef TFWSOL_WIDE_VECTORS

namespace tfwsol {

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

// The order that brings a set's members to the front.
__attribute__((target("avx2"), always_inline)) inline __m256i CompressionOf(int set) {
  const __m128i bytes =
      _mm_loadl_epi64(reinterpret_cast<const __m128i*>(kCompressions.places[set]));
  return _mm256_cvtepu8_epi32(bytes);
}

}  // namespace tfwsol

#endif

#endif  // TFWSOL_CUSTOM_OPS_TOP_DOWN_GATING_COMPRESSION_H_
