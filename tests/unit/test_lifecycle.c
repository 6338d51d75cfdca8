/* job/lifecycle: the whole table, written a second time as a person would draw it */
#include "config.h"

#include "unit.h"

#include <stdio.h>

#include "job/lifecycle.h"

/* One row a state, one column an event, in the order of enum job_event. A word is the next state; "-"
 * refused,
 * "=" already so, "!word" an intent noted, "x" the record goes. */
static const struct {
	enum job_state state;
	const char *outcomes[JOB_EVENT_PAUSE];
	const char *verbs[JOB_EVENT_LAST + 1 - JOB_EVENT_PAUSE];
} drawing[] = {
	/* clang-format off */
	{JOB_QUEUED,
		/* due     claim     succeed retry      requeue   fail      stop-paused, stop-cancelled, defer */
		{"-",      "active", "-",    "-",       "=",      "failed", "-",         "-",           "waiting"},
		/* pause   resume    cancel       retry     remove */
		{"paused", "=",      "cancelled", "=",      "x"}},
	{JOB_WAITING,
		{"queued", "-",      "-",    "-",       "-",      "failed", "-",         "-",           "-"},
		{"paused", "=",      "cancelled", "queued", "x"}},
	{JOB_ACTIVE,
		{"-",      "-",      "done", "waiting", "queued", "failed", "paused",    "cancelled",   "-"},
		{"!pause", "!run",   "!cancel",   "=",      "!remove"}},
	{JOB_PAUSED,
		{"-",      "-",      "-",    "-",       "-",      "failed", "-",         "-",           "waiting"},
		{"=",      "queued", "cancelled", "queued", "x"}},
	{JOB_DONE,
		{"-",      "-",      "-",    "-",       "-",      "-",      "-",         "-",           "-"},
		{"-",      "-",      "-",         "-",      "x"}},
	{JOB_FAILED,
		{"-",      "-",      "-",    "-",       "-",      "-",      "-",         "-",           "waiting"},
		{"-",      "-",      "-",         "queued", "x"}},
	{JOB_CANCELLED,
		{"-",      "-",      "-",    "-",       "-",      "-",      "-",         "-",           "waiting"},
		{"-",      "-",      "=",         "queued", "x"}},
	/* clang-format on */
};

static const char *intent_name(enum job_intent intent)
{
	switch (intent) {
	case JOB_INTENT_RUN: return "!run";
	case JOB_INTENT_PAUSE: return "!pause";
	case JOB_INTENT_CANCEL: return "!cancel";
	case JOB_INTENT_REMOVE: return "!remove";
	}
	return "?";
}

static const char *drawn(enum lifecycle_answer answer, enum job_state state, enum job_intent intent)
{
	switch (answer) {
	case LIFECYCLE_REFUSED: return "-";
	case LIFECYCLE_SAME: return "=";
	case LIFECYCLE_MOVE: return job_state_name(state);
	case LIFECYCLE_INTENT: return intent_name(intent);
	case LIFECYCLE_DELETE: return "x";
	}
	return "?";
}

static void test_table(void **state)
{
	(void)state;
	assert_int_equal(ARRAY_LEN(drawing), JOB_STATE_LAST);
	for (size_t i = 0; i < ARRAY_LEN(drawing); i++) {
		for (int event = 0; event <= JOB_EVENT_LAST; event++) {
			enum job_state next = JOB_QUEUED;
			enum job_intent intent = JOB_INTENT_RUN;
			enum lifecycle_answer answer =
				lifecycle_next(drawing[i].state, (enum job_event)event, &next, &intent);
			char row[64];
			const char *want = event < JOB_EVENT_PAUSE
						   ? drawing[i].outcomes[event]
						   : drawing[i].verbs[event - JOB_EVENT_PAUSE];

			snprintf(row, sizeof(row), "%s, %s", job_state_name(drawing[i].state),
				lifecycle_event_name((enum job_event)event));
			CHECK_STR(row, drawn(answer, next, intent), want);
		}
	}
}

/* What is not an answer is not touched. */
static void test_outputs_untouched(void **state)
{
	enum job_state next = JOB_FAILED;
	enum job_intent intent = JOB_INTENT_REMOVE;

	(void)state;
	lifecycle_next(JOB_DONE, JOB_EVENT_PAUSE, &next, &intent);
	lifecycle_next(JOB_QUEUED, JOB_EVENT_RESUME, &next, &intent);
	lifecycle_next(JOB_DONE, JOB_EVENT_REMOVE, &next, &intent);
	assert_int_equal(next, JOB_FAILED);
	assert_int_equal(intent, JOB_INTENT_REMOVE);
	lifecycle_next(JOB_ACTIVE, JOB_EVENT_PAUSE, &next, &intent);
	assert_int_equal(next, JOB_FAILED);
	lifecycle_next(JOB_QUEUED, JOB_EVENT_CLAIM, &next, &intent);
	assert_int_equal(intent, JOB_INTENT_PAUSE);
}

/* A verb on an active job leads, by way of its intent, where it leads at once with a queued one. */
static void test_intents_are_honoured(void **state)
{
	static const enum job_event verbs[] = {JOB_EVENT_PAUSE, JOB_EVENT_CANCEL, JOB_EVENT_RESUME};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(verbs); i++) {
		const char *row = lifecycle_event_name(verbs[i]);
		enum job_state stopped = JOB_ACTIVE, at_once = JOB_QUEUED;
		enum job_intent intent = JOB_INTENT_REMOVE;

		CHECK_INT(row, lifecycle_next(JOB_ACTIVE, verbs[i], &stopped, &intent), LIFECYCLE_INTENT);
		CHECK_INT(row, lifecycle_next(JOB_ACTIVE, lifecycle_intent_event(intent), &stopped, &intent),
			LIFECYCLE_MOVE);
		lifecycle_next(JOB_QUEUED, verbs[i], &at_once, &intent);
		CHECK_STR(row, job_state_name(stopped), job_state_name(at_once));
	}
	assert_int_equal(lifecycle_intent_event(JOB_INTENT_REMOVE), JOB_EVENT_REMOVE);
}

/* From every state but done there is a way back to active; nothing leaves done but removal. */
static void test_no_dead_end(void **state)
{
	(void)state;
	for (int from = JOB_STATE_FIRST; from <= JOB_STATE_LAST; from++) {
		unsigned reached = JOB_STATE_BIT(from);

		for (int pass = 0; pass < JOB_STATE_N; pass++) {
			for (int s = JOB_STATE_FIRST; s <= JOB_STATE_LAST; s++) {
				for (int event = 0; event <= JOB_EVENT_LAST; event++) {
					enum job_state next;
					enum job_intent intent;

					if ((reached & JOB_STATE_BIT(s)) &&
						lifecycle_next((enum job_state)s, (enum job_event)event,
							&next, &intent) == LIFECYCLE_MOVE)
						reached |= JOB_STATE_BIT(next);
				}
			}
		}
		CHECK_INT(job_state_name((enum job_state)from), reached,
			from == JOB_DONE ? JOB_STATE_BIT(JOB_DONE) : JOB_STATES_ALL);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_outputs_untouched),
		cmocka_unit_test(test_intents_are_honoured),
		cmocka_unit_test(test_no_dead_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
