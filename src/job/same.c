/* Same: one file or two. Owns nothing; any thread.
 */
#include "config.h"

#include "job/same.h"

#include <string.h>

#include "base/alloc.h"
#include "job/source.h"

/* FNV-1a, 64 bits, with the end of each string in it. */
static uint64_t mix(uint64_t hash, const char *text)
{
	for (; text && *text; text++)
		hash = (hash ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
	return (hash ^ (text ? 0x100 : 0x101)) * UINT64_C(0x100000001b3);
}

static uint64_t mix_number(uint64_t hash, int64_t n)
{
	for (int i = 0; i < 64; i += 8)
		hash = (hash ^ ((uint64_t)n >> i & 0xff)) * UINT64_C(0x100000001b3);
	return hash;
}

/* All that job_same() looks at: what has one hash is looked at one by one. */
static uint64_t mix_options(uint64_t hash, const struct job_options *o)
{
	hash = mix(hash, o->checksum);
	hash = mix(hash, o->headers);
	hash = mix(hash, o->user_agent);
	hash = mix(hash, o->referer);
	hash = mix_number(hash, o->on_conflict);
	hash = mix_number(hash, o->resume);
	hash = mix_number(hash, o->auth);
	hash = mix_number(hash, o->remote_name | o->conditional << 1 | o->insecure << 2);
	hash = mix_number(hash, o->if_newer_usec);
	return mix_number(hash, o->max_filesize);
}

int64_t job_same_hash(const struct job *job, enum job_conflict conflict)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325) ^ (uint64_t)job->owner;

	if (conflict == JOB_CONFLICT_RENAME)
		return 0;
	CLEANUP_FREE char *first = job->mirrors ? source_first(job) : NULL;

	hash = mix(hash, first ? first : job->url);
	hash = mix(hash, job->dir);
	hash = mix(hash, job->name);
	hash = mix(hash, job->group);
	hash = mix(hash, job->hooks && *job->hooks ? job->hooks : NULL);
	hash = mix_number(hash, job->not_before_usec);
	hash = mix_options(hash, &job->options);
	hash &= INT64_MAX;
	return hash ? (int64_t)hash : 1;
}

static bool equal(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

/* That none are asked for may be said or not. */
static bool hooks_same(const char *a, const char *b)
{
	return equal(a && *a ? a : NULL, b && *b ? b : NULL);
}

static bool options_same(const struct job_options *a, const struct job_options *b)
{
	return equal(a->checksum, b->checksum) && equal(a->headers, b->headers) &&
	       equal(a->user_agent, b->user_agent) && equal(a->referer, b->referer) &&
	       a->on_conflict == b->on_conflict && a->resume == b->resume && a->auth == b->auth &&
	       a->remote_name == b->remote_name && a->conditional == b->conditional &&
	       a->insecure == b->insecure && a->if_newer_usec == b->if_newer_usec &&
	       a->max_filesize == b->max_filesize;
}

static bool urls_same(const struct job *a, const struct job *b)
{
	CLEANUP_FREE char *x = a->mirrors ? source_first(a) : NULL, *y = b->mirrors ? source_first(b) : NULL;

	return equal(x ? x : a->url, y ? y : b->url);
}

bool job_same(const struct job *a, const struct job *b)
{
	return a->owner == b->owner && urls_same(a, b) && equal(a->dir, b->dir) && equal(a->name, b->name) &&
	       equal(a->group, b->group) && hooks_same(a->hooks, b->hooks) &&
	       a->not_before_usec == b->not_before_usec && options_same(&a->options, &b->options);
}
