/* transfer/pace: many transfers under shared limits, on a clock that is moved by hand */
#include "config.h"

#include "unit.h"

#include "fetchd/transfer/pace.h"

#define MANY	  64
#define KIB	  ((int64_t)1024)
#define MIB	  ((int64_t)1 << 20)
#define STEP_USEC (10 * USEC_PER_MSEC)

/* A transfer as a worker drives it: it has pieces of one size at hand, and reads while it may. */
struct reader {
	struct pace pace;
	int64_t piece;
	int64_t got;
	int64_t most; /* it wants no more than so much a step; 0: all it can get */
	int64_t resume_usec;
};

struct bench {
	struct rate *total, *own[MANY];
	struct reader readers[MANY];
	size_t n;
};

static void add(struct bench *b, int64_t piece, int64_t own_limit)
{
	struct reader *r = &b->readers[b->n];
	struct rate *rates[RATES_N] = {
		[RATE_TOTAL] = rate_ref(b->total),
		[RATE_JOB] = rate_new(own_limit),
	};

	*r = (struct reader){.piece = piece};
	pace_init(&r->pace, rates);
	b->n++;
}

static void bench_init(struct bench *b, int64_t limit)
{
	*b = (struct bench){.total = rate_new(limit)};
}

static void bench_done(struct bench *b)
{
	for (size_t i = 0; i < b->n; i++)
		pace_done(&b->readers[i].pace);
	rate_unref(b->total);
}

static void read_on(struct reader *r)
{
	int64_t got = 0, wait = 0;

	while (r->resume_usec <= fake_boot_usec && (r->most == 0 || got < r->most)) {
		wait = pace_spend(&r->pace, r->piece, fake_boot_usec);
		if (wait > 0)
			r->resume_usec = fake_boot_usec + wait;
		else
			got += r->piece;
	}
	r->got += got;
}

/* The step is as late as a worker's timer; the order is always the same, as unfair as can be. */
static void run(struct bench *b, int64_t usec)
{
	int64_t until = fake_boot_usec + usec;

	for (size_t i = 0; i < b->n; i++)
		b->readers[i].got = 0;
	while (fake_boot_usec < until) {
		for (size_t i = 0; i < b->n; i++)
			read_on(&b->readers[i]);
		fake_boot_usec += STEP_USEC;
	}
}

static int64_t sum(const struct bench *b)
{
	int64_t all = 0;

	for (size_t i = 0; i < b->n; i++)
		all += b->readers[i].got;
	return all;
}

static void check_near(const char *row, int64_t got, int64_t want, int percent)
{
	if (got < want * (100 - percent) / 100 || got > want * (100 + percent) / 100)
		fail_msg("%s: got %lld, wanted %lld within %d %%", row, (long long)got, (long long)want,
			percent);
}

static void check_fair(const char *row, const struct bench *b, int percent)
{
	int64_t least = INT64_MAX, most = 0;

	for (size_t i = 0; i < b->n; i++) {
		least = b->readers[i].got < least ? b->readers[i].got : least;
		most = b->readers[i].got > most ? b->readers[i].got : most;
	}
	if (most > least * (100 + percent) / 100)
		fail_msg("%s: one got %lld, another %lld", row, (long long)least, (long long)most);
}

static void test_exact_and_fair_from_the_first_second(void **state)
{
	static const struct {
		const char *row;
		int64_t limit, piece;
		size_t n;
	} rows[] = {
		{"20 KB/s, one", 20000, KIB, 1},
		{"20 KB/s, eight", 20000, KIB, 8},
		{"1 MiB/s, one", MIB, 16 * KIB, 1},
		{"1 MiB/s, sixteen", MIB, KIB, 16},
		{"10 MiB/s, sixty-four", 10 * MIB, 2 * KIB, 64},
		{"100 MiB/s, four", 100 * MIB, 16 * KIB, 4},
		{"1 GiB/s, one", 1024 * MIB, 16 * KIB, 1},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct bench b;

		bench_init(&b, rows[i].limit);
		for (size_t k = 0; k < rows[i].n; k++)
			add(&b, rows[i].piece, 0);
		run(&b, 10 * USEC_PER_SEC);
		check_near(rows[i].row, sum(&b), 10 * rows[i].limit, 5);
		check_fair(rows[i].row, &b, 25);
		bench_done(&b);
	}
}

/* Servers that send small pieces get no less, those that send large ones no more. */
static void test_the_size_of_pieces_does_not_matter(void **state)
{
	struct bench b;

	(void)state;
	bench_init(&b, MIB);
	for (int i = 0; i < 4; i++) {
		add(&b, 100, 0);
		add(&b, 16 * KIB, 0);
	}
	run(&b, 10 * USEC_PER_SEC);
	check_near("mixed pieces", sum(&b), 10 * MIB, 5);
	check_fair("mixed pieces", &b, 25);
	bench_done(&b);
}

static void test_what_one_leaves_the_others_have(void **state)
{
	struct bench b;

	(void)state;
	bench_init(&b, MIB);
	add(&b, KIB, 10000); /* under a limit of its own */
	add(&b, KIB, 0);     /* its server is slow: 100 KiB/s */
	b.readers[1].most = KIB;
	for (int i = 0; i < 60; i++) {
		add(&b, KIB, 0); /* their servers are silent */
		b.readers[b.n - 1].most = -1;
	}
	add(&b, 16 * KIB, 0);
	run(&b, 10 * USEC_PER_SEC);
	check_near("own limit", b.readers[0].got, 100000, 5);
	check_near("slow", b.readers[1].got, 1000 * KIB, 5);
	check_near("all", sum(&b), 10 * MIB, 5);
	bench_done(&b);
}

static void test_a_limit_that_changes_holds_at_once(void **state)
{
	struct bench b;

	(void)state;
	bench_init(&b, 20000);
	add(&b, 16 * KIB, 0);
	add(&b, 16 * KIB, 0);
	run(&b, USEC_PER_SEC);
	rate_set(b.total, 10 * MIB);
	run(&b, 10 * USEC_PER_SEC);
	check_near("raised", sum(&b), 100 * MIB, 5);
	rate_set(b.total, MIB);
	run(&b, 10 * USEC_PER_SEC);
	check_near("lowered", sum(&b), 10 * MIB, 5);
	/* Their own limit, too, and none on what is shared. */
	rate_set(b.total, 0);
	for (size_t i = 0; i < b.n; i++)
		rate_set(b.readers[i].pace.rates[RATE_JOB], 100000);
	run(&b, 10 * USEC_PER_SEC);
	check_near("own", sum(&b), 2000000, 5);
	bench_done(&b);
}

static void test_who_ends_leaves_what_it_did_not_use(void **state)
{
	struct rate *shared = rate_new(1000);
	struct rate *rates[RATES_N] = {[RATE_HOST] = rate_ref(shared)};
	struct pace pace;

	(void)state;
	pace_init(&pace, rates);
	assert_true(pace_limits(&pace));
	assert_int_equal(pace_spend(&pace, 1, fake_boot_usec), 0);
	int64_t behind = rate_take(shared, 1000, fake_boot_usec);
	assert_true(rate_wait(shared, behind, fake_boot_usec) > USEC_PER_SEC);
	pace_done(&pace);
	/* 1024 were there; one was used. */
	assert_int_equal(rate_wait(shared, behind, fake_boot_usec), 0);
	rate_unref(shared);
}

static void test_chunks(void **state)
{
	struct rate *rates[RATES_N] = {[RATE_TOTAL] = rate_new(0)};
	struct rate *shared = rates[RATE_TOTAL];
	struct pace pace;

	(void)state;
	pace_init(&pace, rates);
	assert_false(pace_limits(&pace));
	assert_int_equal(pace_chunk(&pace, 1024, 256 * KIB), 256 * KIB);
	rate_set(shared, 20000);
	assert_int_equal(pace_chunk(&pace, 1024, 256 * KIB), 1024);
	rate_set(shared, MIB);
	assert_int_equal(pace_chunk(&pace, 1024, 256 * KIB), 16 * KIB);
	pace_done(&pace);
}

#define WITH_CLOCK(test) cmocka_unit_test_setup_teardown(test, fake_clock_setup, fake_clock_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_CLOCK(test_exact_and_fair_from_the_first_second),
		WITH_CLOCK(test_the_size_of_pieces_does_not_matter),
		WITH_CLOCK(test_what_one_leaves_the_others_have),
		WITH_CLOCK(test_a_limit_that_changes_holds_at_once),
		WITH_CLOCK(test_who_ends_leaves_what_it_did_not_use),
		WITH_CLOCK(test_chunks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
