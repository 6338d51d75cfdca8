/* fetchd/store: what no listing shows, and what goes with its job. On a database of its own. */
#include "config.h"

#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fetchd/store/internal.h"
#include "fetchd/store/store.h"

#define CANARY "canary-that-must-not-stay"

static char folder[64];

static struct store *open_store(void)
{
	char *error = NULL;
	int exit_code;
	struct store *store = store_open(folder, NULL, &error, &exit_code);

	if (!store)
		print_error("%s\n", error);
	assert_non_null(store);
	return store;
}

static int setup(void **state)
{
	snprintf(folder, sizeof(folder), "/tmp/fetchd-store-XXXXXX");
	assert_non_null(mkdtemp(folder));
	*state = open_store();
	return 0;
}

static const char *const file_names[] = {"queue.db", "queue.db-wal"};

static int teardown(void **state)
{
	char path[128];

	store_close(*state);
	for (size_t i = 0; i < ARRAY_LEN(file_names); i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, file_names[i]);
		unlink(path);
	}
	assert_int_equal(rmdir(folder), 0);
	return 0;
}

static struct job *job_for(const char *url)
{
	struct job *job = job_new();

	job->url = xstrdup(url);
	job->origin = xstrdup("http://example.org:80");
	job->dir = xstrdup("/tmp");
	job->name = xstrdup("a");
	job->created_usec = 1;
	return job;
}

static void add(struct store *store, struct job *job)
{
	assert_int_equal(store_begin(store), 0);
	assert_int_equal(store_add(store, job), 0);
	assert_int_equal(store_commit(store), 0);
}

/* ---- secrets */

static bool file_has(const char *name, const char *text)
{
	char path[128];
	struct stat st;
	bool found;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	assert_int_equal(fstat(fd, &st), 0);
	CLEANUP_FREE char *bytes = xmalloc((size_t)st.st_size + 1);

	assert_int_equal(read(fd, bytes, (size_t)st.st_size), st.st_size);
	close(fd);
	found = memmem(bytes, (size_t)st.st_size, text, strlen(text)) != NULL;
	return found;
}

static bool stored(const char *text)
{
	for (size_t i = 0; i < ARRAY_LEN(file_names); i++)
		if (file_has(file_names[i], text))
			return true;
	return false;
}

/* Each field has the canary in it; one fills pages of its own. */
static struct job *job_with_secrets(void)
{
	struct job *job = job_for("http://example.org/a");
	struct job_secrets *s = job_need_secrets(job);

	s->user = xstrdup(CANARY "-user");
	s->password = xstrdup(CANARY "-password");
	s->bearer = xstrdup(CANARY "-bearer");
	s->cookies = xstrdup(CANARY "-cookies");
	s->cookie_jar = xmalloc(20001);
	for (size_t i = 0; i < 20000; i++)
		s->cookie_jar[i] = (CANARY "\n")[i % sizeof(CANARY)];
	s->cookie_jar[20000] = '\0';
	s->headers = xstrdup("Authorization: " CANARY "\n");
	s->proxy = xstrdup("");
	s->ca_pem = xstrdup(CANARY "-ca");
	s->cert_pem = xstrdup(CANARY "-cert");
	s->key_pem = xstrdup(CANARY "-key");
	return job;
}

static void check_same(const struct job_secrets *got, const struct job_secrets *want)
{
	CHECK_STR("user", got->user, want->user);
	CHECK_STR("password", got->password, want->password);
	CHECK_STR("bearer", got->bearer, want->bearer);
	CHECK_STR("cookies", got->cookies, want->cookies);
	CHECK_STR("cookie_jar", got->cookie_jar, want->cookie_jar);
	CHECK_STR("headers", got->headers, want->headers);
	CHECK_STR("proxy", got->proxy, want->proxy);
	CHECK_STR("ca_pem", got->ca_pem, want->ca_pem);
	CHECK_STR("cert_pem", got->cert_pem, want->cert_pem);
	CHECK_STR("key_pem", got->key_pem, want->key_pem);
}

static void test_secrets_are_apart(void **state)
{
	struct store *store = *state;
	struct job *job = job_with_secrets(), *got, *plain = job_for("http://example.org/b");
	struct job_filter filter;
	struct job_secrets *secrets;
	struct job_list list;
	int64_t after = 0;
	bool more;

	add(store, job);
	job_need_secrets(plain); /* an empty set is none */
	add(store, plain);
	assert_true(job->has_secrets);
	assert_false(plain->has_secrets);
	assert_int_equal(store_secrets(store, job->id, &secrets), 0);
	check_same(secrets, job->secrets);
	job_secrets_free(secrets);
	assert_int_equal(store_secrets(store, plain->id, &secrets), -ENOENT);

	assert_int_equal(store_get(store, job->id, &got), 0);
	assert_true(got->has_secrets);
	assert_null(got->secrets);
	job_free(got);
	job_filter_init(&filter);
	filter.all_owners = true;
	assert_int_equal(store_list(store, &filter, &after, false, 10, &list, &more), 0);
	assert_int_equal(list.n, 2);
	for (size_t i = 0; i < list.n; i++)
		assert_null(list.jobs[i]->secrets);
	job_list_done(&list);
	job_filter_done(&filter);
	job_free(job);
	job_free(plain);
}

static void check_gone(struct store *store, int64_t id)
{
	struct job_secrets *secrets;

	assert_int_equal(store_secrets(store, id, &secrets), -ENOENT);
	store_relax(store);
	assert_false(stored(CANARY));
}

static void test_secrets_that_are_forgotten_leave_nothing(void **state)
{
	struct store *store = *state;
	struct job *job = job_with_secrets(), *got;

	add(store, job);
	assert_true(stored(CANARY));
	assert_int_equal(store_begin(store), 0);
	assert_int_equal(store_forget_secrets(store, job), 0);
	assert_int_equal(store_commit(store), 0);
	assert_false(job->has_secrets);
	check_gone(store, job->id);
	assert_int_equal(store_get(store, job->id, &got), 0);
	assert_false(got->has_secrets);
	job_free(got);
	job_free(job);
}

static void test_secrets_go_with_their_job(void **state)
{
	struct store *store = *state;
	struct job *job = job_with_secrets();

	add(store, job);
	assert_int_equal(store_begin(store), 0);
	assert_int_equal(store_remove(store, job), 0);
	assert_int_equal(store_commit(store), 0);
	check_gone(store, job->id);
	job_free(job);
}

/* ---- attempts */

static void keep(
	struct store *store, int64_t job_id, int64_t number, enum attempt_outcome outcome, const char *code)
{
	struct attempt *attempt = attempt_new();

	attempt->number = number;
	attempt->outcome = outcome;
	attempt->code = xstrdup_null(code);
	attempt->address = xstrdup("[2001:db8::1]:443");
	attempt->http_version = 20;
	attempt->redirects = 3;
	attempt->offset = 10;
	attempt->bytes = 20;
	attempt->note = xstrdup("note");
	assert_int_equal(store_begin(store), 0);
	assert_int_equal(store_attempt_add(store, job_id, attempt), 0);
	assert_int_equal(store_commit(store), 0);
	attempt_free(attempt);
}

static void free_attempts(struct attempt **attempts, size_t n)
{
	for (size_t i = 0; i < n; i++)
		attempt_free(attempts[i]);
	free(attempts);
}

static void test_the_newest_hundred_attempts_are_kept(void **state)
{
	struct store *store = *state;
	struct job *job = job_for("http://example.org/a"), *other = job_for("http://example.org/b");
	struct attempt **attempts;
	size_t n;

	add(store, job);
	add(store, other);
	keep(store, other->id, 1, ATTEMPT_DONE, NULL);
	for (int64_t number = 1; number <= 130; number++)
		keep(store, job->id, number, ATTEMPT_RETRY, "E_RECV");
	assert_int_equal(store_attempts(store, job->id, &attempts, &n), 0);
	assert_int_equal(n, 100);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(attempts[i]->number, 31 + i);
	assert_string_equal(attempts[0]->address, "[2001:db8::1]:443");
	assert_int_equal(attempts[0]->http_version, 20);
	assert_int_equal(attempts[0]->redirects, 3);
	assert_int_equal(attempts[0]->offset, 10);
	assert_int_equal(attempts[0]->bytes, 20);
	assert_int_equal(attempts[0]->dns_usec, -1);
	assert_string_equal(attempts[0]->code, "E_RECV");
	assert_string_equal(attempts[0]->note, "note");
	assert_null(attempts[0]->message);
	free_attempts(attempts, n);
	assert_int_equal(store_attempts(store, other->id, &attempts, &n), 0);
	assert_int_equal(n, 1);
	free_attempts(attempts, n);
	job_free(job);
	job_free(other);
}

static void test_an_attempt_that_was_taken_back_gives_its_place(void **state)
{
	struct store *store = *state;
	struct job *job = job_for("http://example.org/a");
	struct attempt **attempts;
	char *code;
	size_t n;

	add(store, job);
	assert_int_equal(store_last_restart(store, job->id, &code), -ENOENT);
	keep(store, job->id, 1, ATTEMPT_RESTART, "E_CHANGED");
	keep(store, job->id, 2, ATTEMPT_RESTART, "E_DIGEST");
	keep(store, job->id, 3, ATTEMPT_HELD, "E_NO_SPACE");
	keep(store, job->id, 3, ATTEMPT_RETRY, "E_RECV");
	assert_int_equal(store_attempts(store, job->id, &attempts, &n), 0);
	assert_int_equal(n, 3);
	assert_int_equal(attempts[2]->outcome, ATTEMPT_RETRY);
	free_attempts(attempts, n);
	assert_int_equal(store_last_restart(store, job->id, &code), 0);
	CHECK_STR_FREE("code", code, "E_DIGEST");
	assert_int_equal(store_begin(store), 0);
	assert_int_equal(store_remove(store, job), 0);
	assert_int_equal(store_commit(store), 0);
	assert_int_equal(store_attempts(store, job->id, &attempts, &n), 0);
	assert_int_equal(n, 0);
	job_free(job);
}

/* ---- facts */

static void test_facts_come_back(void **state)
{
	struct store *store = *state;
	struct job *job = job_for("http://example.org/a"), *got;

	job->options.resume = JOB_RESUME_STRICT;
	job->options.auth = JOB_AUTH_ANY;
	job->options.remote_name = job->options.conditional = job->options.insecure = true;
	job->options.if_newer_usec = 12345;
	add(store, job);
	job->validator = JOB_VALIDATOR_DATE;
	job->digest = xstrdup("sha-256=00");
	job->encoded = xstrdup("gzip");
	job->integrity = JOB_INTEGRITY_UNVERIFIED;
	job->no_ranges = true;
	job->range_faults = 2;
	job->changes = 3;
	job->restarts = 4;
	assert_int_equal(store_begin(store), 0);
	assert_int_equal(store_update(store, job, JOB_QUEUED), 0);
	assert_int_equal(store_commit(store), 0);
	assert_int_equal(store_get(store, job->id, &got), 0);
	assert_int_equal(got->options.resume, JOB_RESUME_STRICT);
	assert_int_equal(got->options.auth, JOB_AUTH_ANY);
	assert_true(got->options.remote_name && got->options.conditional && got->options.insecure);
	assert_int_equal(got->options.if_newer_usec, 12345);
	assert_int_equal(got->validator, JOB_VALIDATOR_DATE);
	assert_string_equal(got->digest, "sha-256=00");
	assert_string_equal(got->encoded, "gzip");
	assert_int_equal(got->integrity, JOB_INTEGRITY_UNVERIFIED);
	assert_true(got->no_ranges);
	assert_int_equal(got->range_faults, 2);
	assert_int_equal(got->changes, 3);
	assert_int_equal(got->restarts, 4);
	assert_string_equal(got->origin, "http://example.org:80");
	job_free(got);
	job_free(job);
}

/* ---- origins */

static void test_what_is_known_of_origins_outlives_the_store(void **state)
{
	struct store *store = *state;
	struct job *job = job_for("http://example.org/a");
	char code[] = "E_HTTP_429";
	struct store_origin origin = {0};

	add(store, job);
	assert_int_equal(store_next_marked_origin(store, 0, &origin), -ENOENT);
	origin = (struct store_origin){.id = job->origin_id,
		.hold_until_usec = 5,
		.hold_code = code,
		.hold_job = 9,
		.http1_until_usec = 7,
		.limit_rate = 10,
		.max_active = 11,
		.governor_limit = 12,
		.governor_ceiling = 13,
		.governor_probe_usec = 14,
		.governor_probe_span_usec = 15,
		.breaker_until_usec = 16,
		.breaker_span_usec = 17,
		.breaker_failures = 18};
	assert_int_equal(store_begin(store), 0);
	assert_int_equal(store_origin_put(store, &origin), 0);
	assert_int_equal(store_commit(store), 0);
	store_close(store);
	*state = store = open_store();
	origin = (struct store_origin){0};
	assert_int_equal(store_next_marked_origin(store, 0, &origin), 0);
	assert_int_equal(origin.id, job->origin_id);
	assert_int_equal(origin.hold_until_usec, 5);
	assert_string_equal(origin.hold_code, "E_HTTP_429");
	assert_int_equal(origin.hold_job, 9);
	assert_int_equal(origin.http1_until_usec, 7);
	assert_int_equal(origin.limit_rate, 10);
	assert_int_equal(origin.max_active, 11);
	assert_int_equal(origin.governor_limit, 12);
	assert_int_equal(origin.governor_ceiling, 13);
	assert_int_equal(origin.governor_probe_usec, 14);
	assert_int_equal(origin.governor_probe_span_usec, 15);
	assert_int_equal(origin.breaker_until_usec, 16);
	assert_int_equal(origin.breaker_span_usec, 17);
	assert_int_equal(origin.breaker_failures, 18);
	assert_string_equal(origin.origin, "http://example.org:80");
	store_origin_done(&origin);
	assert_int_equal(store_next_marked_origin(store, job->origin_id, &origin), -ENOENT);
	job_free(job);
}

/* ---- edit */

static void edit(struct store *store, struct job *job)
{
	assert_int_equal(store_begin(store), 0);
	assert_int_equal(store_edit(store, job, job->group_id), 0);
	assert_int_equal(store_commit(store), 0);
}

static void test_an_edit_takes_other_secrets(void **state)
{
	struct store *store = *state;
	struct job *job = job_with_secrets(), *got;
	struct job_secrets *secrets;
	int64_t origin_id;

	add(store, job);
	origin_id = job->origin_id;
	job_secrets_free(job->secrets);
	job->secrets = NULL;
	str_set(&job->url, "https://example.net/b");
	str_set(&job->origin, "https://example.net:443");
	job->same = 5;
	edit(store, job);
	assert_true(job->has_secrets); /* they stay */
	assert_int_not_equal(job->origin_id, origin_id);
	assert_int_equal(store_get(store, job->id, &got), 0);
	assert_string_equal(got->url, "https://example.net/b");
	assert_string_equal(got->origin, "https://example.net:443");
	assert_int_equal(got->same, 5);
	job_free(got);
	job_need_secrets(job)->bearer = xstrdup("token");
	edit(store, job);
	assert_int_equal(store_secrets(store, job->id, &secrets), 0);
	check_same(secrets, job->secrets);
	job_secrets_free(secrets);
	str_set(&job->secrets->bearer, NULL);
	edit(store, job);
	assert_false(job->has_secrets);
	check_gone(store, job->id);
	job_free(job);
}

static void test_the_same_are_found_while_they_have_not_ended(void **state)
{
	struct store *store = *state;
	struct job *one = job_for("http://example.org/a"), *two = job_for("http://example.org/a");
	int64_t id = 0;

	one->same = two->same = 77;
	add(store, one);
	add(store, two);
	assert_int_equal(store_next_same(store, 77, &id), 0);
	assert_int_equal(id, one->id);
	assert_int_equal(store_next_same(store, 77, &id), 0);
	assert_int_equal(id, two->id);
	assert_int_equal(store_next_same(store, 77, &id), -ENOENT);
	one->state = JOB_DONE;
	assert_int_equal(store_begin(store), 0);
	assert_int_equal(store_update(store, one, JOB_QUEUED), 0);
	assert_int_equal(store_commit(store), 0);
	id = 0;
	assert_int_equal(store_next_same(store, 77, &id), 0);
	assert_int_equal(id, two->id);
	assert_int_equal(store_next_same(store, 78, &id), -ENOENT);
	job_free(one);
	job_free(two);
}

/* ---- lists */

#define MANY 10000

static void add_many(struct store *store)
{
	assert_int_equal(store_begin(store), 0);
	for (int i = 1; i <= MANY; i++) {
		struct job *job = job_for("http://example.org/a");

		if (i == 3 || i == MANY)
			str_set(&job->origin, "http://rare.example:80");
		job->owner = 1;
		job->state = i % 5000 == 0 ? JOB_FAILED : JOB_DONE;
		assert_int_equal(store_add(store, job), 0);
		job_free(job);
	}
	assert_int_equal(store_commit(store), 0);
}

/* Calls until there is no more; *ret_calls of them. */
static size_t list_all(struct store *store, const struct job_filter *filter, int64_t *ids, size_t *ret_calls)
{
	int64_t after = 0;
	bool more = true;
	size_t n = 0;

	for (*ret_calls = 0; more; (*ret_calls)++) {
		int64_t before = after;
		struct job_list list;

		assert_int_equal(store_list(store, filter, &after, false, 10, &list, &more), 0);
		assert_true(after > before || !more);
		assert_true(after - before <= 4200 || filter->states);
		for (size_t i = 0; i < list.n; i++)
			ids[n++] = list.jobs[i]->id;
		job_list_done(&list);
	}
	return n;
}

static void test_a_list_looks_at_a_bounded_number_of_rows(void **state)
{
	struct store *store = *state;
	struct job_filter filter;
	int64_t ids[16];
	size_t calls;

	add_many(store);
	job_filter_init(&filter);
	filter.all_owners = true;
	filter.host = xstrdup("rare.example");
	assert_int_equal(list_all(store, &filter, ids, &calls), 2);
	assert_int_equal(ids[0], 3);
	assert_int_equal(ids[1], MANY);
	assert_in_range(calls, 2, 4);
	/* An index leads there at once. */
	filter.states = JOB_STATE_BIT(JOB_FAILED);
	assert_int_equal(list_all(store, &filter, ids, &calls), 1);
	assert_int_equal(calls, 1);
	filter.states = JOB_STATE_BIT(JOB_QUEUED);
	assert_int_equal(list_all(store, &filter, ids, &calls), 0);
	assert_int_equal(calls, 1);
	job_filter_done(&filter);
}

/* ---- backup */

static void test_a_backup_has_what_is_written_meanwhile(void **state)
{
	struct store *store = *state;
	struct store_backup *backup;
	char head[16], path[128];
	bool whole = false;
	size_t steps = 0;

	add_many(store);
	assert_int_equal(store_backup_begin(store, &backup), 0);
	while (!whole) {
		struct job *job = job_for(CANARY);

		assert_int_equal(store_backup_step(backup, &whole), 0);
		if (++steps == 1 && !whole)
			add(store, job);
		job_free(job);
	}
	assert_true(steps >= 2);
	snprintf(path, sizeof(path), "%s/queue.db.copy", folder);
	assert_int_equal(access(path, F_OK), -1);
	assert_true(store_backup_size(backup) > 1000000);
	assert_int_equal(store_backup_read(backup, head, sizeof(head), 0), sizeof(head));
	assert_memory_equal(head, "SQLite format 3", 16);
	CLEANUP_FREE char *all = xmalloc((size_t)store_backup_size(backup));

	assert_int_equal(store_backup_read(backup, all, (size_t)store_backup_size(backup), 0),
		store_backup_size(backup));
	assert_non_null(memmem(all, (size_t)store_backup_size(backup), CANARY, strlen(CANARY)));
	store_backup_end(backup);
}

/* ---- the network is back */

static int64_t add_waiting(struct store *store, enum job_wait wait, int64_t due_usec)
{
	struct job *job = job_for("http://example.org/a");
	int64_t id;

	add(store, job);
	job->state = JOB_WAITING;
	job->waiting_for = wait;
	job->due_usec = due_usec;
	assert_int_equal(store_begin(store), 0);
	assert_int_equal(store_update(store, job, JOB_QUEUED), 0);
	assert_int_equal(store_commit(store), 0);
	id = job->id;
	job_free(job);
	return id;
}

static int64_t due_of(struct store *store, int64_t id)
{
	struct job *job;
	int64_t due;

	assert_int_equal(store_get(store, id, &job), 0);
	due = job->due_usec;
	job_free(job);
	return due;
}

static void test_who_waits_for_the_network_is_woken(void **state)
{
	struct store *store = *state;
	int64_t one = add_waiting(store, JOB_WAIT_NETWORK, 9000),
		retry = add_waiting(store, JOB_WAIT_RETRY, 9000),
		soon = add_waiting(store, JOB_WAIT_NETWORK, 50),
		last = add_waiting(store, JOB_WAIT_NETWORK, 9000), after = 0, first;
	size_t n;

	assert_int_equal(store_begin(store), 0);
	assert_int_equal(store_wake_network(store, 100, 10, &after, 2, &first, &n), 0);
	assert_int_equal(n, 2);
	assert_int_equal(after, soon);
	assert_int_equal(first, 50);
	assert_int_equal(due_of(store, last), 9000);
	assert_int_equal(store_wake_network(store, 100, 10, &after, 2, &first, &n), 0);
	assert_int_equal(n, 1);
	assert_in_range(first, 100, 110);
	assert_int_equal(store_wake_network(store, 100, 10, &after, 2, &first, &n), 0);
	assert_int_equal(n, 0);
	assert_int_equal(store_commit(store), 0);
	assert_in_range(due_of(store, one), 100, 110);
	assert_in_range(due_of(store, last), 100, 110);
	assert_int_equal(due_of(store, soon), 50);
	assert_int_equal(due_of(store, retry), 9000);
}

static void test_no_hold_is_longer_than_it_may_be(void **state)
{
	struct store *store = *state;
	int64_t retry = add_waiting(store, JOB_WAIT_RETRY, 9000),
		disk = add_waiting(store, JOB_WAIT_DISK, 9000), soon = add_waiting(store, JOB_WAIT_DISK, 10),
		schedule = add_waiting(store, JOB_WAIT_SCHEDULE, 9000);
	size_t n;

	assert_int_equal(store_begin(store), 0);
	assert_int_equal(store_clamp_retries(store, 500, 1, &n), 0);
	assert_int_equal(n, 1);
	assert_int_equal(store_clamp_retries(store, 500, 9, &n), 0);
	assert_int_equal(n, 1);
	assert_int_equal(store_commit(store), 0);
	assert_int_equal(due_of(store, retry), 500);
	assert_int_equal(due_of(store, disk), 500);
	assert_int_equal(due_of(store, soon), 10);
	assert_int_equal(due_of(store, schedule), 9000);
}

/* ---- groups */

static int64_t make_group(struct store *store, const char *name, bool filling)
{
	CLEANUP_FREE char *copy = xstrdup(name);
	struct job_group row = {.name = copy, .filling = filling, .created_usec = 1, .deadline_usec = -1};

	assert_int_equal(store_begin(store), 0);
	assert_int_equal(store_group_add(store, &row), 0);
	assert_int_equal(store_commit(store), 0);
	return row.id;
}

static struct job *job_of_group(const char *name)
{
	struct job *job = job_for("http://example.org/a");

	job->group = xstrdup(name);
	return job;
}

static int64_t queued_in(struct store *store, int64_t group_id)
{
	struct job_group row;

	assert_int_equal(store_group_get(store, group_id, &row), 0);
	job_group_done(&row);
	return row.by_state[JOB_QUEUED];
}

/* What an operation that is undone has read must not take the counts of those before with it. */
static void test_counts_of_groups_follow_what_is_undone(void **state)
{
	struct store *store = *state;
	int64_t id = make_group(store, "g", false);
	struct job *kept = job_of_group("g"), *undone = job_of_group("g");
	const int64_t *touched;
	size_t n;

	assert_int_equal(store_begin(store), 0);
	assert_int_equal(store_savepoint(store), 0);
	assert_int_equal(store_add(store, kept), 0);
	assert_int_equal(store_release(store), 0);
	assert_int_equal(store_savepoint(store), 0);
	assert_int_equal(store_add(store, undone), 0);
	assert_int_equal(queued_in(store, id), 2);
	assert_int_equal(store_rollback_to(store), 0);
	assert_int_equal(queued_in(store, id), 1);
	assert_int_equal(store_groups_touched(store, &touched, &n), 0);
	assert_int_equal(n, 1);
	assert_int_equal(touched[0], id);
	assert_int_equal(store_groups_touched(store, &touched, &n), 0);
	assert_int_equal(n, 0);
	assert_int_equal(store_commit(store), 0);
	assert_int_equal(queued_in(store, id), 1);
	job_free(kept);
	job_free(undone);
}

static void test_groups_with_work_left_are_found(void **state)
{
	struct store *store = *state;
	int64_t plain = make_group(store, "plain", false), filling = make_group(store, "filling", true),
		failed = make_group(store, "failed", false);
	struct job_group row;

	assert_true(plain < filling && filling < failed);
	assert_int_equal(store_group_find_any(store, "failed", &row), 0);
	row.fate = GROUP_FATE_CANCEL;
	row.fate_job = 7;
	row.deadline_usec = 5;
	assert_int_equal(store_begin(store), 0);
	assert_int_equal(store_group_put(store, &row), 0);
	assert_int_equal(store_commit(store), 0);
	job_group_done(&row);
	assert_int_equal(store_next_fated_group(store, 0, &row), 0);
	assert_int_equal(row.id, filling);
	job_group_done(&row);
	assert_int_equal(store_next_fated_group(store, filling, &row), 0);
	assert_int_equal(row.id, failed);
	assert_int_equal(row.fate_job, 7);
	/* One that has a fate needs no deadline, and one that has ended nothing. */
	row.finished_usec = 9;
	assert_int_equal(store_begin(store), 0);
	assert_int_equal(store_group_put(store, &row), 0);
	assert_int_equal(store_commit(store), 0);
	job_group_done(&row);
	assert_int_equal(store_next_fated_group(store, filling, &row), -ENOENT);
	assert_int_equal(store_next_group_deadline(store, &row), -ENOENT);
}

static void test_members_come_in_slices(void **state)
{
	struct store *store = *state;
	int64_t id = make_group(store, "g", false), ids[2];
	enum job_state states[2];
	size_t n;

	for (int i = 0; i < 3; i++) {
		struct job *job = job_of_group("g");

		add(store, job);
		job_free(job);
	}
	assert_int_equal(store_group_members(store, id, 0, 2, ids, states, &n), 0);
	assert_int_equal(n, 2);
	assert_int_equal(states[1], JOB_QUEUED);
	assert_int_equal(store_group_members(store, id, ids[1], 2, ids, states, &n), 0);
	assert_int_equal(n, 1);
}

/* ---- who has few jobs among many of others */

static int keep_statement(unsigned mask, void *arg, void *st, void *sql)
{
	char **kept = arg;

	(void)mask;
	(void)sql;
	if (strstr(sqlite3_sql(st), "ORDER BY id")) {
		free(*kept);
		*kept = xstrdup(sqlite3_sql(st));
	}
	return 0;
}

/* The first step of the plan. */
static char *plan_of(struct store *store, const char *statement)
{
	CLEANUP_FREE char *sql = xasprintf("EXPLAIN QUERY PLAN %s", statement);
	sqlite3_stmt *st;
	char *plan;

	assert_int_equal(sqlite3_prepare_v2(store->db, sql, -1, &st, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(st), SQLITE_ROW);
	plan = xstrdup((const char *)sqlite3_column_text(st, 3));
	sqlite3_finalize(st);
	return plan;
}

static void check_list_of(struct store *store, uid_t owner, unsigned states, size_t want, const char *index)
{
	const struct job_filter filter = {.owner = owner, .states = states};
	char *sql = NULL, *plan;
	struct job_list list;
	int64_t after = 0;
	bool more;

	sqlite3_trace_v2(store->db, SQLITE_TRACE_STMT, keep_statement, &sql);
	assert_int_equal(store_list(store, &filter, &after, false, 10, &list, &more), 0);
	sqlite3_trace_v2(store->db, 0, NULL, NULL);
	assert_int_equal(list.n, want);
	job_list_done(&list);
	assert_non_null(sql);
	plan = plan_of(store, sql);
	if (!strstr(plan, index))
		fail_msg("%s: %s", sql, plan);
	free(plan);
	free(sql);
}

static void test_a_few_jobs_among_many_of_others(void **state)
{
	struct store *store = *state;
	struct job *job = job_for("http://example.org/a");

	assert_int_equal(store_begin(store), 0);
	for (int i = 0; i < 5000; i++) {
		job->owner = i == 4500 ? 7 : 0;
		job->state = i % 2 ? JOB_DONE : JOB_QUEUED;
		assert_int_equal(store_add(store, job), 0);
	}
	assert_int_equal(store_commit(store), 0);
	job_free(job);
	check_list_of(store, 7, 0, 1, "jobs_owner (owner=? AND rowid>?)");
	check_list_of(store, 7, JOB_STATE_BIT(JOB_QUEUED), 1, "jobs_owner (owner=? AND rowid>?)");
	check_list_of(store, 0, 0, 10, "jobs_owner (owner=? AND rowid>?)");
	check_list_of(store, 0, JOB_STATE_BIT(JOB_DONE), 10, "jobs_state (state=? AND id>?)");
}

/* ---- dependencies */

static void follow(struct store *store, int64_t job_id, int64_t after_id, bool any)
{
	const struct job_dependency after = {.id = after_id, .any = any};

	assert_int_equal(store_begin(store), 0);
	assert_int_equal(store_dependency_add(store, job_id, &after), 0);
	assert_int_equal(store_commit(store), 0);
}

static void note_end(struct store *store, int64_t job_id, int state)
{
	assert_int_equal(store_begin(store), 0);
	assert_int_equal(store_end_note(store, job_id, state), 0);
	assert_int_equal(store_commit(store), 0);
}

static int64_t add_plain(struct store *store)
{
	struct job *job = job_for("http://example.org/a");
	int64_t id;

	add(store, job);
	id = job->id;
	job_free(job);
	return id;
}

static void test_an_end_is_kept_for_those_who_wait(void **state)
{
	struct store *store = *state;
	int64_t first = add_plain(store), second = add_plain(store), third = add_plain(store);
	struct job_dependency waiters[4], *after;
	struct store_end end;
	size_t n;

	follow(store, third, first, true);
	follow(store, third, first, false); /* success outranks any end */
	follow(store, third, second, true);
	assert_int_equal(store_dependencies(store, third, &after, &n), 0);
	assert_int_equal(n, 2);
	assert_int_equal(after[0].id, first);
	assert_false(after[0].any);
	assert_true(after[1].any);
	free(after);
	note_end(store, third, JOB_DONE); /* nobody waits for it */
	assert_int_equal(store_next_end(store, &end), -ENOENT);
	assert_false(store_has_ends(store));
	note_end(store, first, JOB_FAILED);
	assert_true(store_has_ends(store));
	store_close(store);
	*state = store = open_store();
	assert_true(store_has_ends(store));
	assert_int_equal(store_next_end(store, &end), 0);
	assert_int_equal(end.job_id, first);
	assert_int_equal(end.state, JOB_FAILED);
	assert_int_equal(end.told, 0);
	assert_int_equal(store_dependents(store, first, 0, 4, waiters, &n), 0);
	assert_int_equal(n, 1);
	assert_int_equal(waiters[0].id, third);
	assert_int_equal(store_begin(store), 0);
	assert_int_equal(store_end_told(store, first, third), 0);
	assert_int_equal(store_dependents(store, first, third, 4, waiters, &n), 0);
	assert_int_equal(n, 0);
	/* Its record may be gone by then: how it ended holds. */
	assert_int_equal(store_end_again(store, first, 0, third), 0);
	assert_int_equal(store_next_end(store, &end), 0);
	assert_int_equal(end.state, JOB_FAILED);
	assert_int_equal(end.told, third - 1);
	assert_int_equal(store_dependency_remove(store, third, first), 0);
	assert_int_equal(store_end_forget(store, first), 0);
	assert_int_equal(store_commit(store), 0);
	assert_int_equal(store_next_end(store, &end), -ENOENT);
	assert_int_equal(store_dependencies(store, third, &after, &n), 0);
	assert_int_equal(n, 1);
	assert_int_equal(after[0].id, second);
	free(after);
}

static void test_what_a_job_waits_for_goes_with_it(void **state)
{
	struct store *store = *state;
	int64_t first = add_plain(store), second = add_plain(store);
	struct job_dependency *after;
	enum job_state was;
	struct job *job;
	uid_t owner;
	size_t n;

	follow(store, second, first, false);
	assert_int_equal(store_get(store, second, &job), 0);
	assert_int_equal(store_begin(store), 0);
	assert_int_equal(store_remove(store, job), 0);
	assert_int_equal(store_commit(store), 0);
	job_free(job);
	assert_int_equal(store_dependencies(store, second, &after, &n), 0);
	assert_int_equal(n, 0);
	assert_int_equal(store_state(store, second, &was, &owner), -ENOENT);
	assert_int_equal(store_state(store, first, &was, &owner), 0);
	assert_int_equal(was, JOB_QUEUED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_secrets_are_apart, setup, teardown),
		cmocka_unit_test_setup_teardown(
			test_secrets_that_are_forgotten_leave_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(test_secrets_go_with_their_job, setup, teardown),
		cmocka_unit_test_setup_teardown(test_the_newest_hundred_attempts_are_kept, setup, teardown),
		cmocka_unit_test_setup_teardown(
			test_an_attempt_that_was_taken_back_gives_its_place, setup, teardown),
		cmocka_unit_test_setup_teardown(test_facts_come_back, setup, teardown),
		cmocka_unit_test_setup_teardown(
			test_what_is_known_of_origins_outlives_the_store, setup, teardown),
		cmocka_unit_test_setup_teardown(test_an_edit_takes_other_secrets, setup, teardown),
		cmocka_unit_test_setup_teardown(
			test_the_same_are_found_while_they_have_not_ended, setup, teardown),
		cmocka_unit_test_setup_teardown(
			test_a_list_looks_at_a_bounded_number_of_rows, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_backup_has_what_is_written_meanwhile, setup, teardown),
		cmocka_unit_test_setup_teardown(test_who_waits_for_the_network_is_woken, setup, teardown),
		cmocka_unit_test_setup_teardown(test_counts_of_groups_follow_what_is_undone, setup, teardown),
		cmocka_unit_test_setup_teardown(test_groups_with_work_left_are_found, setup, teardown),
		cmocka_unit_test_setup_teardown(test_members_come_in_slices, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_few_jobs_among_many_of_others, setup, teardown),
		cmocka_unit_test_setup_teardown(test_an_end_is_kept_for_those_who_wait, setup, teardown),
		cmocka_unit_test_setup_teardown(test_what_a_job_waits_for_goes_with_it, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_hold_is_longer_than_it_may_be, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
