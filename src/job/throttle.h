/* Throttle: how many transfers at once an origin takes, found out by trying. Pure; any thread, no lock; the
 * caller gives the time (usec on a steady clock).
 *
 * Up to six it grows by one with each success, as fast as TCP's slow start; beyond, it doubles at most once a
 * round and only while throughput grows with it. A refusal of the k-th attempt cuts it to k - 1 and makes
 * that the ceiling. Above a ceiling it goes seldom: one step, and back when that hurts. Where even one at a
 * time is too much, because requests are counted and not connections, it spaces the starts instead.
 *
 * "Busy" and time-outs may be about the file: a few are overlooked (job/lenience.h), and when as many go on
 * at one at a time, beside successes, they are taken to have nothing to do with the load, as long as they are
 * fewer than 0.4 of the answers.
 *
 * Where answers take long, silence is consent: while nothing has ever hurt, the limit in full use and nothing
 * ended, it is four times as much every 10 ms. Else a server that takes 2 s for each file would be asked for
 * six at first, and for a hundred after ten seconds. What silence allowed is tried from above: when answers
 * take longer than they could, or after eight rounds, half as many or fewer, and again half while that brings
 * as much; files that run are not stopped for it, so it waits until they have ended.
 *
 * A round is what TCP calls a round trip and Postfix a cohort: it lasts until something that started in it
 * has ended, and as many have ended as may run.
 */
#ifndef JOB_THROTTLE_H
#define JOB_THROTTLE_H

#include <stdbool.h>
#include <stdint.h>

#include "job/governor_answer.h"
#include "job/lenience.h"
#include "job/pace.h"

/* What the throttle must know of an attempt when it ends. */
struct throttle_ticket {
	int64_t start_usec;
	uint32_t number; /* it was started as the so-manieth active one */
	uint32_t epoch;
};

struct throttle {
	int64_t probe_usec;	 /* not above the ceiling before */
	int64_t probe_span_usec; /* and then again after so long */
	int64_t trip_usec;	 /* an attempt lasts so long, averaged; 0: not known */
	int64_t trip_min_usec;	 /* the shortest that succeeded since it was idle */
	int64_t round_usec;	 /* when the round began */
	int64_t still_usec;	 /* since when nothing has started, ended or been allowed more */
	int64_t last_usec;	 /* when something last came */
	int64_t due_usec;	 /* since when the round may end; 0: not yet */
	int64_t round_bytes;
	int64_t growth_bytes; /* that have not yet counted as a success */
	double base_rate;     /* bytes/s where more at once last paid; 0: not known */
	struct pace pace;     /* at a limit of 1 */
	struct lenience lenience;
	uint32_t base_level; /* the limit then */
	uint32_t limit;
	uint32_t ceiling; /* above, it hurt or did not pay; 0: none found yet */
	uint32_t level;	  /* limit when the round began */
	uint32_t epoch;	  /* counts rounds and cuts */
	uint32_t cut_epoch;
	uint32_t cut_floor; /* half of the limit at the last cut */
	uint32_t cut_step;
	uint32_t rise_step;
	uint32_t active;
	uint32_t peak; /* most active in this round */
	uint32_t round_ends;
	uint32_t above;	       /* successes above the ceiling since the last rise */
	uint8_t strikes;       /* rounds in which more at once did not pay */
	uint8_t gains;	       /* rounds of this probe in which it did */
	uint8_t top_rounds;    /* full ones at a limit that silence allowed */
	uint8_t refused_share; /* of the last answers, "busy" or too late; in 1/256 */
	uint8_t alone;	       /* refused at a limit of 1 beside successes */
	bool immune;	       /* its refusals do not depend on the load */
	bool was_immune;
	bool unproven;	 /* the limit rose by silence: what it takes may be much less */
	bool falling;	 /* fewer at once are being tried, beside base_rate at base_level */
	bool round_trip; /* one that started in this round has ended */
	bool settling;	 /* the first round after a rise above the ceiling */
	bool was_full;	 /* the round before used the limit */
	bool flat;	 /* the ceiling is where more did not pay; else where it hurt */
};

void throttle_init(struct throttle *t, unsigned max, int64_t now_usec);
/* What an earlier one found out, each >= 0; absurd values are put right. limit 0: as throttle_init(). */
void throttle_restore(struct throttle *t, unsigned max, int limit, int ceiling, int64_t probe_usec,
	int64_t probe_span_usec, int64_t now_usec);
/* The origin was down and lives again: what was found out meanwhile says nothing of it. */
void throttle_forget(struct throttle *t, unsigned max, int64_t now_usec);
/* The bound max has changed. */
void throttle_tune(struct throttle *t, unsigned max);
/* Nobody answers and nobody complains: more at once are allowed step by step. *ret_again_usec: when to ask
 * again; 0: not before something starts or ends. True: the limit rose. */
bool throttle_ramp(struct throttle *t, unsigned max, int64_t now_usec, int64_t *ret_again_usec);
void throttle_started(struct throttle *t, unsigned active, int64_t now_usec, struct throttle_ticket *ret);
/* An attempt that runs, or is about to end, has come on by so many bytes. */
void throttle_bytes(struct throttle *t, unsigned max, int64_t bytes, int64_t now_usec);
void throttle_ended(struct throttle *t, unsigned max, const struct throttle_ticket *ticket,
	enum governor_answer answer, int64_t now_usec);
/* In place of throttle_ended(): a further connection is gone, and nobody answered. */
void throttle_left(struct throttle *t);

#endif
