/* Rates: one bucket for each user, group and origin that has an active job. Runs in the engine's thread; a
 * transfer keeps references, so that a bucket may go before it.
 */
#include "config.h"

#include "fetchd/engine/internal.h"

#include <assert.h>
#include <stdlib.h>

#include "base/alloc.h"

struct bucket {
	struct bucket_key {
		int64_t id; /* uid, group or origin */
		int64_t kind;
	} key;
	struct rate *rate;
	size_t runs;
	UT_hash_handle hh;
};

static struct bucket *bucket_hold(struct engine *engine, int kind, int64_t id, int64_t limit)
{
	const struct bucket_key key = {.id = id, .kind = kind};
	struct bucket *bucket;

	HASH_FIND(hh, engine->buckets, &key, sizeof(key), bucket);
	if (!bucket) {
		bucket = xcalloc(1, sizeof(*bucket));
		bucket->key = key;
		bucket->rate = rate_new(limit);
		HASH_ADD(hh, engine->buckets, key, sizeof(bucket->key), bucket);
	}
	bucket->runs++;
	return bucket;
}

static int64_t host_limit(const struct engine *engine, const struct host *host)
{
	int64_t own = host->memory ? host->memory->row.limit_rate : 0;

	return own > 0 ? own : engine->limits.limit_rate_per_host;
}

static void bucket_free(struct engine *engine, struct bucket *bucket)
{
	HASH_DELETE(hh, engine->buckets, bucket);
	rate_unref(bucket->rate);
	free(bucket);
}

void rates_hold(struct engine *engine, struct run *run)
{
	run->buckets[RATE_USER] =
		bucket_hold(engine, RATE_USER, run->user->uid, engine->limits.limit_rate_per_user);
	if (run->batch)
		run->buckets[RATE_GROUP] =
			bucket_hold(engine, RATE_GROUP, run->batch->id, run->batch->limit_rate);
	run->buckets[RATE_HOST] =
		bucket_hold(engine, RATE_HOST, run->host->origin_id, host_limit(engine, run->host));
}

void rates_release(struct engine *engine, struct run *run)
{
	for (size_t i = 0; i < RATES_N; i++) {
		struct bucket *bucket = run->buckets[i];

		run->buckets[i] = NULL;
		if (bucket && --bucket->runs == 0)
			bucket_free(engine, bucket);
	}
}

void rates_of(struct engine *engine, const struct run *run, struct rate *ret_rates[RATES_N])
{
	int64_t own = run->job->options.limit_rate;

	for (size_t i = 0; i < RATES_N; i++)
		ret_rates[i] = run->buckets[i] ? rate_ref(run->buckets[i]->rate) : NULL;
	ret_rates[RATE_TOTAL] = rate_ref(engine->total_rate);
	ret_rates[RATE_JOB] = rate_new(own > 0 ? own : 0);
}

void rates_tune(struct engine *engine)
{
	struct run *run, *next;

	rate_set(engine->total_rate, engine->limits.limit_rate);
	HASH_ITER(hh, engine->runs, run, next) {
		rate_set(run->buckets[RATE_USER]->rate, engine->limits.limit_rate_per_user);
		if (run->batch)
			rate_set(run->buckets[RATE_GROUP]->rate, run->batch->limit_rate);
		rate_set(run->buckets[RATE_HOST]->rate, host_limit(engine, run->host));
	}
}

void rates_free(struct engine *engine)
{
	assert(!engine->buckets);
	rate_unref(engine->total_rate);
}
