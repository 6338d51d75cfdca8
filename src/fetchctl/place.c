/* Place: the choice of socket, in the order of the interface: -s, --user, --system, $FETCHD_SOCKET, the
 * user's socket when it exists, the system's.
 */
#include "config.h"

#include "fetchctl/place.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/alloc.h"

#define SOCKET_NAME   "fetchd/io.fetchd.Manager"
#define SYSTEM_SOCKET "/run/" SOCKET_NAME

/* Without $XDG_RUNTIME_DIR (su, cron) the directory that pam_systemd(8) makes is tried. */
static char *user_socket(void)
{
	const char *dir = getenv("XDG_RUNTIME_DIR");

	if (dir && *dir == '/')
		return xasprintf("%s/" SOCKET_NAME, dir);
	return xasprintf("/run/user/%u/" SOCKET_NAME, (unsigned)getuid());
}

static void place_set(struct place *place, enum place_kind kind, char *socket)
{
	place->kind = kind;
	place->socket = socket;
}

static void choose_by_existence(struct place *place)
{
	char *socket = user_socket();

	if (access(socket, F_OK) == 0) {
		place_set(place, PLACE_USER, socket);
		return;
	}
	place->other = socket;
	place_set(place, PLACE_SYSTEM, xstrdup(SYSTEM_SOCKET));
}

int place_choose(struct place *place, const struct settings *settings)
{
	const char *environment = getenv("FETCHD_SOCKET");

	*place = (struct place){.kind = PLACE_GIVEN};
	if ((settings->socket != NULL) + settings->user + settings->system > 1)
		return complain(STATUS_USAGE, "-s, --user and --system name different daemons; give one");
	if (settings->socket)
		place_set(place, PLACE_GIVEN, xstrdup(settings->socket));
	else if (settings->user)
		place_set(place, PLACE_USER, user_socket());
	else if (settings->system)
		place_set(place, PLACE_SYSTEM, xstrdup(SYSTEM_SOCKET));
	else if (environment && *environment)
		place_set(place, PLACE_GIVEN, xstrdup(environment));
	else
		choose_by_existence(place);
	if (strlen(place->socket) >= sizeof(((struct sockaddr_un *)0)->sun_path))
		return complain(STATUS_USAGE, "the socket's path is too long: %s", place->socket);
	return 0;
}

void place_done(struct place *place)
{
	free(place->socket);
	free(place->other);
}

static void hint_given(const struct place *place)
{
	/* The daemon takes no relative paths, and may be started elsewhere. */
	CLEANUP_FREE char *cwd = place->socket[0] != '/' ? realpath(".", NULL) : NULL;

	hint("Start it with: fetchd -o Daemon.Socket=%s%s%s", cwd ? cwd : "", cwd ? "/" : "", place->socket);
}

static void hint_user(void)
{
	hint("Start your own with: systemctl --user start fetchd.socket (by hand: fetchd --user)");
}

static void hint_system(void)
{
	hint("Start the system's with: systemctl start fetchd.socket");
}

static void hint_start(const struct place *place)
{
	switch (place->kind) {
	case PLACE_GIVEN: hint_given(place); return;
	case PLACE_USER: hint_user(); return;
	case PLACE_SYSTEM:
		/* Nobody said which; what an ordinary user can start stands first. */
		if (place->other && getuid() != 0)
			hint_user();
		hint_system();
		if (place->other && getuid() == 0)
			hint_user();
		return;
	}
}

int place_complain(const struct place *place, int error)
{
	if (error == EACCES || error == EPERM)
		return complain(STATUS_NOT_PERMITTED, "no permission to use the socket %s", place->socket);
	if (error == EAGAIN)
		return complain(
			STATUS_TRY_AGAIN, "fetchd at %s takes no more connections just now", place->socket);
	complain(STATUS_UNREACHABLE, "fetchd is not running: no answer at %s (%s)", place->socket,
		strerror(error));
	hint_start(place);
	return STATUS_UNREACHABLE;
}
