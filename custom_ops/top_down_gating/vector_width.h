// How wide this processor's registers are.

#ifndef TFWSOL_CUSTOM_OPS_TOP_DOWN_GATING_VECTOR_WIDTH_H_
#define TFWSOL_CUSTOM_OPS_TOP_DOWN_GATING_VECTOR_WIDTH_H_

// TFWSOL_VECTOR_BYTES, of the compiler's command line, lets a test run what narrower processors do.
#if defined(__x86_64__) && defined(__GNUC__)
#define TFWSOL_WIDE_VECTORS 1
#include <immintrin.h>
#endif

namespace tfwsol {

// In bytes; what is compiled for more than 16 must not be called where there are fewer.
inline int VectorBytes() {
#if defined(TFWSOL_VECTOR_BYTES)
  return TFWSOL_VECTOR_BYTES;
#elif defined(TFWSOL_WIDE_VECTORS)
  static const int bytes = [] {
    // Such processors have these bit instructions, too, but an emulator may leave them out.
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("bmi")) return 16;
    return __builtin_cpu_supports("avx512f") ? 64 : 32;
  }();
  return bytes;
#else
  return 16;
#endif
}

}  // namespace tfwsol

#endif  // TFWSOL_CUSTOM_OPS_TOP_DOWN_GATING_VECTOR_WIDTH_H_
