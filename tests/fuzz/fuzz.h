/* What every fuzz target has: the entry that libFuzzer calls, and the input as a string. A property that does
 * not hold is an assert.
 */
#ifndef FUZZ_FUZZ_H
#define FUZZ_FUZZ_H

#undef NDEBUG
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/alloc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* Up to the first NUL. Caller frees. */
static inline char *fuzz_text(const uint8_t *data, size_t n)
{
	return xstrndup((const char *)data, n);
}

#endif
