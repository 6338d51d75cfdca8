/* The steady clock: what waits and deadlines are measured on. It is the boot clock, begun at the wall's time
 * when the queue was made, and carried on from boot to boot: nobody can set it, it counts suspend, and it
 * never goes back. How far the wall clock has been set away from it is its skew. Both are kept in the queue,
 * so that times that were stored mean the same after a restart.
 */
#include "config.h"

#include "fetchd/engine/internal.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/fileio.h"
#include "base/log.h"
#include "base/units.h"
#include "job/message.h"

#define META_CLOCK "clock"
#define BOOT_ID	   "/proc/sys/kernel/random/boot_id"
/* Less is no step: the two clocks are not read at the same instant. */
#define STEP_USEC USEC_PER_SEC
/* So much may be lost where a boot begins in 1970. */
#define SAVE_EVERY_USEC (3600 * USEC_PER_SEC)
/* A clock that was set ahead by mistake takes nobody's history. */
#define PURGE_LATER_USEC (24 * 3600 * USEC_PER_SEC)

/* What is kept: "BOOT_ID OFFSET SKEW NOW". */
struct kept {
	char boot_id[64];
	int64_t offset_usec; /* steady = boot clock + this, in that boot */
	int64_t skew_usec;   /* wall = steady + this */
	int64_t now_usec;    /* steady, when it was written */
};

int64_t engine_now(const struct engine *engine)
{
	return usec_add(clock_boot_usec(), engine->wall_offset_usec);
}

int64_t engine_shown(const struct engine *engine, int64_t steady_usec)
{
	return steady_usec == USEC_INFINITY ? steady_usec : steady_usec + engine->skew_usec;
}

static void read_boot_id(char buf[64])
{
	char *text = NULL;
	size_t n;

	buf[0] = '\0';
	if (fileio_read_file(BOOT_ID, 64, &text, &n) == 0)
		(void)sscanf(text, "%63s", buf);
	free(text);
}

/* False: nothing is kept, or it makes no sense. */
static bool parse(const char *text, struct kept *ret)
{
	const int64_t most = USEC_INFINITY / 4;

	return sscanf(text, "%63s %" SCNd64 " %" SCNd64 " %" SCNd64, ret->boot_id, &ret->offset_usec,
		       &ret->skew_usec, &ret->now_usec) == 4 &&
	       ret->offset_usec > -most && ret->offset_usec < most && ret->skew_usec > -most &&
	       ret->skew_usec < most && ret->now_usec >= 0 && ret->now_usec < most;
}

static int64_t offset_from(const struct kept *kept, const char *boot_id)
{
	int64_t boot = clock_boot_usec(), wall = clock_wall_usec();
	int64_t least = kept->now_usec - boot, offset = wall - kept->skew_usec - boot;

	if (*boot_id && strcmp(boot_id, kept->boot_id) == 0 && kept->offset_usec >= least)
		return kept->offset_usec;
	return offset > least ? offset : least;
}

static int save(struct engine *engine)
{
	char boot_id[64];

	read_boot_id(boot_id);
	CLEANUP_FREE char *text = xasprintf("%s %" PRId64 " %" PRId64 " %" PRId64, *boot_id ? boot_id : "-",
		engine->wall_offset_usec, engine->skew_usec, engine_now(engine));

	engine->next_clock_save_usec = usec_add(clock_boot_usec(), SAVE_EVERY_USEC);
	return store_meta_put(engine->store, META_CLOCK, text);
}

int steady_load(struct engine *engine)
{
	CLEANUP_FREE char *text = NULL;
	char boot_id[64];
	struct kept kept;
	int err = store_meta_get(engine->store, META_CLOCK, &text);

	if (err && err != -ENOENT)
		return err;
	read_boot_id(boot_id);
	if (text && parse(text, &kept)) {
		engine->wall_offset_usec = offset_from(&kept, boot_id);
		engine->skew_usec = clock_wall_usec() - engine_now(engine);
		if (llabs(engine->skew_usec) <= STEP_USEC)
			engine->skew_usec = 0;
	}
	return 0;
}

static void log_step(int64_t step_usec)
{
	char span[UNITS_MAX];

	units_format_span(span, step_usec < 0 ? -step_usec : step_usec);
	log_message(LOG_LEVEL_NOTICE, MESSAGE_CLOCK_SET,
		"the clock was set %s %s; what waits for a time of day follows it, all else goes on as it "
		"was",
		step_usec < 0 ? "back" : "ahead", span);
}

int steady_look(struct engine *engine)
{
	int64_t boot = clock_boot_usec(), skew = clock_wall_usec() - engine_now(engine);
	int64_t step = skew - engine->skew_usec;

	if (llabs(step) > STEP_USEC) {
		log_step(step);
		engine->skew_usec = skew;
		engine->next_clock_save_usec = 0;
		if (step > 0 && engine->next_purge_usec < boot + PURGE_LATER_USEC)
			engine->next_purge_usec = boot + PURGE_LATER_USEC;
	}
	return boot < engine->next_clock_save_usec ? 0 : save(engine);
}
