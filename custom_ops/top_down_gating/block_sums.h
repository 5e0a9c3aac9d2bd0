// Sums and maxima over the products of a unit, with the vector unit at hand.
//
// Positive and other products are summed apart, in doubles, in eight lanes: the order of
// summation and so every bit of the result are the same for all widths of vectors.

#ifndef TFWSOL_CUSTOM_OPS_TOP_DOWN_GATING_BLOCK_SUMS_H_
#define TFWSOL_CUSTOM_OPS_TOP_DOWN_GATING_BLOCK_SUMS_H_

#include <algorithm>
#include <cstdint>
#include <cstring>

#ifdef __SSE2__
#include <immintrin.h>
#endif

namespace tfwsol {

constexpr int64_t kBlock = 64;

struct BlockSums {
  static constexpr int kLanes = 8;

  double positives[kLanes];
  double others[kLanes];  // negative, zero, NaN

  double Positive() const { return Total(positives); }
  double Negative() const { return Total(others); }

 private:
  static double Total(const double* lanes) {
    return ((lanes[0] + lanes[1]) + (lanes[2] + lanes[3])) +
           ((lanes[4] + lanes[5]) + (lanes[6] + lanes[7]));
  }
};

// Compilers do not find the vector form by themselves. kBytes is the size of a register.
template <int kBytes, typename T>
__attribute__((always_inline)) inline void AddBlocksOf(const T* products, int64_t blocks,
                                                       T* block_max, BlockSums* sums) {
  constexpr int kWide = kBytes / sizeof(double), kVectors = BlockSums::kLanes / kWide;
  constexpr int kMany = kBytes / sizeof(T);
  typedef double Doubles __attribute__((vector_size(kBytes)));
  typedef T Narrow __attribute__((vector_size(kWide * sizeof(T))));
  typedef T Many __attribute__((vector_size(kBytes)));
  const Doubles zero{};
  Doubles positives[kVectors], others[kVectors];
  std::memcpy(positives, sums->positives, sizeof(positives));
  std::memcpy(others, sums->others, sizeof(others));
  for (int64_t block = 0; block < blocks; ++block, products += kBlock) {
    for (int64_t k = 0; k < kBlock; k += BlockSums::kLanes) {
      for (int v = 0; v < kVectors; ++v) {
        Narrow narrow;
        std::memcpy(&narrow, products + k + v * kWide, sizeof(Narrow));
        const Doubles product = __builtin_convertvector(narrow, Doubles);
        positives[v] += product > zero ? product : zero;
        others[v] += product > zero ? zero : product;
      }
    }
    Many largest, next;
    std::memcpy(&largest, products, sizeof(Many));
    for (int64_t k = kMany; k < kBlock; k += kMany) {
      std::memcpy(&next, products + k, sizeof(Many));
      largest = largest > next ? largest : next;
    }
    T most = largest[0];
    for (int k = 1; k < kMany; ++k) most = most > largest[k] ? most : largest[k];
    block_max[block] = most;
  }
  std::memcpy(sums->positives, positives, sizeof(positives));
  std::memcpy(sums->others, others, sizeof(others));
}

#if defined(__x86_64__) && defined(__GNUC__)

template <typename T>
__attribute__((target("avx512f"))) void AddBlocks64(const T* products, int64_t blocks,
                                                    T* block_max, BlockSums* sums) {
  AddBlocksOf<64>(products, blocks, block_max, sums);
}

template <typename T>
__attribute__((target("avx2"))) void AddBlocks32(const T* products, int64_t blocks, T* block_max,
                                                 BlockSums* sums) {
  AddBlocksOf<32>(products, blocks, block_max, sums);
}

// Adds whole blocks of products to the sums and notes the largest of each.
template <typename T>
void AddBlocks(const T* products, int64_t blocks, T* block_max, BlockSums* sums) {
  static const int bytes = __builtin_cpu_supports("avx512f") ? 64
                           : __builtin_cpu_supports("avx2")  ? 32
                                                             : 16;
  if (bytes == 64) {
    AddBlocks64(products, blocks, block_max, sums);
  } else if (bytes == 32) {
    AddBlocks32(products, blocks, block_max, sums);
  } else {
    AddBlocksOf<16>(products, blocks, block_max, sums);
  }
}

#else

template <typename T>
void AddBlocks(const T* products, int64_t blocks, T* block_max, BlockSums* sums) {
  AddBlocksOf<16>(products, blocks, block_max, sums);
}

#endif

// The places of a block whose products are above a cut, as bits.
template <typename T>
uint64_t PlacesAbove(const T* products, T cut) {
  uint64_t places = 0;
  for (int64_t k = 0; k < kBlock; ++k) places |= uint64_t{products[k] > cut} << k;
  return places;
}

#if defined(__x86_64__) && defined(__GNUC__)
__attribute__((target("avx512f"))) inline uint64_t PlacesAbove64(const float* products, float cut) {
  uint64_t places = 0;
  const __m512 cuts = _mm512_set1_ps(cut);
  for (int64_t k = 0; k < kBlock; k += 16) {
    const __mmask16 above = _mm512_cmp_ps_mask(_mm512_loadu_ps(products + k), cuts, _CMP_GT_OQ);
    places |= static_cast<uint64_t>(above) << k;
  }
  return places;
}
#endif

#ifdef __SSE2__
inline uint64_t PlacesAbove(const float* products, float cut) {
#if defined(__x86_64__) && defined(__GNUC__)
  static const bool wide = __builtin_cpu_supports("avx512f");
  if (wide) return PlacesAbove64(products, cut);
#endif
  uint64_t places = 0;
  const __m128 cuts = _mm_set1_ps(cut);
  for (int64_t k = 0; k < kBlock; k += 4) {
    const int four = _mm_movemask_ps(_mm_cmpgt_ps(_mm_loadu_ps(products + k), cuts));
    places |= static_cast<uint64_t>(four) << k;
  }
  return places;
}
#endif

}  // namespace tfwsol

#endif  // TFWSOL_CUSTOM_OPS_TOP_DOWN_GATING_BLOCK_SUMS_H_
