/* Sandbox: Landlock's rules for this process. Main thread, before others start; owns nothing. There is no
 * library for these calls in the distributions that fetchd is for. */
#include <config.h>

#include "fetchd/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fileio.h"
#include "base/log.h"
#include "fetchd/config_hook.h"
#include "fetchd/path.h"

/* Rights that came after ABI 1, by the ABI that knows them; headers may be older than the kernel. */
#define FS_REFER       (1ULL << 13) /* 2 */
#define FS_TRUNCATE    (1ULL << 14) /* 3 */
#define NET_BIND_TCP   (1ULL << 0)  /* 4 */
#define FS_IOCTL_DEV   (1ULL << 15) /* 5 */
#define SCOPE_ABSTRACT (1ULL << 0)  /* 6 */
#define SCOPE_SIGNAL   (1ULL << 1)  /* 6 */
/* Before REFER no file can be renamed into another directory. */
#define ABI_LEAST 2

#define FILE_RIGHTS (LANDLOCK_ACCESS_FS_WRITE_FILE | FS_TRUNCATE)
#define TREE_RIGHTS                                                                                          \
	(FILE_RIGHTS | LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE |                      \
		LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG | FS_REFER)
/* Of hooks: what is unpacked may be a link, what is run may talk by these. */
#define HOOK_RIGHTS                                                                                          \
	(TREE_RIGHTS | LANDLOCK_ACCESS_FS_MAKE_SYM | LANDLOCK_ACCESS_FS_MAKE_FIFO |                          \
		LANDLOCK_ACCESS_FS_MAKE_SOCK)
#define SOCKET_RIGHTS (LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_SOCK)
/* Allowed nowhere, but for hooks. */
#define NO_RIGHTS                                                                                            \
	(LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_BLOCK |         \
		LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_SYM | FS_IOCTL_DEV)

/* struct landlock_ruleset_attr as of ABI 6; what an older kernel does not know stays 0. */
struct ruleset {
	uint64_t fs, net, scoped;
};

static void handle(struct ruleset *ruleset, int abi)
{
	const char *notify = getenv("NOTIFY_SOCKET");

	ruleset->fs = TREE_RIGHTS | SOCKET_RIGHTS | NO_RIGHTS;
	if (abi < 3)
		ruleset->fs &= ~FS_TRUNCATE;
	if (abi < 5)
		ruleset->fs &= ~FS_IOCTL_DEV;
	if (abi >= 4)
		ruleset->net = NET_BIND_TCP;
	if (abi >= 6)
		ruleset->scoped = SCOPE_SIGNAL;
	if (abi >= 6 && !(notify && *notify == '@'))
		ruleset->scoped |= SCOPE_ABSTRACT;
}

/* 0 or -errno. */
static int allow(int fd, const struct ruleset *ruleset, const char *path, uint64_t rights)
{
	CLEANUP_CLOSE int parent_fd = open(path, O_PATH | O_CLOEXEC);
	struct landlock_path_beneath_attr rule = {
		.allowed_access = rights & ruleset->fs, .parent_fd = parent_fd};

	if (parent_fd < 0 || syscall(SYS_landlock_add_rule, fd, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) < 0)
		return -errno;
	return 0;
}

/* A rule is for what is mounted now. A root that is a mount point may be mounted anew: so what holds it may
 * be written, too, unless it is all there is. */
static int allow_root(int fd, const struct ruleset *ruleset, const char *root, uint64_t rights)
{
	CLEANUP_FREE char *parent = xasprintf("%s/..", root);
	struct stat own, above, top;
	int err = allow(fd, ruleset, root, rights);

	if (err || stat(root, &own) < 0 || stat(parent, &above) < 0 || stat("/", &top) < 0)
		return err;
	if (own.st_dev == above.st_dev || (above.st_dev == top.st_dev && above.st_ino == top.st_ino))
		return 0;
	return allow(fd, ruleset, parent, rights);
}

/* One that is still to be made may be in a directory that is, too. */
static int allow_socket(int fd, const struct ruleset *ruleset, const char *path, enum config_mode mode)
{
	const char *slash = strrchr(path, '/');
	CLEANUP_FREE char *dir = slash > path ? xstrndup(path, (size_t)(slash - path)) : xstrdup("/");

	/* Whoever makes the socket tells why it cannot be. */
	if (!*path || fileio_mkdir_path(dir, mode == CONFIG_SYSTEM ? 0755 : 0700) < 0)
		return 0;
	return allow(fd, ruleset, dir, SOCKET_RIGHTS);
}

/* Where hooks write. What is not there is not needed. */
static int allow_hooks(int fd, const struct ruleset *ruleset, const struct config *config)
{
	static const char *const temporary[] = {"/tmp", "/var/tmp", "/dev/shm"};
	const char *own = getenv("TMPDIR");
	int err = 0;

	for (size_t i = 0; config->download_roots[i] && !err; i++)
		err = allow_root(fd, ruleset, config->download_roots[i], HOOK_RIGHTS);
	for (size_t i = 0; i < ARRAY_LEN(temporary); i++)
		allow(fd, ruleset, temporary[i], HOOK_RIGHTS);
	if (own && *own == '/')
		allow(fd, ruleset, own, HOOK_RIGHTS);
	allow(fd, ruleset, "/dev", FILE_RIGHTS);
	return err;
}

/* The directory of a command, for what it calls; the command alone where files come to. */
static void allow_command(
	int fd, const struct ruleset *ruleset, const struct config *config, const char *command)
{
	CLEANUP_FREE char *real = realpath(command, NULL);
	CLEANUP_FREE char *dir = real ? xstrndup(real, (size_t)(strrchr(real, '/') - real)) : NULL;
	bool shared = !dir || !*dir || path_below(config->default_directory, dir);

	for (size_t i = 0; config->download_roots[i] && !shared; i++)
		shared = path_below(config->download_roots[i], dir) != NULL;
	if (real)
		allow(fd, ruleset, shared ? real : dir, LANDLOCK_ACCESS_FS_EXECUTE);
}

static void allow_execute(int fd, const struct ruleset *ruleset, const struct config *config)
{
	static const char *const programs[] = {"/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32",
		"/opt", "/nix/store", "/gnu/store"};
	static const char *const own[] = {"bin", ".local/bin"};
	const char *home = getenv("HOME");

	for (size_t i = 0; i < ARRAY_LEN(programs); i++)
		allow(fd, ruleset, programs[i], LANDLOCK_ACCESS_FS_EXECUTE);
	for (size_t i = 0; i < ARRAY_LEN(own) && home && config->mode == CONFIG_USER; i++) {
		CLEANUP_FREE char *path = xasprintf("%s/%s", home, own[i]);
		allow(fd, ruleset, path, LANDLOCK_ACCESS_FS_EXECUTE);
	}
	for (size_t i = 0; i < config->n_hooks; i++)
		allow_command(fd, ruleset, config, config->hooks[i].command[0]);
}

static int allow_all(
	int fd, const struct ruleset *ruleset, const struct config *config, const char *const *sockets)
{
	int err = allow(fd, ruleset, config->state_directory, TREE_RIGHTS);

	for (size_t i = 0; config->download_roots[i] && !err; i++)
		err = allow_root(fd, ruleset, config->download_roots[i], TREE_RIGHTS);
	for (size_t i = 0; sockets[i] && !err; i++)
		err = allow_socket(fd, ruleset, sockets[i], config->mode);
	if (!err)
		err = allow(fd, ruleset, "/dev/null", FILE_RIGHTS);
	if (!err && config->n_hooks > 0) {
		err = allow_hooks(fd, ruleset, config);
		allow_execute(fd, ruleset, config);
	}
	return err;
}

/* 0 or -errno. */
static int enter(int abi, const struct config *config, const char *const *sockets)
{
	struct ruleset ruleset = {0};

	handle(&ruleset, abi);
	CLEANUP_CLOSE int fd = (int)syscall(SYS_landlock_create_ruleset, &ruleset, sizeof(ruleset), 0);
	if (fd < 0)
		return -errno;
	int err = allow_all(fd, &ruleset, config, sockets);
	if (err)
		return err;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || syscall(SYS_landlock_restrict_self, fd, 0) < 0)
		return -errno;
	return 0;
}

void sandbox_enter(const struct config *config, const char *const *sockets, char text[SANDBOX_TEXT_MAX])
{
	int abi = (int)syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	int err = abi < 0 ? -errno : abi < ABI_LEAST ? -EOPNOTSUPP : enter(abi, config, sockets);

	if (err) {
		snprintf(text, SANDBOX_TEXT_MAX, "none: Landlock: %s", strerror(-err));
		log_warning("sandbox: %s", text);
		return;
	}
	snprintf(text, SANDBOX_TEXT_MAX, "Landlock ABI %d", abi);
	log_info("sandbox: %s: writes below the state directory and the download roots alone", text);
}

int sandbox_hooks(const struct config *config)
{
	int abi = (int)syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	struct ruleset ruleset = {0};

	if (abi < ABI_LEAST || config->n_hooks == 0)
		return -1;
	handle(&ruleset, abi);
	ruleset.fs &= ~(uint64_t)LANDLOCK_ACCESS_FS_EXECUTE;
	ruleset.net = ruleset.scoped = 0;
	int fd = (int)syscall(SYS_landlock_create_ruleset, &ruleset, sizeof(ruleset), 0);
	if (fd >= 0 && allow_hooks(fd, &ruleset, config) < 0) {
		close(fd);
		fd = -1;
	}
	return fd;
}

void sandbox_apply(int fd)
{
	if (syscall(SYS_landlock_restrict_self, fd, 0) < 0)
		log_warning("hooks may write where the daemon may: Landlock: %s", strerror(errno));
}
