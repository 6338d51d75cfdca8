/* The daemon: owns every part, builds them in the order of one list and takes them down in the same order
 * backwards. Main thread. Must never fork.
 */
#include <config.h>

#include "fetchd/daemon_private.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "fetchd/disk/disk.h"
#include "fetchd/engine/engine.h"
#include "fetchd/hook/hook.h"
#include "fetchd/instance.h"
#include "fetchd/network.h"
#include "fetchd/service.h"
#include "fetchd/store/store.h"
#include "fetchd/transfer/messages.h"
#include "fetchd/transfer/worker.h"
#include "job/message.h"

/* Lanes of the disk pool that hang for longer are left behind. */
#define DISK_WAIT_USEC (2 * USEC_PER_SEC)

int daemon_fail(struct daemon *d, int exit_code, char *error)
{
	log_err("%s", error);
	service_status(error);
	free(error);
	d->exit_code = exit_code;
	return -1;
}

/* The last guard of a stop: something hangs where no timer can see it. */
static void on_alarm(int signo)
{
	static const char text[] = "fetchd: the stop hangs: ending at once\n";
	(void)signo;
	if (write(STDERR_FILENO, text, sizeof(text) - 1) < 0)
		_exit(DAEMON_EXIT_FAILURE);
	_exit(DAEMON_EXIT_OK);
}

static int signals_up(struct daemon *d)
{
	struct sigaction ignore = {.sa_handler = SIG_IGN}, guard = {.sa_handler = on_alarm};
	sigset_t set;

	sigaction(SIGPIPE, &ignore, NULL);
	sigaction(SIGXFSZ, &ignore, NULL);
	sigaction(SIGALRM, &guard, NULL);
	/* Blocked here, and so in every thread that is started: they are read from the descriptor. */
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	d->signal_fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	if (d->signal_fd < 0)
		return daemon_fail(d, DAEMON_EXIT_FAILURE, xasprintf("signalfd: %s", strerror(errno)));
	return 0;
}

static void signals_down(struct daemon *d)
{
	close(d->signal_fd);
}

static int limits_up(struct daemon *d)
{
	struct rlimit limit;
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
			log_warning("the limit of open files stays low: %s", strerror(errno));
	}
	if (d->config->mode == CONFIG_SYSTEM)
		umask(022);
	return 0;
}

static int instance_up(struct daemon *d)
{
	char *error = NULL;
	int exit_code;
	d->lock_fd = instance_lock(d->config, &error, &exit_code);
	if (d->lock_fd < 0)
		return daemon_fail(d, exit_code, error);
	if (config_make_directories(d->config, &error)) {
		instance_unlock(d->lock_fd);
		return daemon_fail(d, DAEMON_EXIT_CONFIG, error);
	}
	return 0;
}

static void instance_down(struct daemon *d)
{
	instance_unlock(d->lock_fd);
}

static int socket_up(struct daemon *d)
{
	char *error = NULL;
	int passed_fd = service_listen_fd();
	if (passed_fd < -1)
		return daemon_fail(d, DAEMON_EXIT_CONFIG,
			xstrdup("what was passed in is not one listening Unix stream socket"));
	int result = control_socket_open(&d->socket, d->config, passed_fd, &error);
	if (result)
		return daemon_fail(d, result == -EBUSY ? DAEMON_EXIT_BUSY : DAEMON_EXIT_CONFIG, error);
	return 0;
}

static void socket_down(struct daemon *d)
{
	control_socket_remove(&d->socket);
	if (d->socket.fd >= 0)
		close(d->socket.fd);
}

/* Before threads start, and behind what lies outside of it. */
static int sandbox_up(struct daemon *d)
{
	const char *metrics = d->config->metrics_socket;
	const char *const sockets[] = {d->socket.path, metrics ? metrics : "", NULL};

	sandbox_enter(d->config, sockets, d->sandbox);
	d->can_execute = d->config->n_hooks > 0 || text_starts(d->sandbox, "none");
	return 0;
}

static int store_up(struct daemon *d)
{
	char *error = NULL;
	int exit_code;
	d->store = store_open(d->config->state_directory, service_working, &error, &exit_code);
	return d->store ? 0 : daemon_fail(d, exit_code, error);
}

static void store_down(struct daemon *d)
{
	store_close(d->store); /* NULL once the engine has it */
}

static int disk_up(struct daemon *d)
{
	char *error = NULL;
	int exit_code;
	d->disk = disk_start(d->config, store_uuid(d->store), &error, &exit_code);
	return d->disk ? 0 : daemon_fail(d, exit_code, error);
}

static void disk_down(struct daemon *d)
{
	disk_join(d->disk, DISK_WAIT_USEC);
}

static int mailboxes_up(struct daemon *d)
{
	int error = mailbox_init(&d->mailbox);
	if (error)
		return daemon_fail(d, DAEMON_EXIT_FAILURE, xasprintf("eventfd: %s", strerror(-error)));
	error = mailbox_init(&d->engine_box);
	if (error) {
		mailbox_done(&d->mailbox);
		return daemon_fail(d, DAEMON_EXIT_FAILURE, xasprintf("eventfd: %s", strerror(-error)));
	}
	return 0;
}

static void empty_mailbox(struct mailbox *mailbox, void (*message_free)(struct msg *))
{
	struct msg_list list = STAILQ_HEAD_INITIALIZER(list);
	mailbox_take(mailbox, &list, 0);
	while (!STAILQ_EMPTY(&list)) {
		struct msg *msg = STAILQ_FIRST(&list);
		STAILQ_REMOVE_HEAD(&list, link);
		message_free(msg);
	}
	mailbox_done(mailbox);
}

/* What came for an engine that had failed. A task that a hung lane gave back is left to the end of the
 * process, as the lane is. */
static void engine_message_free(struct msg *msg)
{
	if (msg->kind == HOOK_START) {
		hook_task_free((struct hook_task *)msg);
		return;
	}
	if (msg->kind >= DISK_RESUME)
		return;
	if (msg->kind >= OUTCOME_RECEIVED)
		outcome_message_free(msg);
	else
		request_free((struct request *)msg);
}

static void mailboxes_down(struct daemon *d)
{
	empty_mailbox(&d->engine_box, engine_message_free);
	empty_mailbox(&d->mailbox, control_message_free);
}

static int curl_up(struct daemon *d)
{
	if (worker_global_init())
		return daemon_fail(d, DAEMON_EXIT_FAILURE, xstrdup("libcurl cannot be initialised"));
	return 0;
}

static void curl_down(struct daemon *d)
{
	(void)d;
	worker_global_done();
}

/* Ends the threads of all workers; their transfers with them. */
static void stop_workers(struct daemon *d)
{
	for (size_t i = 0; i < d->n_workers; i++) {
		struct msg *stop = xcalloc(1, sizeof(*stop));
		stop->kind = WORKER_STOP;
		mailbox_post(worker_mailbox(d->workers[i]), stop);
	}
	for (size_t i = 0; i < d->n_workers; i++)
		worker_join(d->workers[i]);
	d->n_workers = 0;
}

static void workers_down(struct daemon *d)
{
	stop_workers(d); /* those that are left when the engine did not come up */
	free(d->workers);
}

static int start_worker(struct daemon *d, char **ret_error)
{
	const struct worker_setup setup = {
		.index = (unsigned)d->n_workers,
		.config = d->config,
		.disk = d->disk,
		.engine = &d->engine_box,
		.control = &d->mailbox,
	};
	d->workers[d->n_workers] = worker_start(&setup, ret_error);
	if (!d->workers[d->n_workers])
		return -1;
	d->n_workers++;
	return 0;
}

static int workers_up(struct daemon *d)
{
	char *error = NULL;
	d->workers = xcalloc((size_t)d->config->workers, sizeof(struct worker *));
	for (int64_t i = 0; i < d->config->workers; i++)
		if (start_worker(d, &error)) {
			workers_down(d);
			return daemon_fail(d, DAEMON_EXIT_FAILURE, error);
		}
	return 0;
}

static int hooks_up(struct daemon *d)
{
	const struct hook_pool_setup setup = {
		.mode = d->config->mode, .sandbox_fd = sandbox_hooks(d->config)};
	char *error = NULL;

	d->hooks = hook_pool_start(&setup, &error);
	if (!d->hooks)
		return daemon_fail(d, DAEMON_EXIT_FAILURE, error);
	daemon_tell_hooks(d);
	return 0;
}

/* Told to stop already, unless the engine has failed, or did not come up. */
static void hooks_down(struct daemon *d)
{
	struct msg *stop = xcalloc(1, sizeof(*stop));

	stop->kind = HOOK_STOP;
	mailbox_post(hook_pool_mailbox(d->hooks), stop);
	hook_pool_join(d->hooks);
}

static int engine_up(struct daemon *d)
{
	char *error = NULL;
	const struct engine_setup setup = {
		.config = d->config,
		.store = d->store,
		.control = &d->mailbox,
		.mailbox = &d->engine_box,
		.workers = d->workers,
		.n_workers = d->n_workers,
		.disk = d->disk,
		.hooks = d->hooks,
		.network_up = network_is_up(d->network),
	};
	d->engine = engine_start(&setup, &error);
	if (!d->engine)
		return daemon_fail(d, DAEMON_EXIT_FAILURE, error);
	d->store = NULL; /* the engine's now */
	return 0;
}

/* Transfers use what the engine owns until they end: the workers go first. */
static void engine_down(struct daemon *d)
{
	stop_workers(d);
	engine_join(d->engine);
}

/* The build list; backwards, the unwind list. A part that did not come up has cleaned up after itself. */
static const struct part {
	int (*up)(struct daemon *d);
	void (*down)(struct daemon *d);
} parts[] = {
	{signals_up, signals_down},
	{limits_up, NULL},
	{instance_up, instance_down},
	{socket_up, socket_down},
	{sandbox_up, NULL},
	{store_up, store_down},
	{curl_up, curl_down},
	{disk_up, disk_down},
	{mailboxes_up, mailboxes_down},
	{daemon_loop_up, daemon_loop_down},
	{daemon_network_up, daemon_network_down},
	{workers_up, workers_down},
	{hooks_up, hooks_down},
	{engine_up, engine_down},
	{daemon_watchdog_up, daemon_watchdog_down},
	{daemon_control_up, daemon_control_down},
	{daemon_metrics_up, daemon_metrics_down},
};

static void unwind(struct daemon *d, size_t n)
{
	while (n > 0)
		if (parts[--n].down)
			parts[n].down(d);
}

int daemon_run(struct config *config, const struct config_source *source)
{
	struct daemon d = {.config = config,
		.source = source,
		.lock_fd = -1,
		.socket.fd = -1,
		.started_usec = clock_wall_usec()};
	size_t n = 0;

	log_set_level((enum log_level)config->log_level);
	service_log_init();
	while (n < ARRAY_LEN(parts) && parts[n].up(&d) == 0)
		n++;
	if (n == ARRAY_LEN(parts))
		event_base_dispatch(d.base);
	unwind(&d, n);
	if (n == ARRAY_LEN(parts) && d.exit_code == DAEMON_EXIT_OK)
		log_message(LOG_LEVEL_NOTICE, MESSAGE_STOPPED, "stopped");
	alarm(0);
	config_unref(d.config);
	return d.exit_code;
}
