/* Stir: handlers that only note what came. */
#include "config.h"

#include "fetchctl/stir.h"

#include <stddef.h>

static volatile sig_atomic_t ending, redraw, stopping;

static void on_ending(int signum)
{
	ending = signum;
}

static void on_redraw(int signum)
{
	(void)signum;
	redraw = 1;
}

static void on_stopping(int signum)
{
	(void)signum;
	stopping = 1;
}

static void catch (int signum, void (*handler)(int), sigset_t *blocked, sigset_t *waiting)
{
	struct sigaction action = {.sa_handler = handler}, old;

	if (sigaction(signum, NULL, &old) < 0 || old.sa_handler == SIG_IGN)
		return;
	sigaddset(blocked, signum);
	sigdelset(waiting, signum);
	sigprocmask(SIG_BLOCK, blocked, NULL);
	sigaction(signum, &action, NULL);
}

void stir_begin(bool draws, sigset_t *ret_waiting)
{
	sigset_t blocked;

	sigemptyset(&blocked);
	sigprocmask(SIG_BLOCK, NULL, ret_waiting);
	catch (SIGINT, on_ending, &blocked, ret_waiting);
	catch (SIGTERM, on_ending, &blocked, ret_waiting);
	catch (SIGHUP, on_ending, &blocked, ret_waiting);
	catch (SIGWINCH, on_redraw, &blocked, ret_waiting);
	catch (SIGCONT, on_redraw, &blocked, ret_waiting);
	if (draws)
		catch (SIGTSTP, on_stopping, &blocked, ret_waiting);
}

int stir_ending(void)
{
	return ending;
}

bool stir_redraw(void)
{
	bool wanted = redraw;

	redraw = 0;
	return wanted;
}

bool stir_stopping(void)
{
	return stopping;
}

void stir_stop(void)
{
	struct sigaction normal = {.sa_handler = SIG_DFL}, ours;
	sigset_t stop;

	stopping = 0;
	sigaction(SIGTSTP, &normal, &ours);
	raise(SIGTSTP);
	sigemptyset(&stop);
	sigaddset(&stop, SIGTSTP);
	/* It is pending, and stops the program here. */
	sigprocmask(SIG_UNBLOCK, &stop, NULL);
	sigprocmask(SIG_BLOCK, &stop, NULL);
	sigaction(SIGTSTP, &ours, NULL);
	redraw = 1;
}
