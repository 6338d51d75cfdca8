/* Governor answer: what the end of an attempt says about the origin, not about the job. Pure; any thread. */
#ifndef JOB_GOVERNOR_ANSWER_H
#define JOB_GOVERNOR_ANSWER_H

#include "job/verdict.h"

enum governor_answer {
	GOVERNOR_SUCCESS,
	/* "Too many": said to this client. Cuts the limit; the server lives. */
	GOVERNOR_OVERLOAD,
	/* "Not now": too many, or only what stands behind this one file is broken. Cuts the limit unless
	 * others are served as well as ever; the server lives. */
	GOVERNOR_BUSY,
	/* No answer, no connection or no more data in time. As BUSY, and a failure for the breaker. */
	GOVERNOR_TIMEOUT,
	GOVERNOR_FAILURE, /* for the breaker alone */
	GOVERNOR_ALIVE,	  /* an answer such as 404: it lives, and that is all it says */
	GOVERNOR_NONE, /* says nothing of the origin: aborted, held, or the fault of this machine or a proxy
			*/
};

/* What the verdict says of the host that was asked. The caller turns it into GOVERNOR_NONE where another host
 * was asked last, after a redirect. A code that is not known says nothing. */
enum governor_answer governor_answer_of(const struct verdict *v);

#endif
