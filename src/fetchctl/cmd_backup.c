/* fetchctl backup: a copy of the queue as it is now, whole under its name or not at all. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/base64.h"
#include "base/fileio.h"
#include "fetchctl/call.h"
#include "fetchctl/cmd.h"

struct backup {
	const char *path;
	char *dir, *part;
	int fd;
	bool nameless; /* until it is whole: a client that is killed leaves nothing */
	int64_t size, written;
	int status;
};

static int refuse(const char *path, const char *doing, int err)
{
	return complain(STATUS_OUTPUT, "%s %s: %s", doing, path, strerror(err));
}

static bool open_nameless(struct backup *backup)
{
	/* A name is given by way of it. */
	if (access("/proc/self/fd", X_OK) < 0)
		return false;
	backup->fd = open(backup->dir, O_WRONLY | O_TMPFILE | O_CLOEXEC, 0600);
	backup->nameless = backup->fd >= 0;
	return backup->nameless;
}

/* For file systems that know none without a name. What an earlier one has left is taken over, but not from
 * one that still runs. */
static int open_part(struct backup *backup)
{
	struct stat st;

	backup->fd = open(backup->part, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (backup->fd < 0 || fstat(backup->fd, &st) < 0)
		return refuse(backup->part, "cannot make", errno);
	if (!S_ISREG(st.st_mode))
		return refuse(backup->part, "cannot make", EEXIST);
	if (flock(backup->fd, LOCK_EX | LOCK_NB) < 0)
		return complain(STATUS_TRY_AGAIN, "%s: another backup writes it", backup->part);
	if (fchmod(backup->fd, 0600) < 0 || ftruncate(backup->fd, 0) < 0)
		return refuse(backup->part, "cannot make", errno);
	return 0;
}

static bool take_piece(void *state, const json_t *parameters)
{
	struct backup *backup = state;
	const char *data = json_string_value(json_object_get(parameters, "data"));
	size_t n = 0;
	void *bytes = data ? base64_decode(data, &n) : NULL;
	int err = bytes ? fileio_pwrite_all(backup->fd, bytes, n, backup->written) : 0;

	if (!bytes)
		backup->status = complain(STATUS_UNREACHABLE, "the daemon sent something that is no backup");
	if (err)
		backup->status = refuse(backup->path, "cannot write", -err);
	if (bytes)
		explicit_bzero(bytes, n);
	free(bytes);
	backup->size = json_integer_value(json_object_get(parameters, "size"));
	backup->written += (int64_t)n;
	return backup->status == 0;
}

static int give_name(const struct backup *backup, const char *name)
{
	CLEANUP_FREE char *from = xasprintf("/proc/self/fd/%d", backup->fd);

	return linkat(AT_FDCWD, from, AT_FDCWD, name, AT_SYMLINK_FOLLOW) < 0 ? -errno : 0;
}

/* A link never replaces: for that it needs a name to be renamed from. */
static int replace(struct backup *backup)
{
	int err = backup->nameless ? give_name(backup, backup->part) : 0;

	if (err == -EEXIST && unlink(backup->part) == 0)
		err = give_name(backup, backup->part);
	if (!err && rename(backup->part, backup->path) < 0) {
		err = -errno;
		(void)unlink(backup->part);
	}
	return err;
}

/* On disk, then under its name. */
static int put_in_place(struct backup *backup, bool force)
{
	int err = fsync(backup->fd) < 0 ? -errno : 0;
	CLEANUP_CLOSE int dir_fd = open(backup->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (!err && dir_fd < 0)
		err = -errno;
	if (!err && force)
		err = replace(backup);
	else if (!err && backup->nameless)
		err = give_name(backup, backup->path);
	else if (!err)
		err = fileio_rename_noreplace(AT_FDCWD, backup->part, AT_FDCWD, backup->path);
	if (!err)
		err = fileio_sync_dir(dir_fd);
	return err ? refuse(backup->path, "cannot make", -err) : 0;
}

static int receive(struct ctl *ctl, struct backup *backup, bool force)
{
	int status = ctl_stream(ctl, "Backup", NULL, take_piece, backup);

	if (status == 0)
		status = backup->status;
	if (status == 0 && backup->written != backup->size)
		status = complain(STATUS_UNREACHABLE, "the daemon sent only a part of the backup");
	if (status == 0)
		status = put_in_place(backup, force);
	if (status != 0 && !backup->nameless)
		(void)unlink(backup->part);
	return status;
}

static int run(struct ctl *ctl, const struct args *args)
{
	struct backup backup = {.fd = -1};
	bool force = args_has(args, OPT_FORCE);
	int status;

	if (args->n_words != 1)
		return complain(STATUS_USAGE, args->n_words ? "one FILE, please" : "into which FILE?");
	backup.path = args->words[0];
	if (strcmp(backup.path, "-") == 0)
		return complain(STATUS_USAGE,
			"backup -: a backup goes into a file, which is there whole or not at all; for one "
			"called \"-\" say ./-");
	if (!force && faccessat(AT_FDCWD, backup.path, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return complain(STATUS_REFUSED, "%s is there already; --force takes its place", backup.path);
	CLEANUP_FREE char *copy = xstrdup(backup.path);
	backup.dir = dirname(copy);
	backup.part = xasprintf("%s.part", backup.path);
	status = open_nameless(&backup) ? 0 : open_part(&backup);
	if (status == 0)
		status = receive(ctl, &backup, force);
	if (backup.fd >= 0)
		close(backup.fd);
	free(backup.part);
	return status;
}

const struct cmd cmd_backup = {
	.name = "backup",
	.usage = CMD_USAGE("FILE"),
	.summary = "write a copy of the queue as it is now into FILE, while the daemon runs",
	.notes = "The copy is what queue.db is: for a new start stop the daemon and put it in that file's "
		 "place.\n"
		 "There are secrets in it; nobody but you may read it.",
	.options = CMD_OPTIONS(OPT_FORCE),
	.takes_words = true,
	.run = run,
};
