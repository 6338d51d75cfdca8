/* Buffers: payload between network and disk, from one bounded budget. Any thread. */
#include "config.h"

#include "fetchd/disk/internal.h"

#include "base/alloc.h"

struct disk_buffer *disk_buffer_new(struct disk *disk, size_t size)
{
	struct disk_buffer *buffer = NULL;
	bool granted;

	pthread_mutex_lock(&disk->lock);
	granted = disk->budget_bytes >= (int64_t)size;
	if (granted) {
		disk->budget_bytes -= (int64_t)size;
		if (size == DISK_BUFFER_MAX && disk->n_spare)
			buffer = disk->spare[--disk->n_spare];
	}
	pthread_mutex_unlock(&disk->lock);
	if (!granted)
		return NULL;
	if (!buffer)
		buffer = xmalloc(sizeof(*buffer) + size);
	buffer->size = size;
	buffer->used = 0;
	return buffer;
}

void disk_buffer_free(struct disk *disk, struct disk_buffer *buffer)
{
	bool kept = false;

	if (!buffer)
		return;
	pthread_mutex_lock(&disk->lock);
	disk->budget_bytes += (int64_t)buffer->size;
	if (buffer->size == DISK_BUFFER_MAX && disk->n_spare < ARRAY_LEN(disk->spare)) {
		disk->spare[disk->n_spare++] = buffer;
		kept = true;
	}
	pthread_mutex_unlock(&disk->lock);
	if (!kept)
		free(buffer);
}

void disk_trim(struct disk *disk)
{
	pthread_mutex_lock(&disk->lock);
	while (disk->n_spare)
		free(disk->spare[--disk->n_spare]);
	pthread_mutex_unlock(&disk->lock);
}
