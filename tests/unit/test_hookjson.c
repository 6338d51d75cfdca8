/* job/hook and wire/hookjson: words, lists of names, and round trips of rows */
#include "config.h"

#include "unit.h"

#include "base/clock.h"
#include "job/hook.h"
#include "wire/frame.h"
#include "wire/hookjson.h"

static void test_words(void **state)
{
	(void)state;
	for (int s = JOB_HOOK_NONE; s <= JOB_HOOK_STATE_LAST; s++)
		assert_int_equal(job_hook_state_parse(job_hook_state_name((enum job_hook_state)s)), s);
	for (int on = 1; on <= JOB_HOOK_ON_GROUP_DONE; on *= 2)
		assert_int_equal(job_hook_on_parse(job_hook_on_name((enum job_hook_on)on)), on);
	for (int end = JOB_HOOK_END_EXITED; end <= JOB_HOOK_END_NOT_RUN; end++)
		assert_int_equal(job_hook_end_parse(job_hook_end_name((enum job_hook_end)end)), end);
	assert_int_equal(job_hook_state_parse("done"), -1);
	assert_int_equal(job_hook_on_parse("group-done"), -1);
	assert_int_equal(job_hook_end_parse(""), -1);
}

static void test_names(void **state)
{
	const char *at, *name;
	char *names = NULL;
	size_t n;

	(void)state;
	job_hook_names_add(&names, "unpack");
	job_hook_names_add(&names, "un");
	job_hook_names_add(&names, "unpack");
	CHECK_STR("once each, in order", names, "unpack,un");
	assert_true(job_hook_names_have(names, "un"));
	assert_false(job_hook_names_have(names, "pack"));
	assert_false(job_hook_names_have("", ""));
	assert_false(job_hook_names_have(NULL, "un"));
	at = names;
	assert_true(job_hook_next_name(&at, &name, &n));
	assert_int_equal(n, 6);
	assert_true(job_hook_next_name(&at, &name, &n));
	assert_int_equal(n, 2);
	assert_false(job_hook_next_name(&at, &name, &n));
	free(names);
	names = xstrdup("");
	job_hook_names_add(&names, "a");
	CHECK_STR("the first of none", names, "a");
	free(names);
}

static struct job_hook full_hook(void)
{
	struct job_hook hook;

	job_hook_init(&hook);
	hook.id = 7;
	hook.name = xstrdup("unpack");
	hook.on = JOB_HOOK_ON_FAILED;
	hook.attempts = 2;
	hook.max_attempts = 3;
	hook.due_usec = 9;
	hook.created_usec = 1;
	hook.started_usec = 2;
	hook.finished_usec = 3;
	hook.end = JOB_HOOK_END_SIGNALED;
	hook.status = 9;
	hook.error = xstrdup("killed");
	hook.run_usec = 4;
	hook.cpu_usec = 5;
	hook.peak_bytes = 6;
	hook.output = xstrdup("a\xff\nb\x1b[m");
	hook.output_cut = true;
	return hook;
}

static void test_round_trip(void **state)
{
	struct job_hook hook = full_hook(), back;
	json_t *json = wire_hook_to_json(&hook);

	(void)state;
	assert_int_equal(wire_hook_from_json(json, &back), 0);
	CHECK_INT("id", back.id, hook.id);
	CHECK_STR("name", back.name, hook.name);
	CHECK_INT("on", back.on, hook.on);
	CHECK_INT("state", back.state, JOB_HOOK_PENDING);
	CHECK_INT("attempts", back.attempts, hook.attempts);
	CHECK_INT("max_attempts", back.max_attempts, hook.max_attempts);
	CHECK_INT("due", back.due_usec, hook.due_usec);
	CHECK_INT("created", back.created_usec, hook.created_usec);
	CHECK_INT("started", back.started_usec, hook.started_usec);
	CHECK_INT("finished", back.finished_usec, hook.finished_usec);
	CHECK_INT("end", back.end, hook.end);
	CHECK_INT("status", back.status, hook.status);
	CHECK_STR("error", back.error, hook.error);
	CHECK_INT("run", back.run_usec, hook.run_usec);
	CHECK_INT("cpu", back.cpu_usec, hook.cpu_usec);
	CHECK_INT("peak", back.peak_bytes, hook.peak_bytes);
	CHECK_STR("odd bytes are written out", back.output, "a\\xff\nb\x1b[m");
	assert_true(back.output_cut);
	job_hook_done(&back);
	job_hook_done(&hook);
	json_decref(json);
}

/* What is not known, or does not apply, is absent. */
static void test_least(void **state)
{
	static const char text[] = "{\"id\":1,\"name\":\"a\",\"on\":\"done\",\"state\":\"pending\","
				   "\"attempts\":0,\"created_usec\":5}";
	struct job_hook hook, back;
	const char *why;
	size_t position;
	json_t *json, *want = wire_parse(text, strlen(text), &why, &position);

	(void)state;
	job_hook_init(&hook);
	hook.id = 1;
	hook.name = xstrdup("a");
	hook.created_usec = 5;
	hook.due_usec = USEC_INFINITY;
	json = wire_hook_to_json(&hook);
	assert_true(json_equal(json, want));
	json_object_set_new(json, "state", json_string("done"));
	assert_int_not_equal(wire_hook_from_json(json, &back), 0);
	job_hook_done(&back);
	assert_int_not_equal(wire_hook_from_json(NULL, &back), 0);
	job_hook_done(&hook);
	json_decref(json);
	json_decref(want);
}

static void test_names_in_json(void **state)
{
	static const struct {
		const char *json, *want; /* NULL: refused */
	} rows[] = {{"[]", ""}, {"[\"a\",\"b\",\"a\"]", "a,b"}, {"[\"a,b\"]", NULL}, {"[\"\"]", NULL},
		{"[1]", NULL}, {"\"a\"", NULL}};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		json_t *json = json_loads(rows[i].json, JSON_DECODE_ANY, NULL);
		char *names = NULL;

		CHECK_INT(rows[i].json, wire_hook_names_read(&names, json), rows[i].want != NULL);
		CHECK_STR(rows[i].json, names, rows[i].want);
		free(names);
		json_decref(json);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_least),
		cmocka_unit_test(test_names_in_json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
