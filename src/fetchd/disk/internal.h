/* What the files of disk/ share. */
#ifndef DISK_INTERNAL_H
#define DISK_INTERNAL_H

#include <pthread.h>
#include <sys/stat.h>

#include "fetchd/disk/disk.h"
#include "fetchd/disk/hash.h"

/* Lanes of one file system. */
enum { LANE_SMALL, LANE_SYNC, LANE_STREAM, LANE_STREAM_2, LANE_N };
/* Tasks that one batch takes: bounds its descriptors and the wait of its first file. */
#define BATCH_MAX  256
#define PARTS_DIR  ".fetchd"
#define MARK_XATTR "user.fetchd.job"

/* The directory that the last file of a batch went into; the next one mostly goes there too. */
struct disk_place {
	const struct disk_root *root;
	char *dir;
	int fd;
	int err; /* -ENODEV: the root is not what it was */
};

struct disk_fs {
	struct disk *disk;
	dev_t dev;
	int fd; /* for syncfs(2): its error mark dates from this open */
	struct disk_lane {
		struct disk_fs *fs;
		int which;
		struct mailbox mailbox;
		pthread_t thread;
		bool started;
	} lanes[LANE_N];
	/* Bytes that streams wrote and did not sync yet: syncfs(2) would wait for them. */
	pthread_mutex_t lock;
	int64_t dirty_bytes;
};

struct disk_root {
	char *path;
	int fd;
	int parts_fd;
	dev_t dev;
	ino_t ino;
	struct disk_fs *fs;
};

struct disk {
	struct disk_root *roots;
	size_t n_roots;
	struct disk_fs **fs;
	size_t n_fs;
	char *uuid;
	mode_t file_mode; /* of finished files: 0666 less the umask */
	/* buffers */
	pthread_mutex_t lock;
	int64_t budget_bytes;
	struct disk_buffer *spare[16];
	size_t n_spare;
};

struct disk_file {
	struct disk *disk;
	struct disk_root *root;
	struct disk_lane *lane;
	char *dir; /* below the root */
	char part[48];
	char mark[80]; /* value of MARK_XATTR */
	int64_t job_id;
	int fd;		   /* -1: not open */
	bool broken;	   /* a write failed: nothing may be written behind the gap */
	int64_t written;   /* bytes from the start that are in the file */
	int64_t synced;	   /* of them, not counted as dirty any more */
	struct hash *hash; /* NULL: no checksum asked */
	bool parts_synced; /* the part's directory entry is durable */
	bool sync_failed; /* never tried again: the kernel may have dropped the pages and would say success */
};

/* disk.c */
void fs_dirty_add(struct disk_fs *fs, int64_t bytes);
int64_t fs_dirty(struct disk_fs *fs);
/* The root is still the directory that it was: not unmounted, not replaced. */
bool disk_root_present(const struct disk_root *root);

/* file.c: each does one task's work and fills its result. */
void file_resume(struct disk_task *task);
/* The buffer of WRITE or FINISH. */
void file_write(struct disk_task *task);
void file_sync(struct disk_task *task);
void file_close(struct disk_task *task);
void file_discard(struct disk_task *task);
void file_exists(struct disk_task *task);
void file_remove(struct disk_task *task);
void file_close_fd(struct disk_file *file);

/* place.c */
#define DISK_PLACE_NONE ((struct disk_place){.fd = -1})
bool place_is(const struct disk_place *place, const struct disk_file *file);
/* The file's directory, made when it is missing. place->fd or place->err tells. */
void place_open(struct disk_place *place, const struct disk_file *file);
void place_close(struct disk_place *place);

/* finish.c: FINISH tasks whose bytes are written, together. */
void finish_batch(struct disk_fs *fs, struct disk_task **tasks, size_t n);

#endif
