// Sums and maxima over the products of a unit, with the vector unit at hand.
//
// All products and those that are not positive are summed in doubles, in eight lanes: the order
// of summation and so every bit of the result are the same for all widths of vectors.

#ifndef TFWSOL_CUSTOM_OPS_TOP_DOWN_GATING_BLOCK_SUMS_H_
#define TFWSOL_CUSTOM_OPS_TOP_DOWN_GATING_BLOCK_SUMS_H_

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <limits>
#include <type_traits>

#include "row_products.h"
#include "vector_width.h"

namespace tfwsol {

constexpr int64_t kBlock = 64;

struct BlockSums {
  static constexpr int kLanes = 8;

  double all[kLanes];
  double others[kLanes];  // negative, zero, NaN
  double largest;         // of all products, if it is above its start

  double Sum() const { return Total(all); }
  double Negative() const { return Total(others); }

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
  Doubles all[kVectors], others[kVectors];
  std::memcpy(all, sums->all, sizeof(all));
  std::memcpy(others, sums->others, sizeof(others));
  for (int64_t block = 0; block < blocks; ++block, products += kBlock) {
    for (int64_t k = 0; k < kBlock; k += BlockSums::kLanes) {
      for (int v = 0; v < kVectors; ++v) {
        Narrow narrow;
        std::memcpy(&narrow, products + k + v * kWide, sizeof(Narrow));
        const Doubles product = __builtin_convertvector(narrow, Doubles);
        all[v] += product;
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
    if (most > sums->largest) sums->largest = most;
  }
  std::memcpy(sums->all, all, sizeof(all));
  std::memcpy(sums->others, others, sizeof(others));
}

#ifdef TFWSOL_WIDE_VECTORS

template <typename T>
__attribute__((target("avx512f"))) void AddBlocks64(const T* products, int64_t blocks,
                                                    T* block_max, BlockSums* sums) {
  AddBlocksOf<64>(products, blocks, block_max, sums);
}

__attribute__((target("avx512f"), always_inline)) inline void AddSixteen(__m512 products,
                                                                         __m512d* all,
                                                                         __m512d* others) {
  const __m512d zero = _mm512_setzero_pd();
  const __m256 high = _mm256_castpd_ps(_mm512_extractf64x4_pd(_mm512_castps_pd(products), 1));
  for (const __m256 eight : {_mm512_castps512_ps256(products), high}) {
    const __m512d product = _mm512_cvtps_pd(eight);
    *all = _mm512_add_pd(*all, product);
    *others = _mm512_add_pd(*others, _mm512_min_pd(zero, product));  // NaN is the latter
  }
}

// What compilers make of AddBlocksOf takes twice as long. read(k) gives sixteen products.
template <typename Read>
__attribute__((target("avx512f"), always_inline)) inline void AddFloatBlocks(int64_t blocks,
                                                                             float* block_max,
                                                                             BlockSums* sums,
                                                                             Read read) {
  __m512d all = _mm512_loadu_pd(sums->all), others = _mm512_loadu_pd(sums->others);
  __m512 most = _mm512_set1_ps(static_cast<float>(sums->largest));
  for (int64_t block = 0; block < blocks; ++block) {
    __m512 largest = read(block * kBlock);
    AddSixteen(largest, &all, &others);
    for (int64_t k = 16; k < kBlock; k += 16) {
      const __m512 products = read(block * kBlock + k);
      AddSixteen(products, &all, &others);
      largest = _mm512_max_ps(largest, products);
    }
    block_max[block] = _mm512_reduce_max_ps(largest);
    most = _mm512_max_ps(most, largest);
  }
  sums->largest = _mm512_reduce_max_ps(most);
  _mm512_storeu_pd(sums->all, all);
  _mm512_storeu_pd(sums->others, others);
}

__attribute__((target("avx512f"))) inline void AddBlocks64(const float* products, int64_t blocks,
                                                           float* block_max, BlockSums* sums) {
  const auto read = [products](int64_t k)
      __attribute__((target("avx512f"), always_inline)) { return _mm512_loadu_ps(products + k); };
  AddFloatBlocks(blocks, block_max, sums, read);
}

__attribute__((target("avx512f"))) inline void MultiplyBlocks64(const float* a, const float* b,
                                                                float* products, int64_t blocks,
                                                                float* block_max,
                                                                BlockSums* sums) {
  const auto read = [=](int64_t k) __attribute__((target("avx512f"), always_inline)) {
    const __m512 sixteen = _mm512_mul_ps(_mm512_loadu_ps(a + k), _mm512_loadu_ps(b + k));
    _mm512_storeu_ps(products + k, sixteen);
    return sixteen;
  };
  AddFloatBlocks(blocks, block_max, sums, read);
}

template <typename T>
__attribute__((target("avx2"))) void AddBlocks32(const T* products, int64_t blocks, T* block_max,
                                                 BlockSums* sums) {
  AddBlocksOf<32>(products, blocks, block_max, sums);
}

__attribute__((target("avx2"), always_inline)) inline void AddFour(__m128 products,
                                                                   __m256d* all,
                                                                   __m256d* others) {
  const __m256d zero = _mm256_setzero_pd(), product = _mm256_cvtps_pd(products);
  *all = _mm256_add_pd(*all, product);
  *others = _mm256_add_pd(*others, _mm256_min_pd(zero, product));  // NaN is the latter
}

__attribute__((target("avx2"), always_inline)) inline float LargestOf(__m256 values) {
  __m128 most = _mm_max_ps(_mm256_castps256_ps128(values), _mm256_extractf128_ps(values, 1));
  most = _mm_max_ps(most, _mm_movehl_ps(most, most));
  return _mm_cvtss_f32(_mm_max_ss(most, _mm_movehdup_ps(most)));
}

// As above, read(k) gives eight products.
template <typename Read>
__attribute__((target("avx2"), always_inline)) inline void AddFloatBlocks32(int64_t blocks,
                                                                            float* block_max,
                                                                            BlockSums* sums,
                                                                            Read read) {
  __m256d all[2], others[2];
  for (int half = 0; half < 2; ++half) {
    all[half] = _mm256_loadu_pd(sums->all + 4 * half);
    others[half] = _mm256_loadu_pd(sums->others + 4 * half);
  }
  __m256 most = _mm256_set1_ps(static_cast<float>(sums->largest));
  for (int64_t block = 0; block < blocks; ++block) {
    __m256 largest = _mm256_set1_ps(-std::numeric_limits<float>::infinity());
#pragma GCC unroll 2  // with more the products wait in memory for their turn
    for (int64_t k = 0; k < kBlock; k += 8) {
      const __m256 products = read(block * kBlock + k);
      AddFour(_mm256_castps256_ps128(products), &all[0], &others[0]);
      AddFour(_mm256_extractf128_ps(products, 1), &all[1], &others[1]);
      largest = _mm256_max_ps(largest, products);
    }
    block_max[block] = LargestOf(largest);
    most = _mm256_max_ps(most, largest);
  }
  sums->largest = LargestOf(most);
  for (int half = 0; half < 2; ++half) {
    _mm256_storeu_pd(sums->all + 4 * half, all[half]);
    _mm256_storeu_pd(sums->others + 4 * half, others[half]);
  }
}

__attribute__((target("avx2"))) inline void AddBlocks32(const float* products, int64_t blocks,
                                                        float* block_max, BlockSums* sums) {
  const auto read = [products](int64_t k)
      __attribute__((target("avx2"), always_inline)) { return _mm256_loadu_ps(products + k); };
  AddFloatBlocks32(blocks, block_max, sums, read);
}

__attribute__((target("avx2"))) inline void MultiplyBlocks32(const float* a, const float* b,
                                                             float* products, int64_t blocks,
                                                             float* block_max, BlockSums* sums) {
  const auto read = [=](int64_t k) __attribute__((target("avx2"), always_inline)) {
    const __m256 eight = _mm256_mul_ps(_mm256_loadu_ps(a + k), _mm256_loadu_ps(b + k));
    _mm256_storeu_ps(products + k, eight);
    return eight;
  };
  AddFloatBlocks32(blocks, block_max, sums, read);
}

// Adds whole blocks of products to the sums and notes the largest of each.
template <typename T>
void AddBlocks(const T* products, int64_t blocks, T* block_max, BlockSums* sums) {
  if (VectorBytes() == 64) {
    AddBlocks64(products, blocks, block_max, sums);
  } else if (VectorBytes() == 32) {
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

// Multiplies whole blocks and adds the products as AddBlocks does.
template <typename T>
void MultiplyBlocks(const T* a, const T* b, T* products, int64_t blocks, T* block_max,
                    BlockSums* sums) {
#ifdef TFWSOL_WIDE_VECTORS
  if constexpr (std::is_same_v<T, float>) {
    if (VectorBytes() == 64) return MultiplyBlocks64(a, b, products, blocks, block_max, sums);
    if (VectorBytes() == 32) return MultiplyBlocks32(a, b, products, blocks, block_max, sums);
  }
#endif
  Multiply(a, b, products, blocks * kBlock);
  AddBlocks(products, blocks, block_max, sums);
}

}  // namespace tfwsol

#endif  // TFWSOL_CUSTOM_OPS_TOP_DOWN_GATING_BLOCK_SUMS_H_
