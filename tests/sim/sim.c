/* Sim: the stand-ins for worker, disk and clock, and the driving of the engine. One thread. */
#include "config.h"

#include "tests/sim/sim.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/log.h"

#define WALL_START_USEC (INT64_C(1800000000) * USEC_PER_SEC)
#define BOOT_START_USEC (1000 * USEC_PER_SEC)

/* ---- clock */

static int64_t now_usec = BOOT_START_USEC;

int64_t sim_now(void)
{
	return now_usec;
}

static int64_t sim_wall(void)
{
	return now_usec + WALL_START_USEC;
}

static const struct clock_source source = {.boot_usec = sim_now, .wall_usec = sim_wall};

void sim_clock_reset(void)
{
	now_usec = BOOT_START_USEC;
}

void sim_advance(int64_t usec)
{
	now_usec = usec_add(now_usec, usec);
}

/* ---- commits */

static enum sim_fault next_fault;

void sim_fault(enum sim_fault fault)
{
	next_fault = fault;
}

int __real_store_commit(struct store *store);
int __wrap_store_commit(struct store *store);

/* The linker puts it in the place of store_commit(). */
int __wrap_store_commit(struct store *store)
{
	enum sim_fault fault = next_fault;
	int err = 0;

	next_fault = SIM_FAULT_NONE;
	switch (fault) {
	case SIM_FAULT_NONE: return __real_store_commit(store);
	case SIM_FAULT_AFTER: err = __real_store_commit(store); return err ? err : -EIO;
	case SIM_FAULT_BEFORE: store_rollback(store); return -EIO;
	case SIM_FAULT_FULL: store_rollback(store); return -EAGAIN;
	}
	abort();
}

/* ---- worker */

struct mailbox *worker_mailbox(struct worker *worker)
{
	return &worker->mailbox;
}

/* ---- disk: tasks come back with the next turn, and go well */

struct sim_finished {
	int64_t job_id;
	int edits;
	char *name;
	int64_t size;
	UT_hash_handle hh;
};

struct disk_file {
	int64_t job_id;
};

static struct sim *current; /* whose disk it is: disk.h's functions are not asked for one */

struct disk_file *disk_file_new(struct disk *disk, const struct disk_file_spec *spec)
{
	struct disk_file *file = xcalloc(1, sizeof(*file));

	(void)disk;
	file->job_id = spec->job_id;
	return file;
}

int64_t disk_file_job(const struct disk_file *file)
{
	return file->job_id;
}

void disk_file_free(struct disk_file *file)
{
	free(file);
}

struct disk_task *disk_task_new(int kind, struct mailbox *reply, void *owner, struct disk_file *file)
{
	struct disk_task *task = xcalloc(1, sizeof(*task));

	task->msg.kind = kind;
	task->reply = reply;
	task->owner = owner;
	task->file = file;
	verdict_init(&task->verdict);
	return task;
}

void disk_task_free(struct disk *disk, struct disk_task *task)
{
	(void)disk;
	if (!task)
		return;
	verdict_done(&task->verdict);
	free(task->ret_name);
	free(task->digest);
	free(task->ret_digest);
	free(task);
}

static void forget_file(struct sim *sim, int64_t job_id)
{
	struct sim_finished *file;

	HASH_FIND(hh, sim->files, &job_id, sizeof(job_id), file);
	if (!file)
		return;
	HASH_DELETE(hh, sim->files, file);
	free(file->name);
	free(file);
}

void disk_post(struct disk *disk, struct disk_task *task)
{
	(void)disk;
	if (task->msg.kind == DISK_REMOVE)
		forget_file(current, task->file->job_id);
	mailbox_post(task->reply, &task->msg);
}

void disk_tune(struct disk *disk, const struct config *config)
{
	(void)disk;
	(void)config;
}

void disk_hurry(struct disk *disk)
{
	(void)disk;
}

/* Parts are bytes, and there are none. */
void disk_sweep(struct disk *disk, bool (*keep)(int64_t job_id, int64_t generation, void *arg), void *arg)
{
	(void)disk;
	(void)keep;
	(void)arg;
}

bool disk_find_finished(struct disk *disk, const struct job *job, char **ret_name, int64_t *ret_size)
{
	struct sim_finished *file;

	(void)disk;
	HASH_FIND(hh, current->files, &job->id, sizeof(job->id), file);
	if (!file || file->edits != job->edits)
		return false;
	*ret_name = xstrdup(file->name);
	*ret_size = file->size;
	return true;
}

static void remember_file(struct sim *sim, const struct job *job)
{
	struct sim_finished *file = xcalloc(1, sizeof(*file));

	forget_file(sim, job->id);
	file->job_id = job->id;
	file->edits = job->edits;
	file->name = xstrdup(job->name);
	file->size = job->received;
	HASH_ADD(hh, sim->files, job_id, sizeof(file->job_id), file);
}

/* ---- setting up */

struct config *sim_config(const char *dir, const char *const *overrides, size_t n_overrides)
{
	CLEANUP_FREE char *state = xasprintf("Daemon.StateDirectory=%s", dir);
	CLEANUP_FREE char *socket = xasprintf("Daemon.Socket=%s/socket", dir);
	CLEANUP_FREE char *roots = xasprintf("Transfer.DownloadRoots=%s", dir);
	CLEANUP_FREE char *place = xasprintf("Transfer.DefaultDirectory=%s", dir);
	const char **all = xcalloc(n_overrides + 4, sizeof(*all));
	struct config_source from = {
		.mode = CONFIG_USER, .file = "/dev/null", .overrides = all, .n_overrides = n_overrides + 4};
	struct config *config;
	char *error = NULL;

	memcpy(all, (const char *[]){state, socket, roots, place}, 4 * sizeof(*all));
	if (n_overrides)
		memcpy(all + 4, overrides, n_overrides * sizeof(*all));
	config = config_load(&from, &error);
	free(all);
	if (config)
		return config;
	fprintf(stderr, "sim: %s\n", error);
	abort();
}

char *sim_make_directory(void)
{
	const char *tmp = getenv("TMPDIR");
	char *dir = xstrdup("/dev/shm/fetchd-sim-XXXXXX");

	if (mkdtemp(dir))
		return dir;
	free(dir);
	dir = xasprintf("%s/fetchd-sim-XXXXXX", tmp ? tmp : "/tmp");
	if (mkdtemp(dir))
		return dir;
	perror(dir);
	abort();
}

void sim_remove_files(const char *dir)
{
	static const char *const names[] = {"queue.db", "queue.db-wal", "queue.db-journal"};

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		CLEANUP_FREE char *path = xasprintf("%s/%s", dir, names[i]);

		(void)unlink(path);
	}
}

void sim_remove_directory(const char *dir)
{
	sim_remove_files(dir);
	if (rmdir(dir) != 0)
		perror(dir);
}

static void need_mailbox(struct mailbox *mailbox)
{
	if (mailbox_init(mailbox) != 0)
		abort();
}

void sim_init(struct sim *sim, const char *dir, struct config *config)
{
	*sim = (struct sim){.dir = xstrdup(dir), .config = config, .seed = 1};
	need_mailbox(&sim->engine_mail);
	need_mailbox(&sim->control);
	for (size_t i = 0; i < SIM_WORKERS; i++) {
		need_mailbox(&sim->workers[i].mailbox);
		sim->worker_pointers[i] = &sim->workers[i];
	}
	need_mailbox(&sim->pool.mailbox);
	TAILQ_INIT(&sim->attempts);
	TAILQ_INIT(&sim->hooks);
	STAILQ_INIT(&sim->told);
	next_fault = SIM_FAULT_NONE;
}

static void free_told(struct sim *sim)
{
	struct msg *msg;

	while ((msg = STAILQ_FIRST(&sim->told))) {
		STAILQ_REMOVE_HEAD(&sim->told, link);
		control_message_free(msg);
	}
}

void sim_done(struct sim *sim)
{
	struct sim_finished *file, *next;

	assert(!sim->engine);
	free_told(sim);
	HASH_ITER(hh, sim->files, file, next) {
		forget_file(sim, file->job_id);
	}
	for (size_t i = 0; i < SIM_WORKERS; i++)
		mailbox_done(&sim->workers[i].mailbox);
	mailbox_done(&sim->pool.mailbox);
	mailbox_done(&sim->engine_mail);
	mailbox_done(&sim->control);
	config_unref(sim->config);
	free(sim->asked);
	free(sim->dir);
	clock_set_source(NULL);
}

/* ---- what the engine says */

static struct sim_attempt *find_attempt(struct sim *sim, int64_t job_id, int64_t attempt)
{
	struct sim_attempt *a;

	TAILQ_FOREACH(a, &sim->attempts, link) {
		if (a->job_id == job_id && a->attempt == attempt)
			return a;
	}
	return NULL;
}

/* At once, as a worker would: connections are made and closed in no time. */
static void tell_parts(struct sim *sim, const struct sim_attempt *a, const struct verdict *failure)
{
	struct parts_report *report;

	if (!sim->engine)
		return;
	report = xcalloc(1, sizeof(*report));
	report->msg.kind = OUTCOME_PARTS;
	report->job_id = a->job_id;
	report->attempt = a->attempt;
	report->used = a->used;
	report->wanted = a->wanted;
	report->seq = a->seq;
	verdict_init(&report->failure);
	if (failure)
		report->failure = *failure;
	report->failure.message = NULL;
	mailbox_post(&sim->engine_mail, &report->msg);
}

static void take_split(struct sim *sim, const struct worker_split *split)
{
	struct sim_attempt *a = find_attempt(sim, split->job_id, split->attempt);

	if (!a || a->received)
		return;
	a->seq = split->seq;
	while (a->used < split->n && a->used < a->wanted) {
		a->used++;
		if (sim->on_split)
			sim->on_split(a, sim->arg);
	}
	if (a->used > split->n)
		a->used = split->n;
	tell_parts(sim, a, NULL);
}

void sim_want(struct sim *sim, struct sim_attempt *attempt, unsigned wanted)
{
	attempt->wanted = wanted;
	tell_parts(sim, attempt, NULL);
}

void sim_lose(struct sim *sim, struct sim_attempt *attempt, const struct verdict *failure)
{
	attempt->wanted = --attempt->used;
	tell_parts(sim, attempt, failure);
}

static void take_start(struct sim *sim, struct worker_start *start)
{
	struct sim_attempt *a = xcalloc(1, sizeof(*a));

	a->job_id = start->job->id;
	a->attempt = start->attempt;
	a->job = start->job;
	for (size_t i = 0; i < RATES_N; i++)
		rate_unref(start->rates[i]);
	TAILQ_INSERT_TAIL(&sim->attempts, a, link);
	sim->n_attempts++;
	if (sim->on_start)
		sim->on_start(a, sim->arg);
	if (sim->splits && a->job_id % 3 == 0) {
		a->wanted = 1 + (unsigned)(a->job_id % 4);
		tell_parts(sim, a, NULL);
	}
}

/* One that has ended meanwhile is no one's. */
static void take_cancel(struct sim *sim, const struct worker_cancel *cancel)
{
	struct sim_attempt *a = find_attempt(sim, cancel->job_id, cancel->attempt);

	if (!a)
		return;
	a->cancelled = true;
	if (a->wanted > 0) {
		a->used = a->wanted = 0;
		tell_parts(sim, a, NULL);
	}
	if (sim->on_cancel)
		sim->on_cancel(a, sim->arg);
}

static void take_worker_message(struct sim *sim, struct msg *msg)
{
	switch ((enum worker_kind)msg->kind) {
	case WORKER_START: take_start(sim, (struct worker_start *)msg); break;
	case WORKER_CANCEL: take_cancel(sim, (struct worker_cancel *)msg); break;
	case WORKER_TUNE: config_unref(((struct worker_tune *)msg)->config); break;
	case WORKER_SPLIT: take_split(sim, (struct worker_split *)msg); break;
	case WORKER_LIMIT:
	case WORKER_STOP:
	case WORKER_NETWORK:
	}
	free(msg);
}

static void take_worker_messages(struct sim *sim)
{
	for (size_t i = 0; i < SIM_WORKERS; i++) {
		struct msg_list list = STAILQ_HEAD_INITIALIZER(list);
		struct msg *msg;

		mailbox_take(&sim->workers[i].mailbox, &list, 0);
		while ((msg = STAILQ_FIRST(&list))) {
			STAILQ_REMOVE_HEAD(&list, link);
			take_worker_message(sim, msg);
		}
	}
}

static void forget_asked(struct sim *sim, const struct request *request)
{
	for (size_t i = 0; i < sim->n_asked; i++) {
		if (sim->asked[i] != request)
			continue;
		sim->asked[i] = sim->asked[--sim->n_asked];
		return;
	}
	/* Answered twice. */
	abort();
}

static void take_told(struct sim *sim)
{
	struct msg_list list = STAILQ_HEAD_INITIALIZER(list);
	struct msg *msg;

	mailbox_take(&sim->control, &list, 0);
	STAILQ_FOREACH(msg, &list, link) {
		if (msg->kind == CONTROL_REPLY)
			forget_asked(sim, (struct request *)msg);
	}
	STAILQ_CONCAT(&sim->told, &list);
}

/* ---- driving */

int sim_open(struct sim *sim)
{
	struct engine_setup setup = {
		.mailbox = &sim->engine_mail,
		.config = sim->config,
		.control = &sim->control,
		.workers = sim->worker_pointers,
		.n_workers = SIM_WORKERS,
		.hooks = &sim->pool,
		.network_up = true,
	};
	char *error = NULL;
	int exit_code, err;

	clock_set_source(sim->real_clock ? NULL : &source);
	current = sim;
	setup.store = store_open(sim->dir, NULL, &error, &exit_code);
	if (!setup.store) {
		fprintf(stderr, "sim: %s\n", error);
		free(error);
		return -EIO;
	}
	sim->engine = engine_new(&setup);
	rng_seed(&sim->engine->rng, sim->seed++);
	err = engine_recover(sim->engine);
	take_told(sim);
	return err;
}

static void drop_attempts(struct sim *sim)
{
	struct sim_attempt *a;

	while ((a = TAILQ_FIRST(&sim->attempts))) {
		TAILQ_REMOVE(&sim->attempts, a, link);
		job_free(a->job);
		free(a);
	}
	sim->n_attempts = 0;
}

void sim_close(struct sim *sim)
{
	engine_end(sim->engine);
	take_told(sim);
	engine_free(sim->engine);
	sim->engine = NULL;
}

void sim_crash(struct sim *sim)
{
	next_fault = SIM_FAULT_NONE;
	sim->on_start = NULL;
	sim->on_cancel = NULL;
	sim->on_split = NULL;
	sim_close(sim);
	take_worker_messages(sim);
	drop_attempts(sim);
	sim_drop_hooks(sim);
	free_told(sim);
	while (sim->n_asked > 0)
		request_free(sim->asked[--sim->n_asked]);
}

void sim_post(struct sim *sim, struct msg *msg)
{
	if (msg->kind < CONTROL_REPLY) {
		if (sim->n_asked == sim->cap_asked) {
			sim->cap_asked = sim->cap_asked ? sim->cap_asked * 2 : 16;
			sim->asked = xreallocarray(sim->asked, sim->cap_asked, sizeof(struct request *));
		}
		sim->asked[sim->n_asked++] = (struct request *)msg;
	}
	mailbox_post(&sim->engine_mail, msg);
}

bool sim_turn(struct sim *sim)
{
	bool more = engine_step(sim->engine);

	take_worker_messages(sim);
	sim_take_hooks(sim);
	take_told(sim);
	return more || mailbox_length(&sim->engine_mail) > 0;
}

/* As the thread does before it waits. */
static void relax(struct sim *sim)
{
	struct engine *engine = sim->engine;

	if (clock_boot_usec() < engine->relax_usec || HASH_COUNT(engine->runs) > 0)
		return;
	store_relax(engine->store);
	engine->relax_usec = USEC_INFINITY;
}

void sim_settle(struct sim *sim)
{
	relax(sim);
	while (sim_turn(sim) && !sim->engine->failed && !sim->engine->done)
		;
}

/* ---- outcomes */

static struct outcome *outcome_of(const struct sim_attempt *attempt, enum outcome_kind kind)
{
	struct outcome *o = xcalloc(1, sizeof(*o));

	o->msg.kind = kind;
	o->job_id = attempt->job_id;
	o->attempt = attempt->attempt;
	verdict_init(&o->verdict);
	return o;
}

struct outcome *sim_received(struct sim_attempt *attempt)
{
	attempt->received = true;
	attempt->used = attempt->wanted = 0;
	return outcome_of(attempt, OUTCOME_RECEIVED);
}

struct outcome *sim_checkpoint(struct sim_attempt *attempt, int64_t bytes)
{
	struct outcome *o = outcome_of(attempt, OUTCOME_CHECKPOINT);

	attempt->job->received += bytes;
	o->job = job_dup(attempt->job);
	return o;
}

static struct attempt *record_of(const struct verdict *verdict, int64_t bytes)
{
	struct attempt *record = attempt_new();

	record->started_usec = record->ended_usec = clock_wall_usec();
	record->http_status = verdict->http_status;
	record->bytes = bytes;
	return record;
}

struct outcome *sim_finish(
	struct sim *sim, struct sim_attempt *attempt, struct verdict *verdict, int64_t bytes)
{
	struct outcome *o = outcome_of(attempt, OUTCOME_FINISHED);

	o->job = attempt->job;
	o->verdict = *verdict;
	o->record = record_of(verdict, bytes);
	o->progress = bytes;
	o->job->received += bytes;
	if (verdict->class == VERDICT_RESTART && o->job->received > 0) {
		o->job->received = 0;
		o->job->generation++;
	}
	if (verdict->class == VERDICT_OK) {
		o->job->size = o->job->received;
		if (!sim->keeps_no_files)
			remember_file(sim, o->job);
	}
	TAILQ_REMOVE(&sim->attempts, attempt, link);
	sim->n_attempts--;
	free(attempt);
	return o;
}

/* ---- jobs and requests */

struct job *sim_job(uid_t owner, const char *origin, const char *name)
{
	struct job *job = job_new();

	job->owner = owner;
	job->origin = xstrdup(origin);
	job->url = xasprintf("%s/%s", origin, name);
	job->dir = xstrdup("/srv");
	job->name = xstrdup(name);
	return job;
}

struct request *sim_add(uid_t uid, struct job **jobs, size_t n)
{
	struct request *request = request_new(REQUEST_ADD);

	request->uid = uid;
	request->jobs = jobs;
	request->n_jobs = n;
	request->total_jobs = (int64_t)n;
	return request;
}
