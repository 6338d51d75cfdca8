/* Sources of the model: which of a job's are out. Which of the others is next is the engine's to say: it is
 * seen where a row or a START names it, and must be one of the job's that is not out.
 */
#include "config.h"

#include <string.h>

#include "base/alloc.h"
#include "job/source.h"
#include "tests/sim/model.h"

/* Caller frees. */
static char *source_url(const struct model_job *m, int index, int source)
{
	return source == 0 ? model_url(m, index)
			   : xasprintf("%s/m%d", model_origins[m->mirrors[source - 1]], source);
}

static int source_origin_of(const struct model_job *m, int source)
{
	return source == 0 ? m->home : m->mirrors[source - 1];
}

void model_sources_init(struct model_job *m)
{
	m->home = m->origin;
}

char *model_mirrors(const int *origins, int n)
{
	char *lines = NULL;

	for (int i = 0; i < n; i++) {
		char *longer = xasprintf("%s%s/m%d\n", lines ? lines : "", model_origins[origins[i]], i + 1);

		free(lines);
		lines = longer;
	}
	return lines;
}

int model_live(const struct model_job *m)
{
	int n = 0;

	for (int i = 0; i <= m->n_mirrors; i++)
		n += !(m->out & 1u << i);
	return n;
}

void model_revive(struct model_job *m)
{
	m->out = 0;
	m->source = 0;
	m->origin = m->home;
}

bool model_set_mirrors(struct model_job *m, const int *origins, int n)
{
	int at = m->source - 1;
	bool stays = at < 0 || (at < n && origins[at] == m->mirrors[at]);

	if (!stays)
		model_revive(m);
	m->out = 0;
	memcpy(m->mirrors, origins, sizeof(m->mirrors));
	m->n_mirrors = n;
	return stays;
}

bool model_has_others(const struct model_job *m, const struct verdict *v)
{
	return m->n_mirrors > 0 && source_is_to_blame(v);
}

/* ---- what the engine says */

static int source_of(const struct model_job *m, int index, const char *url, size_t n)
{
	for (int i = 0; i <= m->n_mirrors; i++) {
		CLEANUP_FREE char *mine = source_url(m, index, i);

		if (strlen(mine) == n && memcmp(mine, url, n) == 0)
			return i;
	}
	sim_fail("j%d has the URL %.*s, which is none of its own", index, (int)n, url);
}

void model_see_source(struct model_job *m, const struct job *job, int index)
{
	const char *at = job->mirrors;
	int source = source_of(m, index, job->url, strlen(job->url)), n = 0;
	unsigned out = m->out;
	struct source line;

	m->source = source;
	m->origin = source_origin_of(m, source);
	if (strcmp(job->origin, model_origins[m->origin]) != 0)
		sim_fail("j%d is at %s with the URL %s", index, job->origin, job->url);
	if ((m->out & 1u << source) && job->state != JOB_FAILED)
		sim_fail("j%d is to be fetched from %s, which is out", index, job->url);
	while (source_line(&at, &line)) {
		int other = source_of(m, index, line.url, line.n);

		n++;
		if (line.out != ((m->out & 1u << other) != 0))
			sim_fail("j%d: source %d is%s out", index, other, line.out ? "" : " not");
		if (line.first != (other == 0))
			sim_fail("j%d: source %d is%s the first", index, other, line.first ? "" : " not");
		out &= ~(1u << other);
	}
	if (n != m->n_mirrors)
		sim_fail("j%d has %d mirrors, expected %d", index, n, m->n_mirrors);
}

static bool is_open(const struct model *model, struct engine *engine, int origin)
{
	const struct host *host;
	int64_t id;

	if (model->hold_until_usec[origin] > clock_wall_usec())
		return false;
	if (store_origin_find(engine->store, model_origins[origin], &id) != 0)
		return true;
	host = host_find(engine, id);
	return !host || !host_is_shut(engine, host);
}

void model_check_source(
	const struct model *model, struct engine *engine, const struct model_job *m, int index)
{
	if (m->n_mirrors == 0 || is_open(model, engine, m->origin))
		return;
	for (int i = 0; i <= m->n_mirrors; i++)
		if (!(m->out & 1u << i) && is_open(model, engine, source_origin_of(m, i)))
			sim_fail("j%d waits at %s, which is shut, and %s is open", index,
				model_origins[m->origin], model_origins[source_origin_of(m, i)]);
}
