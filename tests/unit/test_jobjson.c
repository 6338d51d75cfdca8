/* wire/jobjson: round trips, refusals by field, no secret on the way out, and agreement with the IDL */
#include "config.h"

#include "unit.h"

#include <errno.h>

#include "wire/attemptjson.h"
#include "wire/frame.h"
#include "wire/groupjson.h"
#include "wire/jobjson.h"

static json_t *parse(const char *text)
{
	const char *why = NULL;
	size_t position = 0;
	json_t *json = wire_parse(text, strlen(text), &why, &position);

	if (!json)
		fail_msg("%s: %s at %zu", text, why, position);
	return json;
}

/* ---- Job */

static void fill_job(struct job *job)
{
	job_init(job);
	job->id = 7;
	str_set(&job->url, "https://user:sesame@h.test/f?x=1");
	str_set(&job->origin, "https://h.test:443");
	str_set(&job->dir, "/srv");
	str_set(&job->name, "f");
	str_set(&job->group, "g");
	str_set(&job->key, "idempotent");
	job->owner = 4294967294u;
	job->priority = -5;
	job->state = JOB_WAITING;
	job->waiting_for = JOB_WAIT_RETRY;
	job->created_usec = 1000;
	job->started_usec = 2000;
	job->finished_usec = 3000;
	job->due_usec = 4000;
	job->not_before_usec = 500;
	job->attempts = 2;
	job->failures = 1;
	job->max_attempts = 10;
	job->received = 512;
	job->size = 1024;
	job->http_status = 503;
	str_set(&job->etag, "\"etag\"");
	str_set(&job->effective_url, "https://u:sesame@mirror.test/f");
	str_set(&job->mirrors, "*!https://u:sesame@m.test/f\nhttp://n.test/f\n");
	str_set(&job->error_code, "E_HTTP_503");
	str_set(&job->error_message, "the server says 503 Service Unavailable");
	str_set(&job->options.checksum, "md5=0123456789abcdef0123456789abcdef");
	str_set(&job->options.headers, "Authorization: sesame\nCookie: sesame\n");
	str_set(&job->options.user_agent, "agent");
	job->after = xcalloc(2, sizeof(*job->after));
	job->n_after = 2;
	job->after[0].id = 5;
	job->after[1].id = 6;
	job->integrity = JOB_INTEGRITY_UNVERIFIED;
	str_set(&job->encoded, "gzip");
	str_set(&job->digest, "sha-256=00");
	str_set(&job->hooks, "unpack,verify");
	job->hook = JOB_HOOK_RUNNING;
	str_set(&job_need_secrets(job)->user, "sesame");
	str_set(&job->secrets->password, "sesame");
	str_set(&job->secrets->bearer, "sesame");
	str_set(&job->secrets->cookies, "sesame");
	str_set(&job->secrets->cookie_jar, "sesame");
	str_set(&job->secrets->headers, "Cookie: sesame\n");
	str_set(&job->secrets->proxy, "sesame");
	str_set(&job->secrets->ca_pem, "sesame");
	str_set(&job->secrets->cert_pem, "sesame");
	str_set(&job->secrets->key_pem, "sesame");
}

static void test_job_round_trip(void **state)
{
	struct job job, back;
	int64_t speed = -2;

	(void)state;
	fill_job(&job);
	json_t *json = wire_job_to_json(&job, -1, -1);

	assert_int_equal(wire_job_from_json(json, &back, &speed), 0);
	assert_int_equal(speed, -1);
	CHECK_INT("id", back.id, job.id);
	CHECK_STR("url", back.url, "https://***@h.test/f?x=1");
	CHECK_STR("mirrors", back.mirrors, "!https://***@m.test/f\nhttp://n.test/f\n");
	CHECK_STR("origin", back.origin, job.origin);
	CHECK_STR("dir", back.dir, job.dir);
	CHECK_STR("name", back.name, job.name);
	CHECK_STR("group", back.group, job.group);
	CHECK_INT("owner", back.owner, job.owner);
	CHECK_STR("hooks", back.hooks, job.hooks);
	CHECK_INT("hook", back.hook, job.hook);
	CHECK_INT("priority", back.priority, job.priority);
	CHECK_INT("state", back.state, job.state);
	CHECK_INT("waiting_for", back.waiting_for, job.waiting_for);
	CHECK_INT("created", back.created_usec, job.created_usec);
	CHECK_INT("started", back.started_usec, job.started_usec);
	CHECK_INT("finished", back.finished_usec, job.finished_usec);
	CHECK_INT("due", back.due_usec, job.due_usec);
	CHECK_INT("attempts", back.attempts, job.attempts);
	CHECK_INT("max_attempts", back.max_attempts, job.max_attempts);
	CHECK_INT("received", back.received, job.received);
	CHECK_INT("size", back.size, job.size);
	CHECK_INT("http_status", back.http_status, job.http_status);
	CHECK_STR("effective_url", back.effective_url, "https://***@mirror.test/f");
	CHECK_STR("error_code", back.error_code, job.error_code);
	CHECK_STR("error_message", back.error_message, job.error_message);
	CHECK_STR("checksum", back.options.checksum, job.options.checksum);
	CHECK_INT("integrity", back.integrity, job.integrity);
	CHECK_STR("encoded", back.encoded, job.encoded);
	CHECK_STR("digest", back.digest, job.digest);
	json_decref(json);
	job_done(&back);
	job_done(&job);
}

static void test_no_secret_comes_out(void **state)
{
	const struct event event = {.id = 1, .time_usec = 2, .job_id = 7, .kind = EVENT_WAITING};
	struct job job;
	size_t len;

	(void)state;
	fill_job(&job);
	json_t *json = wire_event_to_json(&event, &job);
	CLEANUP_FREE char *text = wire_format(json, &len);

	assert_null(strstr(text, "sesame"));
	assert_null(strstr(text, "Authorization"));
	json_decref(json);
	job_done(&job);
}

/* What is unknown is absent, not -1, 0 or null. */
static void test_unknown_is_absent(void **state)
{
	static const char *const absent[] = {"waiting_for", "group", "path", "size", "speed",
		"next_attempt_usec", "started_usec", "finished_usec", "error", "checksum", "http_status",
		"effective_url", "integrity", "encoded", "digest"};
	static const char *const present[] = {"id", "url", "state", "priority", "owner", "host", "dir",
		"name", "received", "attempts", "max_attempts", "created_usec"};
	struct job job, back;
	int64_t speed;

	(void)state;
	job_init(&job);
	job.id = 1;
	str_set(&job.url, "http://h/");
	json_t *json = wire_job_to_json(&job, -1, 77);

	for (size_t i = 0; i < ARRAY_LEN(absent); i++)
		CHECK_INT(absent[i], json_object_get(json, absent[i]) != NULL, false);
	for (size_t i = 0; i < ARRAY_LEN(present); i++)
		CHECK_INT(present[i], json_object_get(json, present[i]) != NULL, true);
	assert_int_equal(wire_job_from_json(json, &back, &speed), 0);
	assert_int_equal(back.size, -1);
	assert_null(back.error_code);
	json_decref(json);
	job_done(&back);
	job_done(&job);
}

static void test_live_figures_and_path(void **state)
{
	struct job job, back;
	int64_t speed;

	(void)state;
	fill_job(&job);
	job.state = JOB_ACTIVE;
	json_t *json = wire_job_to_json(&job, 900, 55);

	assert_int_equal(wire_job_from_json(json, &back, &speed), 0);
	assert_int_equal(speed, 55);
	assert_int_equal(back.received, 900);
	assert_null(json_object_get(json, "path"));
	json_decref(json);
	job_done(&back);
	job.state = JOB_DONE;
	json = wire_job_to_json(&job, -1, -1);
	assert_string_equal(json_string_value(json_object_get(json, "path")), "/srv/f");
	json_decref(json);
	job_done(&job);
}

static void test_odd_bytes_are_carried(void **state)
{
	struct job job;

	(void)state;
	fill_job(&job);
	str_set(&job.name, "caf\xe9");
	str_set(&job.error_message, "bad \xff");
	json_t *json = wire_job_to_json(&job, -1, -1);

	assert_string_equal(json_string_value(json_object_get(json, "name")), "caf\\xe9");
	assert_string_equal(
		json_string_value(json_object_get(json_object_get(json, "error"), "message")), "bad \\xff");
	json_decref(json);
	job_done(&job);
}

static void test_job_refused(void **state)
{
	/* A change to a good Job that makes it a bad one. */
	static const struct {
		const char *field;
		const char *value; /* JSON; NULL: removed */
	} rows[] = {{"id", NULL}, {"id", "0"}, {"id", "\"7\""}, {"id", "7.0"}, {"url", NULL}, {"url", "null"},
		{"url", "5"}, {"state", NULL}, {"state", "\"asleep\""}, {"state", "3"},
		{"waiting_for", "\"godot\""}, {"priority", "2147483648"}, {"owner", "-1"}, {"received", "-1"},
		{"received", NULL}, {"size", "-1"}, {"error", "{}"}, {"error", "\"E_DNS\""},
		{"error", "{\"code\":\"E_DNS\"}"}, {"http_status", "true"}, {"integrity", "\"perfect\""},
		{"encoded", "1"}, {"digest", "[]"}};
	struct job job, back;
	int64_t speed;

	(void)state;
	fill_job(&job);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		json_t *json = wire_job_to_json(&job, -1, -1);

		if (rows[i].value)
			json_object_set_new(
				json, rows[i].field, json_loads(rows[i].value, JSON_DECODE_ANY, NULL));
		else
			json_object_del(json, rows[i].field);
		CHECK_INT(rows[i].field, wire_job_from_json(json, &back, &speed), -EINVAL);
		job_done(&back);
		json_decref(json);
	}
	json_t *array = json_array();

	assert_int_equal(wire_job_from_json(array, &back, &speed), -EINVAL);
	job_done(&back);
	json_decref(array);
	job_done(&job);
}

/* ---- JobSpec */

static const char full_spec[] =
	"{\"url\":\"http://h/f\",\"mirrors\":[\"http://m/f\",\"http://n/f\"],\"dir\":\"/"
	"srv\",\"name\":\"n\",\"group\":\"g\",\"priority\":-3,\"key\":\"k\","
	"\"after\":[3,4],\"after_any\":[5],\"hooks\":[\"a\",\"b\"],"
	"\"checksum\":\"md5=00\",\"headers\":[\"A: 1\",\"B: 2\"],\"user_agent\":\"ua\",\"referer\":\"r\","
	"\"limit_rate\":0,\"max_filesize\":5,\"max_attempts\":6,\"split\":4,\"retry_delay_usec\":7,\"max_"
	"time_usec\":8,"
	"\"connect_timeout_usec\":9,\"deadline_usec\":10,\"not_before_usec\":11,\"on_conflict\":\"skip\","
	"\"remote_name\":true,\"conditional\":true,\"if_newer_usec\":0,\"resume\":\"strict\",\"insecure\":"
	"true,"
	"\"auth\":\"digest\",\"user\":\"us\",\"password\":\"\",\"bearer\":\"be\",\"cookies\":\"co\",\"cookie_"
	"jar\":\"cj\","
	"\"proxy\":\"\",\"ca_pem\":\"ca\",\"cert_pem\":\"ce\",\"key_pem\":\"ke\"}";

static void test_spec_round_trip(void **state)
{
	json_t *json = parse(full_spec);
	const char *field = NULL;
	struct job job;

	(void)state;
	if (wire_spec_from_json(json, &job, &field) < 0)
		fail_msg("refused for %s", field);
	CHECK_STR("url", job.url, "http://h/f");
	CHECK_STR("dir", job.dir, "/srv");
	CHECK_STR("name", job.name, "n");
	CHECK_STR("group", job.group, "g");
	CHECK_STR("key", job.key, "k");
	CHECK_INT("priority", job.priority, -3);
	CHECK_INT("after", job.n_after, 3);
	CHECK_STR("hooks", job.hooks, "a,b");
	CHECK_INT("after 1", job.after[1].id, 4);
	CHECK_INT("after 1", job.after[1].any, false);
	CHECK_INT("after 2", job.after[2].id, 5);
	CHECK_INT("after 2", job.after[2].any, true);
	CHECK_STR("checksum", job.options.checksum, "md5=00");
	CHECK_STR("headers", job.options.headers, "A: 1\nB: 2\n");
	CHECK_STR("user_agent", job.options.user_agent, "ua");
	CHECK_STR("referer", job.options.referer, "r");
	CHECK_INT("limit_rate", job.options.limit_rate, 0);
	CHECK_INT("max_filesize", job.options.max_filesize, 5);
	CHECK_INT("max_attempts", job.options.max_attempts, 6);
	CHECK_INT("split", job.options.split, 4);
	CHECK_INT("retry_delay", job.options.retry_delay_usec, 7);
	CHECK_INT("max_time", job.options.max_time_usec, 8);
	CHECK_INT("connect_timeout", job.options.connect_timeout_usec, 9);
	CHECK_INT("deadline", job.options.deadline_usec, 10);
	CHECK_INT("not_before", job.not_before_usec, 11);
	CHECK_STR("mirrors", job.mirrors, "http://m/f\nhttp://n/f\n");
	CHECK_INT("on_conflict", job.options.on_conflict, JOB_CONFLICT_SKIP);
	CHECK_INT("remote_name", job.options.remote_name, true);
	CHECK_INT("conditional", job.options.conditional, true);
	CHECK_INT("if_newer", job.options.if_newer_usec, 0);
	CHECK_INT("resume", job.options.resume, JOB_RESUME_STRICT);
	CHECK_INT("insecure", job.options.insecure, true);
	CHECK_INT("auth", job.options.auth, JOB_AUTH_DIGEST);
	assert_non_null(job.secrets);
	CHECK_STR("user", job.secrets->user, "us");
	CHECK_STR("password", job.secrets->password, "");
	CHECK_STR("bearer", job.secrets->bearer, "be");
	CHECK_STR("cookies", job.secrets->cookies, "co");
	CHECK_STR("cookie_jar", job.secrets->cookie_jar, "cj");
	CHECK_STR("proxy", job.secrets->proxy, "");
	CHECK_STR("ca_pem", job.secrets->ca_pem, "ca");
	CHECK_STR("cert_pem", job.secrets->cert_pem, "ce");
	CHECK_STR("key_pem", job.secrets->key_pem, "ke");
	json_t *back = wire_spec_to_json(&job);

	assert_true(json_equal(json, back));
	json_decref(back);
	json_decref(json);
	job_done(&job);
}

static void test_least_spec(void **state)
{
	json_t *json = parse("{\"url\":\"http://h/f\"}");
	json_t *nulls = parse("{\"url\":\"http://h/f\",\"dir\":null,\"headers\":null,\"priority\":null,"
			      "\"user\":null,\"proxy\":null,\"insecure\":null}");
	const char *field;
	struct job job;

	(void)state;
	assert_int_equal(wire_spec_from_json(nulls, &job, &field), 0);
	assert_null(job.dir);
	assert_null(job.options.headers);
	assert_int_equal(job.options.limit_rate, -1);
	assert_int_equal(job.options.on_conflict, -1);
	assert_int_equal(job.options.resume, -1);
	assert_int_equal(job.options.if_newer_usec, -1);
	assert_null(job.secrets);
	json_t *back = wire_spec_to_json(&job);

	assert_true(json_equal(json, back));
	json_decref(back);
	json_decref(json);
	json_decref(nulls);
	job_done(&job);
}

static void test_spec_refused(void **state)
{
	static const struct {
		const char *text, *want_field;
	} rows[] = {
		{"{}", "url"},
		{"{\"url\":null}", "url"},
		{"{\"url\":5}", "url"},
		{"{\"url\":[\"http://h/\"]}", "url"},
		{"{\"url\":\"u\",\"id\":1}", "id"},
		{"{\"url\":\"u\",\"URL\":\"v\"}", "URL"},
		{"{\"url\":\"u\",\"owner\":0}", "owner"},
		{"{\"url\":\"u\",\"\":0}", ""},
		{"{\"url\":\"u\",\"dir\":1}", "dir"},
		{"{\"url\":\"u\",\"priority\":2147483648}", "priority"},
		{"{\"url\":\"u\",\"priority\":-2147483649}", "priority"},
		{"{\"url\":\"u\",\"priority\":1.0}", "priority"},
		{"{\"url\":\"u\",\"priority\":\"1\"}", "priority"},
		{"{\"url\":\"u\",\"priority\":true}", "priority"},
		{"{\"url\":\"u\",\"limit_rate\":-1}", "limit_rate"},
		{"{\"url\":\"u\",\"max_filesize\":-1}", "max_filesize"},
		{"{\"url\":\"u\",\"max_attempts\":0}", "max_attempts"},
		{"{\"url\":\"u\",\"max_attempts\":4294967297}", "max_attempts"},
		{"{\"url\":\"u\",\"retry_delay_usec\":-1}", "retry_delay_usec"},
		{"{\"url\":\"u\",\"deadline_usec\":0}", "deadline_usec"},
		{"{\"url\":\"u\",\"on_conflict\":\"ask\"}", "on_conflict"},
		{"{\"url\":\"u\",\"on_conflict\":2}", "on_conflict"},
		{"{\"url\":\"u\",\"headers\":\"A: 1\"}", "headers"},
		{"{\"url\":\"u\",\"insecure\":1}", "insecure"},
		{"{\"url\":\"u\",\"conditional\":\"yes\"}", "conditional"},
		{"{\"url\":\"u\",\"resume\":\"never\"}", "resume"},
		{"{\"url\":\"u\",\"auth\":\"ntlm\"}", "auth"},
		{"{\"url\":\"u\",\"if_newer_usec\":-1}", "if_newer_usec"},
		{"{\"url\":\"u\",\"user\":1}", "user"},
		{"{\"url\":\"u\",\"key_pem\":[\"\"]}", "key_pem"},
		{"{\"url\":\"u\",\"secrets\":{}}", "secrets"},
		{"{\"url\":\"u\",\"headers\":[1]}", "headers"},
		{"{\"url\":\"u\",\"mirrors\":\"http://m/f\"}", "mirrors"},
		{"{\"url\":\"u\",\"mirrors\":[\"\"]}", "mirrors"},
		{"{\"url\":\"u\",\"mirrors\":[\"*http://m/f\"]}", "mirrors"},
		{"{\"url\":\"u\",\"mirrors\":[\"!http://m/f\"]}", "mirrors"},
		{"{\"url\":\"u\",\"headers\":[\"A: 1\",null]}", "headers"},
		{"{\"url\":\"u\",\"headers\":[\"A: 1\\nB: 2\"]}", "headers"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		json_t *json = parse(rows[i].text);
		const char *field = NULL;
		struct job job;

		CHECK_INT(rows[i].text, wire_spec_from_json(json, &job, &field), -EINVAL);
		CHECK_STR(rows[i].text, field, rows[i].want_field);
		job_done(&job);
		json_decref(json);
	}
}

/* ---- Event */

static void test_event(void **state)
{
	const struct event event = {.id = 9, .time_usec = 5, .job_id = 7, .kind = EVENT_REMOVED};
	const struct event hook = {
		.id = 9, .time_usec = 5, .job_id = 7, .kind = EVENT_HOOK_FAILED, .hook = "unpack"};
	json_t *json = wire_event_to_json(&event, NULL), *want;

	(void)state;
	want = parse("{\"id\":9,\"time_usec\":5,\"job_id\":7,\"kind\":\"removed\"}");
	assert_true(json_equal(json, want));
	json_decref(json);
	json_decref(want);
	json = wire_event_to_json(&hook, NULL);
	want = parse("{\"id\":9,\"time_usec\":5,\"job_id\":7,\"kind\":\"hook_failed\",\"hook\":\"unpack\"}");
	assert_true(json_equal(json, want));
	json_decref(json);
	json_decref(want);
}

/* ---- Attempt */

static struct attempt *full_attempt(void)
{
	struct attempt *attempt = attempt_new();

	attempt->number = 3;
	attempt->started_usec = 1000;
	attempt->ended_usec = 2000;
	attempt->outcome = ATTEMPT_RESTART;
	attempt->address = xstrdup("[::1]:443");
	attempt->http_version = 20;
	attempt->http_status = 206;
	attempt->dns_usec = 0;
	attempt->connect_usec = 2;
	attempt->tls_usec = 3;
	attempt->first_byte_usec = 4;
	attempt->redirects = 5;
	attempt->offset = 6;
	attempt->bytes = 7;
	attempt->code = xstrdup("E_RANGE");
	attempt->message = xstrdup("the range makes no sense");
	attempt->note = xstrdup("begun anew");
	attempt->origin = xstrdup("http://m.test:80");
	return attempt;
}

static void test_attempt_round_trip(void **state)
{
	struct attempt *attempt = full_attempt(), *back;
	json_t *json = wire_attempt_to_json(attempt);

	(void)state;
	assert_string_equal(json_string_value(json_object_get(json, "http_version")), "2");
	assert_string_equal(json_string_value(json_object_get(json, "outcome")), "restart");
	back = wire_attempt_from_json(json);
	assert_non_null(back);
	CHECK_INT("number", back->number, attempt->number);
	CHECK_INT("started", back->started_usec, attempt->started_usec);
	CHECK_INT("ended", back->ended_usec, attempt->ended_usec);
	CHECK_INT("outcome", back->outcome, attempt->outcome);
	CHECK_STR("address", back->address, attempt->address);
	CHECK_INT("http_version", back->http_version, attempt->http_version);
	CHECK_INT("http_status", back->http_status, attempt->http_status);
	CHECK_INT("dns", back->dns_usec, attempt->dns_usec);
	CHECK_INT("connect", back->connect_usec, attempt->connect_usec);
	CHECK_INT("tls", back->tls_usec, attempt->tls_usec);
	CHECK_INT("first_byte", back->first_byte_usec, attempt->first_byte_usec);
	CHECK_INT("redirects", back->redirects, attempt->redirects);
	CHECK_INT("offset", back->offset, attempt->offset);
	CHECK_INT("bytes", back->bytes, attempt->bytes);
	CHECK_STR("code", back->code, attempt->code);
	CHECK_STR("message", back->message, attempt->message);
	CHECK_STR("note", back->note, attempt->note);
	CHECK_STR("host", back->origin, attempt->origin);
	attempt_free(back);
	attempt_free(attempt);
	json_decref(json);
}

/* One that never came to a connection says nothing of it. */
static void test_least_attempt(void **state)
{
	struct attempt *attempt = attempt_new(), *back;
	json_t *json, *want;

	(void)state;
	attempt->number = 1;
	attempt->outcome = ATTEMPT_HELD;
	json = wire_attempt_to_json(attempt);
	want = parse("{\"number\":1,\"started_usec\":0,\"ended_usec\":0,\"outcome\":\"held\","
		     "\"redirects\":0,\"offset\":0,\"bytes\":0}");
	assert_true(json_equal(json, want));
	back = wire_attempt_from_json(want);
	assert_non_null(back);
	assert_int_equal(back->tls_usec, -1);
	assert_int_equal(back->http_version, 0);
	assert_null(back->code);
	attempt_free(back);
	json_object_set_new(want, "outcome", json_string("lost"));
	assert_null(wire_attempt_from_json(want));
	json_object_set_new(want, "outcome", json_string("done"));
	json_object_set_new(want, "bytes", json_integer(-1));
	assert_null(wire_attempt_from_json(want));
	attempt_free(attempt);
	json_decref(json);
	json_decref(want);
}

/* ---- the IDL */

/* The fields of "type NAME (…)" in the IDL, one a line, as keys of an object. */
static json_t *idl_fields(const char *type)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz_";
	CLEANUP_FREE char *start = xasprintf("\ntype %s (\n", type);
	const char *line = strstr(wire_interface_text, start);
	json_t *fields = json_object();

	assert_non_null(line);
	for (line += strlen(start); *line != ')'; line = strchr(line, '\n') + 1) {
		const char *name = line + strspn(line, " ");
		size_t n = strspn(name, letters);

		if (n > 0 && name[n] == ':')
			json_object_setn_new(fields, name, n, json_null());
	}
	return fields;
}

/* Both have the same fields. */
static void check_fields(const char *type, json_t *json)
{
	json_t *fields = idl_fields(type), *value;
	const char *key;

	json_object_foreach(json, key, value)
	{
		if (!json_object_get(fields, key))
			fail_msg("type %s of the IDL has no %s", type, key);
	}
	json_object_foreach(fields, key, value)
	{
		if (!json_object_get(json, key))
			fail_msg("%s of type %s is never written", key, type);
	}
	json_decref(fields);
}

static void test_idl_agrees(void **state)
{
	const struct event event = {
		.id = 9, .time_usec = 5, .job_id = 7, .kind = EVENT_HOOK_OK, .hook = "unpack"};
	struct job job;
	struct attempt *attempt = full_attempt();
	json_t *json = parse(full_spec), *all = json_object();

	(void)state;
	check_fields("JobSpec", json);
	json_decref(json);
	json = wire_attempt_to_json(attempt);
	check_fields("Attempt", json);
	json_decref(json);
	attempt_free(attempt);
	fill_job(&job);
	for (int s = JOB_STATE_FIRST; s <= JOB_STATE_LAST; s++) {
		job.state = (enum job_state)s;
		json = wire_job_to_json(&job, 1, 1);
		json_object_update(all, json);
		json_decref(json);
	}
	check_fields("Job", all);
	json_decref(all);
	json = wire_event_to_json(&event, &job);
	check_fields("Event", json);
	json_decref(json);
	job_done(&job);
}

/* ---- Group */

static json_t *group_json(struct job_group *group)
{
	json_t *json = wire_group_to_json(group);

	assert_non_null(json);
	return json;
}

static void check_group_state(const char *row, struct job_group *group, const char *want)
{
	json_t *json = group_json(group);

	CHECK_STR(row, json_string_value(json_object_get(json, "state")), want);
	json_decref(json);
}

static void test_group(void **state)
{
	char name[] = "g", hooks[] = "tell";
	struct job_group group = {.name = name, .policy = GROUP_FAIL_FAST, .deadline_usec = -1};
	json_t *json;

	(void)state;
	check_group_state("made", &group, "empty");
	group.filling = true;
	group.by_state[JOB_QUEUED] = 1;
	check_group_state("a list comes", &group, "filling");
	group.filling = false;
	check_group_state("it is whole", &group, "running");
	group.fate = GROUP_FATE_CANCEL;
	group.fate_job = 7;
	check_group_state("one has failed", &group, "ending");
	group.by_state[JOB_QUEUED] = 0;
	group.by_state[JOB_CANCELLED] = 1;
	check_group_state("all have ended", &group, "failed");
	group.finished_usec = 2;
	group.deadline_usec = 3;
	group.limit_rate = 4;
	group.hooks = hooks;
	group.hook = JOB_HOOK_OK;
	json = group_json(&group);
	check_fields("Group", json);
	CHECK_STR("policy", json_string_value(json_object_get(json, "policy")), "fail_fast");
	json_decref(json);
	group.fate = GROUP_FATE_NONE;
	group.by_state[JOB_CANCELLED] = 0;
	group.by_state[JOB_DONE] = 1;
	check_group_state("all are done", &group, "done");
	CHECK_INT("collect", wire_policy_parse("collect"), GROUP_COLLECT);
	CHECK_INT("fail_fast", wire_policy_parse("fail_fast"), GROUP_FAIL_FAST);
	CHECK_INT("fail-fast", wire_policy_parse("fail-fast"), -1);
}

static void test_idl_is_whole(void **state)
{
	(void)state;
	assert_non_null(strstr(wire_interface_text, "interface " WIRE_INTERFACE "\n"));
	assert_non_null(strstr(wire_interface_text, "written as \"\\xNN\"."));
	assert_non_null(strstr(wire_interface_text, "method Ping() -> (pid: int)\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_job_round_trip),
		cmocka_unit_test(test_no_secret_comes_out),
		cmocka_unit_test(test_unknown_is_absent),
		cmocka_unit_test(test_live_figures_and_path),
		cmocka_unit_test(test_odd_bytes_are_carried),
		cmocka_unit_test(test_job_refused),
		cmocka_unit_test(test_spec_round_trip),
		cmocka_unit_test(test_least_spec),
		cmocka_unit_test(test_spec_refused),
		cmocka_unit_test(test_event),
		cmocka_unit_test(test_attempt_round_trip),
		cmocka_unit_test(test_least_attempt),
		cmocka_unit_test(test_idl_agrees),
		cmocka_unit_test(test_group),
		cmocka_unit_test(test_idl_is_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
