/* Figures of the pool. Any thread; takes locks that nobody holds in a call that may block. */
#include "config.h"

#include "fetchd/disk/internal.h"

#include "base/clock.h"

static enum disk_lane_kind kind_of(int which)
{
	switch (which) {
	case LANE_SMALL: return DISK_SMALL;
	case LANE_SYNC: return DISK_SYNCS;
	case LANE_VERIFY: return DISK_VERIFIES;
	default: return DISK_STREAM; /* there are two of these */
	}
}

const char *disk_lane_name(enum disk_lane_kind kind)
{
	switch (kind) {
	case DISK_SMALL: return "small";
	case DISK_STREAM: return "stream";
	case DISK_SYNCS: return "sync";
	case DISK_VERIFIES: return "verify";
	}
	return "?";
}

static void add_fs(struct disk_fs *fs, int64_t now_usec, struct disk_figures *ret)
{
	for (int which = 0; which < LANE_N; which++)
		ret->tasks[kind_of(which)] += (int64_t)mailbox_length(&fs->lanes[which].mailbox);
	pthread_mutex_lock(&fs->lock);
	ret->dirty_bytes += fs->dirty_bytes;
	for (int which = 0; which < LANE_N; which++) {
		int64_t since = fs->lanes[which].since_usec;

		/* A lane that reads for long is no lane that hangs. */
		if (which != LANE_VERIFY && since > 0 && now_usec - since > ret->stalled_usec)
			ret->stalled_usec = now_usec - since;
	}
	pthread_mutex_unlock(&fs->lock);
}

void disk_figures(struct disk *disk, struct disk_figures *ret)
{
	int64_t now = clock_boot_usec();

	*ret = (struct disk_figures){.stalled_usec = 0};
	for (size_t i = 0; i < disk->n_fs; i++)
		add_fs(disk->fs[i], now, ret);
	if (ret->stalled_usec <= DISK_STALLED_USEC)
		ret->stalled_usec = 0;
	pthread_mutex_lock(&disk->lock);
	ret->buffer_bytes = DISK_BUDGET_BYTES - disk->budget_bytes;
	pthread_mutex_unlock(&disk->lock);
}
