// What a program without a framework needs besides the passes: memory, copies and a clock.

#ifndef TFWSOL_CUSTOM_OPS_TOP_DOWN_GATING_DEVICE_LIBRARY_H_
#define TFWSOL_CUSTOM_OPS_TOP_DOWN_GATING_DEVICE_LIBRARY_H_

#include <cstdint>

#include "device_pass.h"

// All but the last give 0, or an error of the runtime.
extern "C" {

int tfwsol_device_name(char* name, int length);
int tfwsol_device_allocate(void** memory, int64_t bytes);
int tfwsol_device_free(void* memory);

// To and from the device, or within it; queued.
int tfwsol_device_copy(void* to, const void* from, int64_t bytes, void* stream);
int tfwsol_device_wait();

// Queues a mark, and gives the time between two in milliseconds once both are reached.
int tfwsol_device_mark(void** mark, void* stream);
int tfwsol_device_between(void* first, void* last, float* milliseconds);

// Only where the device is emulated: threads of a block run in ascending (0), descending (1) or
// shuffled (2) order.
void tfwsol_emulated_order(int order) __attribute__((weak));

}  // extern "C"

#endif  // TFWSOL_CUSTOM_OPS_TOP_DOWN_GATING_DEVICE_LIBRARY_H_
