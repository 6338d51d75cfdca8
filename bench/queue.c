/* bench/queue: what the queue itself costs. The real engine over the real store, with workers that finish at
 * once (tests/sim/sim.h) and the machine's own clock: claims and finishes a second, memory, and opening
 * again. One size a process, so that the peak is its own.
 */
#include "config.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/log.h"
#include "base/units.h"
#include "tests/sim/sim.h"

#define ADD_BATCH      4096
#define FILE_BYTES     1024
#define DEFAULT_FINISH 100000
#define OWNER_FIRST    1000
#define EXIT_USAGE     2

struct bench {
	struct sim sim;
	int64_t jobs, origins, owners, groups;
	int64_t finish; /* so many are claimed and finished, or all */
	int64_t started;
};

struct figures {
	double add_sec, open_sec, run_sec;
	int64_t finished;
	int64_t rss_queued_kib, rss_open_kib, peak_kib;
};

static double seconds_since(int64_t usec)
{
	return (double)(clock_boot_usec() - usec) / (double)USEC_PER_SEC;
}

/* A figure of /proc/self/status in KiB. */
static int64_t status_kib(const char *field)
{
	FILE *file = fopen("/proc/self/status", "re");
	char line[256];
	long long kib = 0;

	if (!file)
		abort();
	while (fgets(line, sizeof(line), file))
		if (strncmp(line, field, strlen(field)) == 0)
			kib = strtoll(line + strlen(field) + 1, NULL, 10);
	fclose(file);
	return kib;
}

/* From here on VmHWM is what follows (proc_pid_clear_refs(5)). */
static void forget_peak(void)
{
	FILE *file = fopen("/proc/self/clear_refs", "we");

	if (!file || fputs("5", file) < 0 || fclose(file) != 0) {
		perror("/proc/self/clear_refs");
		exit(EXIT_FAILURE);
	}
}

/* Events and counters are read, as control/ does; a refusal ends all. */
static void take_told(struct sim *sim)
{
	struct msg *msg;

	while ((msg = STAILQ_FIRST(&sim->told))) {
		STAILQ_REMOVE_HEAD(&sim->told, link);
		if (msg->kind == CONTROL_REPLY && ((struct request *)msg)->error != REQUEST_OK) {
			fprintf(stderr, "queue: %s\n", ((struct request *)msg)->error_message);
			exit(EXIT_FAILURE);
		}
		control_message_free(msg);
	}
}

static void check_engine(const struct sim *sim)
{
	if (!sim->engine->failed)
		return;
	fprintf(stderr, "queue: the database failed\n");
	exit(EXIT_FAILURE);
}

/* ---- adding */

static struct job *make_job(const struct bench *bench, int64_t n)
{
	CLEANUP_FREE char *origin =
		xasprintf("http://host-%lld.bench.example:80", (long long)(n % bench->origins));
	CLEANUP_FREE char *name = xasprintf("file-%07lld.bin", (long long)n);
	struct job *job = sim_job((uid_t)(OWNER_FIRST + n % bench->owners), origin, name);

	if (bench->groups)
		job->group = xasprintf("group-%lld", (long long)(n / bench->owners % bench->groups));
	return job;
}

/* Drained, so that only adding is measured. */
static void drain(struct bench *bench, bool on)
{
	struct request *request = request_new(REQUEST_DRAIN);

	request->privileged = true;
	request->drain_on = on;
	sim_post(&bench->sim, &request->msg);
}

static double add_all(struct bench *bench)
{
	int64_t begun = clock_boot_usec();

	for (int64_t n = 0; n < bench->jobs;) {
		size_t batch = bench->jobs - n < ADD_BATCH ? (size_t)(bench->jobs - n) : ADD_BATCH;
		struct job **jobs = xcalloc(batch, sizeof(struct job *));

		for (size_t i = 0; i < batch; i++)
			jobs[i] = make_job(bench, n++);
		sim_post(&bench->sim, &sim_add(OWNER_FIRST, jobs, batch)->msg);
		sim_settle(&bench->sim);
		check_engine(&bench->sim);
		take_told(&bench->sim);
	}
	return seconds_since(begun);
}

/* ---- claims and finishes */

static void finish_started(struct bench *bench)
{
	struct sim_attempt *attempt;
	struct verdict verdict;

	while ((attempt = TAILQ_FIRST(&bench->sim.attempts))) {
		verdict_init(&verdict);
		sim_post(&bench->sim, &sim_finish(&bench->sim, attempt, &verdict, FILE_BYTES)->msg);
		bench->started++;
	}
}

/* Until so many have ended, or nothing is left. */
static double run(struct bench *bench, int64_t *ret_finished)
{
	int64_t begun = clock_boot_usec();

	bench->started = 0;
	drain(bench, false);
	do {
		(void)sim_turn(&bench->sim);
		check_engine(&bench->sim);
		take_told(&bench->sim);
		finish_started(bench);
	} while (bench->started < bench->finish && mailbox_length(&bench->sim.engine_mail) > 0);
	drain(bench, true);
	do {
		sim_settle(&bench->sim);
		take_told(&bench->sim);
		finish_started(bench);
	} while (mailbox_length(&bench->sim.engine_mail) > 0);
	*ret_finished = bench->started;
	return seconds_since(begun);
}

/* ---- one size */

static struct config *make_config(const char *dir, int64_t max_active)
{
	CLEANUP_FREE char *active = xasprintf("Queue.MaxActive=%lld", (long long)max_active);
	const char *overrides[] = {
		active, "Queue.MaxPerHost=100000", "Queue.MaxJobsPerUser=1000000000", "Hosts.Adaptive=no"};

	return sim_config(dir, overrides, ARRAY_LEN(overrides));
}

static void measure(struct bench *bench, struct figures *f)
{
	int64_t begun;

	if (sim_open(&bench->sim) != 0)
		exit(EXIT_FAILURE);
	drain(bench, true);
	f->add_sec = add_all(bench);
	f->rss_queued_kib = status_kib("VmRSS:");
	sim_crash(&bench->sim);

	alloc_trim();
	forget_peak();
	begun = clock_boot_usec();
	if (sim_open(&bench->sim) != 0)
		exit(EXIT_FAILURE);
	f->open_sec = seconds_since(begun);
	f->rss_open_kib = status_kib("VmRSS:");
	f->run_sec = run(bench, &f->finished);
	f->peak_kib = status_kib("VmHWM:");
	sim_crash(&bench->sim);
}

static void print(const struct bench *bench, const struct figures *f)
{
	printf("{\"jobs\":%lld,\"origins\":%lld,\"owners\":%lld,\"groups\":%lld,"
	       "\"adds_per_sec\":%.0f,\"open_sec\":%.4f,\"finished\":%lld,\"finishes_per_sec\":%.0f,"
	       "\"usec_per_job\":%.2f,\"rss_queued_kib\":%lld,\"rss_open_kib\":%lld,\"peak_kib\":%lld}\n",
		(long long)bench->jobs, (long long)bench->origins, (long long)bench->owners,
		(long long)bench->groups, (double)bench->jobs / f->add_sec, f->open_sec,
		(long long)f->finished, (double)f->finished / f->run_sec,
		f->run_sec * 1e6 / (double)f->finished, (long long)f->rss_queued_kib,
		(long long)f->rss_open_kib, (long long)f->peak_kib);
}

static int usage(void)
{
	fprintf(stderr,
		"usage: queue --jobs=N --origins=N [--owners=N] [--groups=N] [--active=N] [--finish=N] "
		"[--dir=DIRECTORY]\n");
	return EXIT_USAGE;
}

/* -1 for what is no number. */
static int64_t number(const char *text)
{
	char *end;
	long long n = strtoll(text, &end, 10);

	return *text && !*end && n >= 0 ? n : -1;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {{"jobs", required_argument, NULL, 'j'},
		{"origins", required_argument, NULL, 'o'}, {"owners", required_argument, NULL, 'u'},
		{"groups", required_argument, NULL, 'g'}, {"active", required_argument, NULL, 'a'},
		{"finish", required_argument, NULL, 'f'}, {"dir", required_argument, NULL, 'd'}, {0}};
	struct bench bench = {.origins = 1, .owners = 1, .finish = DEFAULT_FINISH};
	struct figures figures = {0};
	const char *parent = "/var/tmp";
	int64_t active = 1000;
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		int64_t n = optarg ? number(optarg) : -1;

		if (c == 'd')
			parent = optarg;
		else if (c == '?' || n < 0)
			return usage();
		else
			*(c == 'j'	   ? &bench.jobs
				: c == 'o' ? &bench.origins
				: c == 'u' ? &bench.owners
				: c == 'g' ? &bench.groups
				: c == 'a' ? &active
					   : &bench.finish) = n;
	}
	if (bench.jobs < 1 || bench.origins < 1 || bench.owners < 1 || active < 1 || optind < argc)
		return usage();
	CLEANUP_FREE char *dir = xasprintf("%s/fetchd-queue-XXXXXX", parent);
	if (!mkdtemp(dir)) {
		perror(dir);
		return EXIT_FAILURE;
	}
	log_set_level(LOG_LEVEL_ERR);
	sim_init(&bench.sim, dir, make_config(dir, active));
	bench.sim.real_clock = bench.sim.keeps_no_files = true;
	measure(&bench, &figures);
	sim_done(&bench.sim);
	sim_remove_directory(dir);
	print(&bench, &figures);
	return EXIT_SUCCESS;
}
