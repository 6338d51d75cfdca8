/* base/mailbox */
#include "config.h"

#include "unit.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sys/resource.h>

#include "base/mailbox.h"

static bool rings(const struct mailbox *mb)
{
	struct pollfd fd = {.fd = mailbox_fd(mb), .events = POLLIN};

	return poll(&fd, 1, 0) == 1;
}

static void post_numbers(struct mailbox *mb, struct msg *msgs, int n)
{
	for (int i = 0; i < n; i++) {
		msgs[i].kind = i;
		mailbox_post(mb, &msgs[i]);
	}
}

static void expect_numbers(struct msg_list *list, int first, int last)
{
	struct msg *msg;

	STAILQ_FOREACH(msg, list, link)
		assert_int_equal(msg->kind, first++);
	assert_int_equal(first, last + 1);
}

static void test_order_and_bell(void **state)
{
	struct mailbox mb;
	struct msg msgs[3];
	struct msg_list list = STAILQ_HEAD_INITIALIZER(list);

	(void)state;
	assert_int_equal(mailbox_init(&mb), 0);
	assert_false(rings(&mb));
	assert_int_equal(mailbox_take(&mb, &list, 0), 0);
	post_numbers(&mb, msgs, 3);
	assert_true(rings(&mb));
	assert_int_equal(mailbox_length(&mb), 3);
	assert_int_equal(mailbox_take(&mb, &list, 0), 3);
	assert_false(rings(&mb));
	assert_int_equal(mailbox_length(&mb), 0);
	expect_numbers(&list, 0, 2);
	mailbox_done(&mb);
}

static bool is_two(const struct msg *msg)
{
	return msg->kind == 2;
}

static void test_what_is_wanted_is_seen(void **state)
{
	struct mailbox mb;
	struct msg msgs[4];
	struct msg_list list = STAILQ_HEAD_INITIALIZER(list);

	(void)state;
	assert_int_equal(mailbox_init(&mb), 0);
	assert_false(mailbox_has(&mb, is_two));
	post_numbers(&mb, msgs, 2);
	assert_false(mailbox_has(&mb, is_two));
	post_numbers(&mb, msgs + 2, 1);
	msgs[3].kind = 2;
	mailbox_post(&mb, &msgs[3]);
	assert_true(mailbox_has(&mb, is_two));
	assert_int_equal(mailbox_take(&mb, &list, 3), 3);
	assert_true(mailbox_has(&mb, is_two));
	assert_int_equal(mailbox_take(&mb, &list, 0), 1);
	assert_false(mailbox_has(&mb, is_two));
	mailbox_done(&mb);
}

static void test_bounded_take_keeps_ringing(void **state)
{
	struct mailbox mb;
	struct msg msgs[5];
	struct msg_list list = STAILQ_HEAD_INITIALIZER(list);

	(void)state;
	assert_int_equal(mailbox_init(&mb), 0);
	post_numbers(&mb, msgs, 5);
	assert_int_equal(mailbox_take(&mb, &list, 2), 2);
	assert_true(rings(&mb));
	assert_int_equal(mailbox_length(&mb), 3);
	/* Taken messages go to the end of the list. */
	assert_int_equal(mailbox_take(&mb, &list, 3), 3);
	assert_false(rings(&mb));
	expect_numbers(&list, 0, 4);
	assert_int_equal(mailbox_take(&mb, &list, 7), 0);
	mailbox_done(&mb);
}

static void test_post_all(void **state)
{
	struct mailbox mb;
	struct msg msgs[4] = {{.kind = 0}, {.kind = 1}, {.kind = 2}, {.kind = 3}};
	struct msg_list list = STAILQ_HEAD_INITIALIZER(list);

	(void)state;
	assert_int_equal(mailbox_init(&mb), 0);
	mailbox_post_all(&mb, &list);
	assert_false(rings(&mb));
	for (int i = 0; i < 3; i++)
		STAILQ_INSERT_TAIL(&list, &msgs[i], link);
	mailbox_post_all(&mb, &list);
	assert_true(STAILQ_EMPTY(&list));
	assert_true(rings(&mb));
	STAILQ_INSERT_TAIL(&list, &msgs[3], link);
	mailbox_post_all(&mb, &list);
	assert_int_equal(mailbox_length(&mb), 4);
	assert_int_equal(mailbox_take(&mb, &list, 0), 4);
	expect_numbers(&list, 0, 3);
	mailbox_done(&mb);
}

static void test_no_descriptor_left(void **state)
{
	struct mailbox mb;
	struct rlimit old, none;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	none = (struct rlimit){.rlim_cur = 0, .rlim_max = old.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	int r = mailbox_init(&mb);

	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
	assert_int_equal(r, -EMFILE);
}

/* ---- threads */

enum { SENDERS = 4, PER_SENDER = 20000 };

struct sender {
	struct mailbox *mb;
	int number;
	struct msg msgs[PER_SENDER];
};

static void *send_all(void *arg)
{
	struct sender *s = arg;

	for (int i = 0; i < PER_SENDER; i++) {
		s->msgs[i].kind = s->number * PER_SENDER + i;
		mailbox_post(s->mb, &s->msgs[i]);
	}
	return NULL;
}

/* Nothing is lost, each sender's order is kept, and the bell alone wakes the owner. */
static void receive_all(struct mailbox *mb)
{
	int next[SENDERS] = {0}, total = 0;

	while (total < SENDERS * PER_SENDER) {
		struct pollfd fd = {.fd = mailbox_fd(mb), .events = POLLIN};
		struct msg_list list = STAILQ_HEAD_INITIALIZER(list);
		struct msg *msg;

		if (poll(&fd, 1, 10000) != 1)
			fail_msg("not woken after %d messages", total);
		total += (int)mailbox_take(mb, &list, total % 3 == 0 ? 0 : 10);
		STAILQ_FOREACH(msg, &list, link) {
			int sender = msg->kind / PER_SENDER;

			assert_int_equal(msg->kind % PER_SENDER, next[sender]++);
		}
	}
	assert_int_equal(total, SENDERS * PER_SENDER);
}

static void test_many_senders(void **state)
{
	struct mailbox mb;
	pthread_t threads[SENDERS];
	struct sender *senders = xcalloc(SENDERS, sizeof(*senders));

	(void)state;
	assert_int_equal(mailbox_init(&mb), 0);
	for (int i = 0; i < SENDERS; i++) {
		senders[i].mb = &mb;
		senders[i].number = i;
		assert_int_equal(pthread_create(&threads[i], NULL, send_all, &senders[i]), 0);
	}
	receive_all(&mb);
	for (int i = 0; i < SENDERS; i++)
		pthread_join(threads[i], NULL);
	assert_false(rings(&mb));
	mailbox_done(&mb);
	free(senders);
}

/* The bell alone: the next take answers, whatever there is to take. */
static void test_nudge(void **state)
{
	struct mailbox mb;
	struct msg msgs[2];
	struct msg_list list = STAILQ_HEAD_INITIALIZER(list);

	(void)state;
	assert_int_equal(mailbox_init(&mb), 0);
	assert_true(mailbox_nudge(&mb));
	assert_true(rings(&mb));
	assert_false(mailbox_nudge(&mb));
	assert_int_equal(mailbox_take(&mb, &list, 0), 0);
	assert_false(rings(&mb));
	assert_true(mailbox_nudge(&mb));
	post_numbers(&mb, msgs, 2);
	assert_int_equal(mailbox_take(&mb, &list, 1), 1);
	assert_true(rings(&mb));
	assert_true(mailbox_nudge(&mb));
	assert_int_equal(mailbox_take(&mb, &list, 0), 1);
	assert_false(rings(&mb));
	mailbox_done(&mb);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order_and_bell),
		cmocka_unit_test(test_what_is_wanted_is_seen),
		cmocka_unit_test(test_bounded_take_keeps_ringing),
		cmocka_unit_test(test_post_all),
		cmocka_unit_test(test_no_descriptor_left),
		cmocka_unit_test(test_nudge),
		cmocka_unit_test(test_many_senders),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
