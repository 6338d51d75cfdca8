/* Place: the directory of finished files, opened beneath its root once a batch. Runs in the lane. */
#include "config.h"

#include "fetchd/disk/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fileio.h"

bool place_is(const struct disk_place *place, const struct disk_file *file)
{
	return place->root == file->root && place->dir && strcmp(place->dir, file->dir) == 0;
}

void place_close(struct disk_place *place)
{
	if (place->fd >= 0)
		close(place->fd);
	free(place->dir);
	*place = DISK_PLACE_NONE;
}

/* ---- a user's own folder */

#define USER_RECORD_MAX 16384

/* The folder of users that dir is in or below; NULL: in none. Caller frees. */
static char *home_of(const struct disk_file *file)
{
	const char *users = file->disk->users_dir, *rest = file->dir;
	size_t n = users ? strlen(users) : 0;

	if (!users || file->root != file->disk->users_root || strncmp(rest, users, n) != 0)
		return NULL;
	rest += n;
	if (n > 0 && *rest++ != '/')
		return NULL;
	n = strcspn(rest, "/");
	return n > 0 ? xstrndup(file->dir, (size_t)(rest - file->dir) + n) : NULL;
}

/* Folders of users are called by name; by number where there is none. */
static bool user_of(const char *folder, uid_t *ret)
{
	const char *slash = strrchr(folder, '/'), *name = slash ? slash + 1 : folder;
	CLEANUP_FREE char *record = xmalloc(USER_RECORD_MAX);
	struct passwd pw, *found = NULL;
	char *end;

	if (getpwnam_r(name, &pw, record, USER_RECORD_MAX, &found) == 0 && found) {
		*ret = pw.pw_uid;
		return true;
	}
	unsigned long number = strtoul(name, &end, 10);
	*ret = (uid_t)number;
	return *name >= '0' && *name <= '9' && *end == '\0' && number < (uid_t)-1;
}

/* Made for nobody at first, so that a crash leaves it closed. One that has a default list is as its
 * administrator, or an earlier run, wants it. */
static int open_home(const struct disk_file *file, const char *home, uid_t uid)
{
	struct acl_list list;
	CLEANUP_CLOSE int users = fileio_mkdir_beneath(file->root->fd, file->disk->users_dir, 0755);
	CLEANUP_CLOSE int fd = users < 0 ? users : fileio_mkdir_beneath(file->root->fd, home, 0700);
	int err = fd < 0 ? fd : acl_of_folder(fd, &list);

	return err || list.n > 0 ? err : acl_make_private(fd, uid);
}

static int make_home(const struct disk_file *file)
{
	CLEANUP_FREE char *home = home_of(file);
	uid_t uid;

	return home && user_of(home, &uid) ? open_home(file, home, uid) : 0;
}

/* ---- the place */

void place_open(struct disk_place *place, const struct disk_file *file)
{
	if (place_is(place, file))
		return;
	place_close(place);
	place->root = file->root;
	place->dir = xstrdup(file->dir);
	if (!disk_root_present(file->root)) {
		place->err = -ENODEV;
		return;
	}
	place->err = make_home(file);
	if (place->err)
		return;
	place->fd = fileio_mkdir_beneath(file->root->fd, file->dir, 0777);
	place->err = place->fd < 0 ? place->fd : acl_of_folder(place->fd, &place->acl);
}
