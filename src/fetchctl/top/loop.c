/* Loop: waits for keys, answers, signals and the clock, and draws once whatever came. All signals that end,
 * stop or resize are blocked and read from a signalfd, so that the terminal is given back by the same hands
 * that took it.
 */
#include "config.h"

#include "fetchctl/top/top.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "fetchctl/top/act.h"
#include "fetchctl/top/screen.h"
#include "fetchctl/top/state.h"
#include "fetchctl/top/view.h"

/* How long a notice stands, unless a key is pressed before. */
#define NOTICE_USEC (6 * USEC_PER_SEC)
/* What the screen says of times is drawn anew at least so often. */
#define CLOCK_USEC USEC_PER_SEC
/* Answers that come together are drawn together; keys at once. */
#define FRAME_USEC (USEC_PER_SEC / 20)

enum poll_slot {
	POLL_KEYS,
	POLL_SIGNALS,
	POLL_FEED,
	POLL_N = POLL_FEED + FEED_LINKS,
};

struct loop {
	struct top top;
	sigset_t before; /* the signal mask */
	int signals;	 /* signalfd */
	bool dirty;	 /* something is to be drawn: soon, or */
	bool urgent;	 /* at once */
	int64_t drawn_usec;
	int signal; /* the one that ended it, or 0 */
};

void top_notice(struct top *top, bool bad, char *text)
{
	free(top->notice);
	top->notice = text;
	top->notice_bad = bad;
	top->notice_until_usec = clock_boot_usec() + NOTICE_USEC;
}

/* ---- signals ------------------------------------------------------------------------------------- */

static void block_signals(struct loop *loop)
{
	static const int taken[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGCONT, SIGWINCH};
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < ARRAY_LEN(taken); i++)
		sigaddset(&set, taken[i]);
	sigprocmask(SIG_BLOCK, &set, &loop->before);
	loop->signals = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	if (loop->signals < 0)
		abort();
}

/* Stops as any other program would, until the shell continues it. */
static void stop(struct loop *loop)
{
	const struct sigaction by_default = {.sa_handler = SIG_DFL};
	sigset_t set;

	screen_suspend(loop->top.screen);
	sigaction(SIGTSTP, &by_default, NULL);
	raise(SIGTSTP);
	sigemptyset(&set);
	sigaddset(&set, SIGTSTP);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	sigprocmask(SIG_BLOCK, &set, NULL);
	screen_resume(loop->top.screen);
}

static void take_signal(struct loop *loop, int signum)
{
	loop->urgent = true;
	switch (signum) {
	case SIGWINCH: screen_resized(loop->top.screen); break;
	case SIGTSTP: stop(loop); break;
	/* Whoever stopped us without a word has had the terminal meanwhile. */
	case SIGCONT: screen_resume(loop->top.screen); break;
	default: loop->signal = signum; loop->top.leave = true;
	}
}

static void take_signals(struct loop *loop)
{
	struct signalfd_siginfo info;

	while (!loop->top.leave && read(loop->signals, &info, sizeof(info)) == sizeof(info))
		take_signal(loop, (int)info.ssi_signo);
}

/* ---- keys, answers, frames ----------------------------------------------------------------------- */

static void take_keys(struct loop *loop)
{
	int key;

	while (!loop->top.leave && (key = screen_key(loop->top.screen)) != SCREEN_NONE) {
		act_key(&loop->top, key);
		loop->urgent = true;
	}
}

static void take_answers(struct loop *loop)
{
	bool bad;
	char *news;

	loop->dirty |= feed_step(loop->top.feed);
	news = feed_news(loop->top.feed, &bad);
	if (news)
		top_notice(&loop->top, bad, news);
}

static int64_t draw_due(const struct loop *loop)
{
	if (loop->urgent)
		return 0;
	return loop->drawn_usec + (loop->dirty ? FRAME_USEC : CLOCK_USEC);
}

static void draw(struct loop *loop)
{
	int64_t now = clock_boot_usec();

	if (now < draw_due(loop))
		return;
	if (loop->top.notice && now >= loop->top.notice_until_usec)
		top_notice(&loop->top, false, NULL);
	view_draw(&loop->top);
	loop->dirty = loop->urgent = false;
	loop->drawn_usec = now;
}

static int timeout_msec(const struct loop *loop)
{
	int64_t due = feed_due_usec(loop->top.feed), now = clock_boot_usec();

	if (draw_due(loop) < due)
		due = draw_due(loop);
	/* Up, so that it is due when it is looked at. */
	return due > now ? (int)((due - now + USEC_PER_MSEC - 1) / USEC_PER_MSEC) : 0;
}

static void step(struct loop *loop)
{
	struct pollfd polls[POLL_N] = {
		[POLL_KEYS] = {.fd = STDIN_FILENO, .events = POLLIN},
		[POLL_SIGNALS] = {.fd = loop->signals, .events = POLLIN},
	};
	size_t n = POLL_FEED + feed_polls(loop->top.feed, polls + POLL_FEED);

	if (poll(polls, n, timeout_msec(loop)) < 0 && errno != EINTR)
		abort();
	if (polls[POLL_SIGNALS].revents)
		take_signals(loop);
	/* Nobody is left who could press a key. */
	if (polls[POLL_KEYS].revents & (POLLHUP | POLLERR | POLLNVAL))
		take_signal(loop, SIGHUP);
	else if (polls[POLL_KEYS].revents)
		take_keys(loop);
	if (loop->top.leave)
		return;
	take_answers(loop);
	draw(loop);
}

/* ---- life ---------------------------------------------------------------------------------------- */

static void run(struct loop *loop, struct ctl *ctl, const char *group, const char *host)
{
	struct top *top = &loop->top;

	model_init(&top->model, group, host);
	top->feed = feed_new(ctl, &top->model);
	while (!top->leave)
		step(loop);
	prompt_close(&top->prompt);
	free(top->notice);
	feed_free(top->feed);
	model_done(&top->model);
}

int top_run(struct ctl *ctl, const char *group, const char *host)
{
	struct loop loop = {.signals = -1};
	int status = ctl_link(ctl);

	if (status != 0)
		return status;
	block_signals(&loop);
	status = screen_open(&ctl->settings, &loop.top.screen);
	if (status == 0)
		run(&loop, ctl, group, host);
	screen_close(loop.top.screen);
	close(loop.signals);
	/* One that ends us may come twice, as when a terminal goes: its exit status is told all the same. */
	if (loop.signal == 0)
		sigprocmask(SIG_SETMASK, &loop.before, NULL);
	return status != 0 ? status : loop.signal != 0 ? 128 + loop.signal : 0;
}

const char *top_library_version(void)
{
	return screen_library_version();
}
