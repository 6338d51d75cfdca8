/* What the files of disk/ share. */
#ifndef DISK_INTERNAL_H
#define DISK_INTERNAL_H

#include <linux/posix_acl_xattr.h>
#include <pthread.h>
#include <sys/stat.h>

#include "fetchd/disk/disk.h"
#include "fetchd/disk/room.h"
#include "fetchd/disk/sums.h"

/* Lanes of one file system. */
enum { LANE_SMALL, LANE_SYNC, LANE_STREAM, LANE_STREAM_2, LANE_VERIFY, LANE_N };
#define LANE_STREAMS 2
/* Tasks that one batch takes: bounds its descriptors and the wait of its first file. */
#define BATCH_MAX  256
#define PARTS_DIR  CONFIG_PARTS_DIR
#define MARK_XATTR "user.fetchd.job"
#define ETAG_XATTR "user.fetchd.etag"

/* As the kernel has it in an extended attribute. */
#define ACL_ENTRIES_MAX 64
struct acl_list {
	struct {
		struct posix_acl_xattr_header header;
		struct posix_acl_xattr_entry entries[ACL_ENTRIES_MAX];
	} wire;
	size_t n;
};

/* The directory that the last file of a batch went into; the next one mostly goes there too. */
struct disk_place {
	const struct disk_root *root;
	char *dir;
	int fd;
	int err;	     /* -ENODEV: the root is not what it was */
	struct acl_list acl; /* what is made in it gets; n 0: it says nothing */
};

/* A call of the file system that takes longer is worth telling. */
#define DISK_STALLED_USEC ((int64_t)1000000)
/* With so many tasks waiting a lane is behind the network. */
#define LANE_BEHIND 8

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
		bool ended;	    /* its thread does no more. Under fs->lock, told by lane_end */
		size_t left;	    /* tasks of the batch in hand that are still to do: the lane's alone */
		int64_t since_usec; /* its present call of the file system began; 0: idle. Under fs->lock */
	} lanes[LANE_N];
	pthread_mutex_t lock; /* never held in a call that may block */
	pthread_cond_t lane_end;
	int64_t dirty_bytes;  /* streams wrote and did not sync them yet: syncfs(2) would wait for them */
	int64_t queued_bytes; /* in buffers of tasks that are out */
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
	/* In system mode each folder here is a user's; NULL: there are none. */
	struct disk_root *users_root;
	char *users_dir;      /* below that root */
	mode_t file_mode;     /* of finished files: 0666 less the umask */
	pthread_mutex_t lock; /* of all below */
	int64_t reserve_bytes;
	bool hurry;
	/* buffers */
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
	int fd; /* -1: not open */
	/* The writing lane's. */
	struct disk_sums sums;
	bool room_made;	    /* looked for, and kept where the file system can */
	bool broken;	    /* a write failed: nothing may be written behind the gap */
	bool torn;	    /* with EIO: what was not synced before is void, and a sync would prove nothing */
	int64_t written;    /* past the last byte that is in the file */
	int64_t wrote;	    /* bytes, ever */
	int64_t room_until; /* beyond these, look for room again */
	/* The syncing lane's. */
	bool parts_synced; /* the part's directory entry is durable */
	bool sync_failed; /* never tried again: the kernel may have dropped the pages and would say success */
	int64_t durable;  /* past the last byte that the last good sync covered */
	int64_t synced;	  /* of wrote, not counted as dirty any more */
};

/* disk.c */
void fs_dirty_add(struct disk_fs *fs, int64_t bytes);
int64_t fs_dirty(struct disk_fs *fs);
/* A call of the file system begins (after another one of the same task has come back). */
void lane_beat(struct disk_lane *lane);
int64_t disk_reserve(struct disk *disk);
bool disk_hurries(struct disk *disk);

/* root.c. Opens it and its folder of parts, and takes the lock: 0, or the daemon's exit status. */
int root_open(struct disk_root *root, char **ret_error);
/* The root is still the directory that it was: not unmounted, not replaced. */
bool disk_root_present(const struct disk_root *root);
/* The same, with the verdict set when it is not. */
bool root_ready(const struct disk_root *root, struct verdict *verdict);
/* The folder of parts is not there: makes it again. Other lanes may use its descriptor meanwhile, whose
 * number stays the same. 0 or -errno. */
int root_mend(const struct disk_root *root);
/* -errno of an operation on the root's payload → verdict, with figures where space is the matter. */
void root_fail(const struct disk_root *root, struct verdict *verdict, int err, const char *operation);

/* The root that dir (absolute) is in, with what follows it; NULL: in none. */
struct disk_root *disk_root_of(struct disk *disk, const char *dir, const char **ret_rel);

/* file.c: each does one task's work and fills its result. */
void file_resume(struct disk_task *task);
/* The buffer of WRITE or FINISH. */
void file_write(struct disk_task *task);
void file_sync(struct disk_task *task);
void file_close(struct disk_task *task);
void file_discard(struct disk_task *task);
void file_room(struct disk_task *task);
void file_rehash(struct disk_task *task);
void file_close_fd(struct disk_file *file);
/* Bytes that are durable now: syncs, unless that would prove nothing any more. 0: no more than before. */
int64_t file_save(struct disk_file *file);
/* What is open is as long as it was written, and the part's name still stands for it. */
bool file_intact(const struct disk_file *file);
void file_not_intact(struct verdict *verdict);
void file_remove_part(const struct disk_file *file, struct verdict *verdict);

/* names.c: tasks on finished files. */
void file_exists(struct disk_task *task);
void file_remove(struct disk_task *task);
/* What to call a file: n is the number in brackets, 0 none; form 0 is the name as it is, further ones are cut
 * for file systems that refuse long names. NULL when there is no such form. Caller frees. */
char *name_candidate(const char *wanted, int form, int n);
#define NAME_NUMBER_MAX 999

/* verify.c */
void file_verify(struct disk_task *task);

/* acl.c: 0 or -errno. */
/* The folder, and what is made in it, is uid's and ours, and nobody else's. */
int acl_make_private(int dir_fd, uid_t uid);
/* ret->n 0: it has none, as on a file system without access lists. */
int acl_of_folder(int dir_fd, struct acl_list *ret);
/* A file gets what it would have got if it had been made in that folder. */
int acl_inherit(int fd, const struct acl_list *of_folder);

/* place.c */
#define DISK_PLACE_NONE ((struct disk_place){.fd = -1})
bool place_is(const struct disk_place *place, const struct disk_file *file);
/* The file's directory, made when it is missing; a user's own is made that user's. place->fd or place->err
 * tells. */
void place_open(struct disk_place *place, const struct disk_file *file);
void place_close(struct disk_place *place);

/* finish.c: FINISH tasks whose bytes are written, or could not be, together. */
void finish_batch(struct disk_lane *lane, struct disk_task **tasks, size_t n);

#endif
