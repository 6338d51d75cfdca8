/* Blame: what the end of an attempt, or of one of its connections, says of its host and of this machine. Owns
 * nothing. Engine's thread.
 */
#include "config.h"

#include "fetchd/engine/internal.h"

#include <string.h>
#include <time.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/units.h"
#include "job/hold.h"
#include "job/origin.h"

/* Whether the last answer was the job's own origin's: another's wishes are not put on it. */
static bool own_answer(const struct job *job, const struct outcome *o)
{
	struct origin origin;
	bool own;

	if (!o->record || o->record->redirects == 0 || !job->effective_url)
		return true;
	if (origin_parse(job->effective_url, &origin) != ORIGIN_OK)
		return false;
	CLEANUP_FREE char *text = origin_text(&origin);

	own = strcmp(text, job->origin) == 0;
	origin_done(&origin);
	return own;
}

int blame_hold(struct engine *engine, const struct job *job, const struct verdict *v)
{
	int64_t asked = v->retry_after_usec, most = engine->config->max_retry_after_usec;

	if (!v->whole_origin || asked <= 0 || most <= 0)
		return 0;
	return host_hold(engine, host_need(engine, job->origin_id), v->code, job->id,
		usec_add(engine_now(engine), asked < most ? asked : most));
}

int blame_mark(struct engine *engine, const struct job *job, const struct outcome *o)
{
	static const char http2[] = "E_HTTP2";
	const struct verdict *v = &o->verdict;
	int err = own_answer(job, o) ? blame_hold(engine, job, v) : 0;

	if (!err && v->code && strcmp(v->code, http2) == 0 && job->error_code &&
		strcmp(job->error_code, http2) == 0)
		err = host_avoid_http2(engine, host_need(engine, job->origin_id));
	return err;
}

static int clock_year(int64_t wall_usec)
{
	time_t sec = (time_t)(wall_usec / USEC_PER_SEC);
	struct tm tm;

	return gmtime_r(&sec, &tm) ? tm.tm_year + 1900 : 1970;
}

static void set_over_quota(const struct engine *engine, const struct job *job, struct verdict *ret)
{
	char have[UNITS_MAX], size[UNITS_MAX], max[UNITS_MAX];

	units_format_size(have, store_bytes(engine->store, job->owner));
	units_format_size(size, job->size > 0 ? job->size : 0);
	verdict_set(ret, VERDICT_HELD, "E_QUOTA", "%s are on disk, the file has %s, and MaxDiskPerUser=%s",
		have, job->size > 0 ? size : "no known size", units_format_size(max, user_disk_max(engine)));
	ret->held_for = JOB_WAIT_QUOTA;
}

bool blame_excuse(struct engine *engine, const struct run *run, const struct job *job,
	const struct verdict *v, struct verdict *ret)
{
	int64_t wall = clock_wall_usec();

	ret->held_for = JOB_WAIT_NETWORK;
	if (run->over_quota && v->class == VERDICT_ABORTED && job->intent == JOB_INTENT_RUN)
		set_over_quota(engine, job, ret);
	else if (network_excuses(engine, job, v))
		verdict_set(ret, VERDICT_HELD, "E_NETWORK", "waiting for network");
	else if (hold_explains_clock(v, wall))
		verdict_set(ret, VERDICT_HELD, "E_CLOCK",
			"this machine's clock says %d; certificates cannot be judged before it is set",
			clock_year(wall));
	return ret->class == VERDICT_HELD;
}

/* Who sends something on, though never to the end, is not dead. */
static enum governor_answer answer_of(const struct verdict *v, bool progress)
{
	enum governor_answer answer = governor_answer_of(v);

	return answer == GOVERNOR_FAILURE && progress ? GOVERNOR_ALIVE : answer;
}

enum governor_answer blame_answer(const struct job *job, const struct outcome *o, bool excused)
{
	return excused || !own_answer(job, o) ? GOVERNOR_NONE : answer_of(&o->verdict, o->progress > 0);
}

enum governor_answer blame_connection(struct engine *engine, const struct run *run, const struct verdict *v)
{
	struct verdict excuse;
	bool none;

	verdict_init(&excuse);
	network_answered(engine, run->job, v);
	/* The job's origin may be another by now. */
	none = run->edited || blame_excuse(engine, run, run->job, v, &excuse);
	verdict_done(&excuse);
	if (none)
		return GOVERNOR_NONE;
	host_note_code(run->host, v->code);
	return answer_of(v, true);
}
