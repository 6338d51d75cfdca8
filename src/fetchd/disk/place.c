/* Place: the directory of finished files, opened beneath its root once a batch. Runs in the lane. */
#include "config.h"

#include "fetchd/disk/internal.h"

#include <errno.h>
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
	place->fd = fileio_mkdir_beneath(file->root->fd, file->dir, 0777);
	if (place->fd < 0)
		place->err = place->fd;
}
