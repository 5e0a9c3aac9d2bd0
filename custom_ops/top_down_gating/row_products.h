// Products of two lists of numbers, with the vector unit at hand.

#ifndef TFWSOL_CUSTOM_OPS_TOP_DOWN_GATING_ROW_PRODUCTS_H_
#define TFWSOL_CUSTOM_OPS_TOP_DOWN_GATING_ROW_PRODUCTS_H_

#include <cstdint>
#include <cstring>

#include "vector_width.h"

namespace tfwsol {

// Rows of as many products each, whose inputs lie a stride apart; all else is in one piece.
struct Rows {
  int64_t count, products, stride;
};

template <int kBytes, typename T>
__attribute__((always_inline)) inline void MultiplyOf(const T* a, const T* b, T* __restrict out,
                                                      const Rows& rows) {
  constexpr int kMany = kBytes / sizeof(T);
  typedef T Many __attribute__((vector_size(kBytes)));
  const auto multiply = [&](int64_t k) __attribute__((always_inline)) {
    Many x, y;
    std::memcpy(&x, a + k, sizeof(Many));
    std::memcpy(&y, b + k, sizeof(Many));
    x *= y;
    std::memcpy(out + k, &x, sizeof(Many));
  };
  for (int64_t row = 0; row < rows.count; ++row) {
    int64_t k = 0;
    for (; k + kMany <= rows.products; k += kMany) multiply(k);
    if (k < rows.products && rows.products >= kMany) {
      multiply(rows.products - kMany);  // some once more, which takes less time than one by one
      k = rows.products;
    }
    for (; k < rows.products; ++k) out[k] = a[k] * b[k];
    a += rows.stride, b += rows.products, out += rows.products;
  }
}

#ifdef TFWSOL_WIDE_VECTORS

template <typename T>
__attribute__((target("avx512f"))) void Multiply64(const T* a, const T* b, T* out,
                                                   const Rows& rows) {
  MultiplyOf<64>(a, b, out, rows);
}

template <typename T>
__attribute__((target("avx2"))) void Multiply32(const T* a, const T* b, T* out,
                                                const Rows& rows) {
  MultiplyOf<32>(a, b, out, rows);
}

template <typename T>
void MultiplyRows(const T* a, const T* b, T* out, const Rows& rows) {
  if (VectorBytes() == 64) {
    Multiply64(a, b, out, rows);
  } else if (VectorBytes() == 32) {
    Multiply32(a, b, out, rows);
  } else {
    MultiplyOf<16>(a, b, out, rows);
  }
}

#else

template <typename T>
void MultiplyRows(const T* a, const T* b, T* out, const Rows& rows) {
  MultiplyOf<16>(a, b, out, rows);
}

#endif

template <typename T>
void Multiply(const T* a, const T* b, T* out, int64_t count) {
  MultiplyRows(a, b, out, {1, count, 0});
}

}  // namespace tfwsol

#endif  // TFWSOL_CUSTOM_OPS_TOP_DOWN_GATING_ROW_PRODUCTS_H_
