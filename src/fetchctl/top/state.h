/* State: all of a running top, for those of its parts that need more than one of the others. */
#ifndef FETCHCTL_TOP_STATE_H
#define FETCHCTL_TOP_STATE_H

#include "fetchctl/top/feed.h"
#include "fetchctl/top/model.h"
#include "fetchctl/top/prompt.h"
#include "fetchctl/top/screen.h"

struct top {
	struct model model;
	struct screen *screen;
	struct feed *feed;
	struct prompt prompt;
	char *notice; /* escaped; stands in the last line for a while, or NULL */
	bool notice_bad;
	int64_t notice_until_usec; /* boot clock */
	size_t list_rows;	   /* rows of the view in the last frame: a page */
	bool help;
	bool leave;
};

/* Takes text, which is escaped. */
void top_notice(struct top *top, bool bad, char *text);

#endif
