/* Places of the configuration: what empty paths mean (environment, XDG base directories, xdg-user-dirs), and
 * whether roots and default directory may be used. Looks at the file system, changes nothing but in
 * config_make_directories(). Runs before threads start and on SIGHUP.
 */
#include "fetchd/config_private.h"

#include <errno.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fileio.h"
#include "base/text.h"
#include "fetchd/path.h"

#define SOCKET_NAME	   "io.fetchd.Manager"
#define METRICS_NAME	   "metrics"
#define SYSTEM_STATE	   "/var/lib/fetchd"
#define USER_DIRS_FILE_MAX 65536

/* An absolute path from the environment, without a slash at its end; NULL when there is none. Caller frees.
 */
static char *env_path(const char *name)
{
	const char *value = getenv(name), *why;
	return value ? path_normalize(value, &why) : NULL;
}

char *config_home(void)
{
	char *home = env_path("HOME");
	if (home)
		return home;
	const struct passwd *pw = getpwuid(geteuid());
	const char *why;
	return pw && pw->pw_dir ? path_normalize(pw->pw_dir, &why) : NULL;
}

/* $NAME/rest, else home/otherwise. NULL without a home. */
static char *xdg_path(const char *name, const char *otherwise, const char *rest)
{
	CLEANUP_FREE char *base = env_path(name);
	if (base)
		return xasprintf("%s/%s", base, rest);
	CLEANUP_FREE char *home = config_home();
	return home ? xasprintf("%s/%s/%s", home, otherwise, rest) : NULL;
}

/* $STATE_DIRECTORY is a list (systemd.exec(5)): its first entry. */
static char *env_state_directory(void)
{
	const char *value = getenv("STATE_DIRECTORY"), *why;
	if (!value)
		return NULL;
	CLEANUP_FREE char *first = xstrndup(value, strcspn(value, ":"));
	return path_normalize(first, &why);
}

static char *default_state_directory(enum config_mode mode)
{
	char *state = env_state_directory();
	if (state)
		return state;
	if (mode == CONFIG_SYSTEM)
		return xstrdup(SYSTEM_STATE);
	return xdg_path("XDG_STATE_HOME", ".local/state", "fetchd");
}

static char *default_socket(enum config_mode mode)
{
	if (mode == CONFIG_SYSTEM)
		return xstrdup("/run/fetchd/" SOCKET_NAME);
	CLEANUP_FREE char *runtime = env_path("XDG_RUNTIME_DIR");
	if (runtime)
		return xasprintf("%s/fetchd/" SOCKET_NAME, runtime);
	/* Where pam_systemd(8) makes it, for su and cron. */
	return xasprintf("/run/user/%u/fetchd/" SOCKET_NAME, (unsigned)geteuid());
}

/* ---- xdg-user-dirs */

/* The value of a line XDG_DOWNLOAD_DIR="$HOME/…" or "/…"; NULL for another line. Caller frees. */
static char *download_dir_of_line(const char *line, const char *home)
{
	static const char key[] = "XDG_DOWNLOAD_DIR=\"";
	line += strspn(line, " \t");
	if (!text_starts(line, key))
		return NULL;
	line += sizeof(key) - 1;
	size_t n = strcspn(line, "\"\n");
	if (line[n] != '"')
		return NULL;
	CLEANUP_FREE char *value = xstrndup(line, n);
	if (text_starts(value, "$HOME/"))
		return xasprintf("%s%s", home, value + 5);
	return *value == '/' ? xstrdup(value) : NULL;
}

static char *user_downloads(void)
{
	CLEANUP_FREE char *home = config_home();
	CLEANUP_FREE char *path = xdg_path("XDG_CONFIG_HOME", ".config", "user-dirs.dirs");
	CLEANUP_FREE char *text = NULL;
	size_t len;
	if (!home)
		return NULL;
	char *found = NULL;
	if (fileio_read_file(path, USER_DIRS_FILE_MAX, &text, &len) == 0)
		for (char *line = text; line && !found; line = strchr(line, '\n')) {
			line += *line == '\n';
			found = download_dir_of_line(line, home);
		}
	return found ? found : xasprintf("%s/Downloads", home);
}

static char *default_downloads(enum config_mode mode)
{
	if (mode == CONFIG_USER)
		return user_downloads();
	CLEANUP_FREE char *state = env_state_directory();
	return xasprintf("%s/downloads", state ? state : SYSTEM_STATE);
}

/* ---- roots */

/* realpath(3) of the part of path that exists, with the rest behind it. Caller frees. */
static char *real_path_of(const char *path)
{
	char *real = realpath(path, NULL);
	if (real)
		return real;
	const char *slash = strrchr(path, '/');
	if (slash == path)
		return xstrdup(path);
	CLEANUP_FREE char *parent = xstrndup(path, (size_t)(slash - path));
	CLEANUP_FREE char *real_parent = real_path_of(parent);
	return xasprintf("%s%s", strcmp(real_parent, "/") ? real_parent : "", slash);
}

static void add_root(struct config *config, const char *path)
{
	size_t n = 0;
	while (config->download_roots && config->download_roots[n])
		n++;
	config->download_roots = xreallocarray(config->download_roots, n + 2, sizeof(char *));
	config->root_aliases = xreallocarray(config->root_aliases, n + 2, sizeof(char *));
	config->download_roots[n] = real_path_of(path);
	config->root_aliases[n] = xstrdup(path);
	config->download_roots[n + 1] = config->root_aliases[n + 1] = NULL;
}

/* Why a root may not be used; NULL when it may. missing_ok: it will be made. Caller frees. */
static char *root_refusal(const char *root, bool missing_ok)
{
	struct stat st;
	if (stat(root, &st) < 0) {
		if (errno == ENOENT && missing_ok)
			return NULL;
		return xasprintf(
			"%s: %s", root, errno == ENOENT ? "there is no such directory" : strerror(errno));
	}
	if (!S_ISDIR(st.st_mode))
		return xasprintf("%s is not a directory", root);
	if ((st.st_mode & S_IWOTH) && !(st.st_mode & S_ISVTX))
		return xasprintf("%s can be written by all users: chmod o-w or +t", root);
	return NULL;
}

static char *roots_refusal(const struct config *config, bool missing_ok)
{
	for (size_t i = 0; config->download_roots[i]; i++) {
		char *why = root_refusal(config->download_roots[i], missing_ok);
		if (why)
			return why;
		for (size_t k = 0; config->download_roots[k]; k++)
			if (k != i && path_below(config->download_roots[i], config->download_roots[k]))
				return xasprintf("%s is inside %s", config->download_roots[i],
					config->download_roots[k]);
	}
	return NULL;
}

/* The roots as they were written become the aliases, what they really are the roots. */
static void resolve_given_roots(struct config *config)
{
	char **given = config->download_roots;
	config->download_roots = NULL;
	for (size_t i = 0; given[i]; i++) {
		add_root(config, given[i]);
		free(given[i]);
	}
	free(given);
}

static void add_default_roots(struct config *config, const char *downloads)
{
	CLEANUP_FREE char *home = config->mode == CONFIG_USER ? config_home() : NULL;
	const char *rest;

	free(config->download_roots);
	config->download_roots = NULL;
	if (home)
		add_root(config, home);
	else
		add_root(config, downloads);
	CLEANUP_FREE char *real = real_path_of(downloads);
	if (config_root_of(config, real, &rest) < 0)
		add_root(config, downloads);
}

static int resolve_default_directory(struct config *config, const char *downloads, char **ret_why)
{
	const char *rest;
	CLEANUP_FREE char *wanted =
		xstrdup(config->default_directory ? config->default_directory : downloads);
	free(config->default_directory);
	config->default_directory = real_path_of(wanted);
	if (config_root_of(config, config->default_directory, &rest) >= 0)
		return 0;
	*ret_why = xasprintf("%s is in none of DownloadRoots", wanted);
	return -EINVAL;
}

static int resolve_downloads(struct config *config, int *ret_option, char **ret_why)
{
	CLEANUP_FREE char *downloads = default_downloads(config->mode);
	bool own_roots = config->download_roots[0] != NULL;

	*ret_option = CONFIG_OPTION_DefaultDirectory;
	if (!downloads) {
		*ret_why = xstrdup("there is no home directory: set HOME, or name a directory");
		return -EINVAL;
	}
	if (own_roots)
		resolve_given_roots(config);
	else
		add_default_roots(config, config->default_directory ? config->default_directory : downloads);

	*ret_why = roots_refusal(config, !own_roots);
	if (*ret_why) {
		*ret_option = CONFIG_OPTION_DownloadRoots;
		return -EINVAL;
	}
	config->makes_directory = !own_roots;
	if (own_roots && !config->default_directory) {
		/* Roots without the usual place in them: the first root. */
		const char *rest;
		CLEANUP_FREE char *real = real_path_of(downloads);
		if (config_root_of(config, real, &rest) < 0)
			str_set(&config->default_directory, config->download_roots[0]);
	}
	return resolve_default_directory(config, downloads, ret_why);
}

static int check_socket(const char *path, char **ret_why)
{
	const size_t most = sizeof(((struct sockaddr_un *)NULL)->sun_path) - 1;
	if (!path || strlen(path) <= most)
		return 0;
	*ret_why = xasprintf("%s is longer than %zu bytes", path, most);
	return -EINVAL;
}

/* "" is a wish: none. */
static void resolve_metrics_socket(struct config *config)
{
	if (!config->metrics_socket) {
		int n = (int)(strrchr(config->socket, '/') - config->socket);
		config->metrics_socket = xasprintf("%.*s/" METRICS_NAME, n, config->socket);
	} else if (!*config->metrics_socket) {
		str_set(&config->metrics_socket, NULL);
	}
}

int config_places_resolve(struct config *config, int *ret_option, char **ret_why)
{
	*ret_option = CONFIG_OPTION_StateDirectory;
	if (!config->state_directory)
		config->state_directory = default_state_directory(config->mode);
	if (!config->state_directory) {
		*ret_why = xstrdup("there is no home directory: set HOME, or name a directory");
		return -EINVAL;
	}
	if (!config->socket)
		config->socket = default_socket(config->mode);
	*ret_option = CONFIG_OPTION_Socket;
	if (check_socket(config->socket, ret_why))
		return -EINVAL;
	resolve_metrics_socket(config);
	*ret_option = CONFIG_OPTION_MetricsSocket;
	if (check_socket(config->metrics_socket, ret_why))
		return -EINVAL;
	return resolve_downloads(config, ret_option, ret_why);
}

int config_make_directories(const struct config *config, char **ret_error)
{
	if (!config->makes_directory)
		return 0;
	int error = fileio_mkdir_path(config->default_directory, 0755);
	if (error)
		*ret_error = xasprintf("Transfer.DefaultDirectory: %s cannot be made: %s",
			config->default_directory, strerror(-error));
	return error;
}
