/* The tally: kept in three copies, so that what is undone with an operation or a turn was never counted.
 * Engine's thread. Must never look at rows: it is asked in each turn.
 */
#include "config.h"

#include "fetchd/engine/tally.h"

#include <assert.h>
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "fetchd/engine/internal.h"

#define MSEC USEC_PER_MSEC
#define SEC  USEC_PER_SEC

static const int64_t commit_bounds[] = {MSEC / 4, MSEC / 2, MSEC, 2500, 5 * MSEC, 10 * MSEC, 25 * MSEC,
	50 * MSEC, 100 * MSEC, 250 * MSEC, 500 * MSEC, SEC, 5 * SEC, 30 * SEC, USEC_INFINITY};
static const int64_t first_byte_bounds[] = {5 * MSEC, 10 * MSEC, 25 * MSEC, 50 * MSEC, 100 * MSEC, 250 * MSEC,
	500 * MSEC, SEC, 2500 * MSEC, 5 * SEC, 10 * SEC, 30 * SEC, 60 * SEC, USEC_INFINITY};
static const int64_t transfer_bounds[] = {10 * MSEC, 50 * MSEC, 250 * MSEC, SEC, 5 * SEC, 15 * SEC, 60 * SEC,
	300 * SEC, 900 * SEC, 3600 * SEC, 4 * 3600 * SEC, 24 * 3600 * SEC, USEC_INFINITY};
static const int64_t hook_bounds[] = {10 * MSEC, 50 * MSEC, 250 * MSEC, SEC, 5 * SEC, 15 * SEC, 60 * SEC,
	300 * SEC, 900 * SEC, 3600 * SEC, USEC_INFINITY};
static_assert(ARRAY_LEN(commit_bounds) <= HISTOGRAM_MAX && ARRAY_LEN(first_byte_bounds) <= HISTOGRAM_MAX &&
		      ARRAY_LEN(transfer_bounds) <= HISTOGRAM_MAX && ARRAY_LEN(hook_bounds) <= HISTOGRAM_MAX,
	"a count for each bucket");

void tally_init(struct tally *tally)
{
	memset(tally, 0, sizeof(*tally));
	histogram_init(&tally->commits, commit_bounds);
	histogram_init(&tally->first_bytes, first_byte_bounds);
	histogram_init(&tally->transfers, transfer_bounds);
	histogram_init(&tally->hook_runs, hook_bounds);
}

/* ---- counting, in a turn */

void tally_event(struct engine *engine, enum event_kind kind)
{
	engine->tally.events[kind]++;
}

void tally_attempt(
	struct engine *engine, enum attempt_outcome outcome, const char *code, const struct outcome *o)
{
	struct tally *tally = &engine->tally;

	tally->attempts[outcome]++;
	if (outcome != ATTEMPT_DONE && outcome != ATTEMPT_STOPPED)
		tally->failures[failure_of(code)]++;
	if (!o->record)
		return;
	if (o->record->first_byte_usec >= 0)
		histogram_add(&tally->first_bytes, o->record->first_byte_usec);
	if (outcome == ATTEMPT_DONE)
		histogram_add(&tally->transfers, o->span_usec);
}

void tally_hook(struct engine *engine, enum tally_hook result, int64_t run_usec)
{
	engine->tally.hooks[result]++;
	if (run_usec >= 0)
		histogram_add(&engine->tally.hook_runs, run_usec);
}

void tally_save(struct engine *engine)
{
	engine->tally_saved = engine->tally;
}

void tally_undo(struct engine *engine)
{
	engine->tally = engine->tally_saved;
}

/* ---- the end of a turn */

static void look(struct engine *engine)
{
	struct tally *tally = &engine->tally;
	struct store_figures figures;

	store_figures(engine->store, &figures);
	tally->database_bytes = figures.database_bytes;
	tally->wal_bytes = figures.wal_bytes;
	tally->database_full = figures.full;
	tally->n_active = engine->n_active;
	tally->n_finishing = engine->n_finishing;
	tally->n_hooks = HASH_COUNT(engine->hook_runs);
	tally->n_hosts = HASH_COUNT(engine->hosts);
	tally->n_held = engine->n_held;
	tally->n_broken = engine->n_broken;
	tally->network_up = engine->network_up;
}

/* Before the replies of the turn: who has got one finds it counted. */
static void tell(struct engine *engine)
{
	struct engine_tally *msg;

	look(engine);
	if (memcmp(&engine->tally, &engine->tally_told, sizeof(engine->tally)) == 0)
		return;
	engine->tally_told = engine->tally;
	msg = xcalloc(1, sizeof(*msg));
	msg->msg.kind = CONTROL_TALLY;
	msg->tally = engine->tally;
	STAILQ_INSERT_HEAD(&engine->to_control, &msg->msg, link);
}

void tally_committed(struct engine *engine, int64_t commit_usec)
{
	if (store_wrote(engine->store))
		histogram_add(&engine->tally.commits, commit_usec);
	tell(engine);
}

void tally_undone(struct engine *engine)
{
	engine->tally = engine->tally_told;
	tell(engine);
}
