/* Fuzz: Content-Disposition. Whatever a server proposes, the name is one that a user might have given. */
#include "config.h"

#include "fuzz.h"

#include "job/disposition.h"
#include "job/name.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	CLEANUP_FREE char *value = fuzz_text(data, n);
	CLEANUP_FREE char *name = disposition_name(value);

	if (!name)
		return 0;
	assert(name_refusal(name) == NULL);
	/* Proposed by a careful server, it is taken as it is. */
	CLEANUP_FREE char *careful = xasprintf("attachment; filename=\"%s\"", name);
	CLEANUP_FREE char *again = disposition_name(careful);

	assert(again && strcmp(again, name) == 0);
	return 0;
}
