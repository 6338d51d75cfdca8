/* Verdict: what one attempt came to. Owns its message; any thread. Must never let a later cause hide the
 * first.
 */
#include "config.h"

#include "job/verdict.h"

#include <assert.h>
#include <stdarg.h>

#include "base/alloc.h"

void verdict_init(struct verdict *v)
{
	*v = (struct verdict){.class = VERDICT_OK, .retry_after_usec = -1};
}

void verdict_done(struct verdict *v)
{
	free(v->message);
	v->message = NULL;
}

void verdict_set(struct verdict *v, enum verdict_class class, const char *code, const char *fmt, ...)
{
	va_list ap;

	assert(class != VERDICT_OK);
	if (v->class != VERDICT_OK)
		return;
	va_start(ap, fmt);
	v->class = class;
	v->code = code;
	free(v->message);
	v->message = xvasprintf(fmt, ap);
	va_end(ap);
}

const char *verdict_class_name(enum verdict_class class)
{
	switch (class) {
	case VERDICT_OK: return "ok";
	case VERDICT_TRANSIENT: return "transient";
	case VERDICT_RESTART: return "restart";
	case VERDICT_PERMANENT: return "permanent";
	case VERDICT_HELD: return "held";
	case VERDICT_ABORTED: return "aborted";
	}
	return "?";
}
