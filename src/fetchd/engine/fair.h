/* The fair queue: which job next. Holds lanes, never jobs: a lane is an owner's ready jobs of one group at
 * one origin, all in the store. Engine's thread; knows no store, clock or transfer.
 *
 * Strict priority first. Within a priority, owners share by weight, an owner's groups share equally, and so
 * do a group's origins: stride scheduling in three layers of heaps (Waldspurger and Weihl, 1995), so that
 * what was stepped over while its host was at its bound is next when there is room, and what comes new waits
 * for no more than a turn of each other. What an owner or group that may not start anything has stands in no
 * heap; a lane whose host may not leaves it when it comes up, so that hosts are shut and opened for the price
 * of what was passed over meanwhile.
 *
 * Ageing: one claim in FAIR_AGED_SHARE goes to a lane of a lower priority that has waited longer than the
 * ageing time, if there is one.
 */
#ifndef ENGINE_FAIR_H
#define ENGINE_FAIR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>
#include <sys/types.h>

#include "base/hash.h"
#include "base/heap.h"

#define FAIR_AGED_SHARE 8

/* Those who take turns; a node's key is its pass. */
struct fair_line {
	struct heap heap;
	uint32_t weights; /* of its nodes together */
	uint64_t time;	  /* virtual: where a newcomer's pass begins */
};

struct fair_level;
struct fair_share; /* an owner in one priority */
struct fair_group; /* a group of an owner in one priority */

struct lane_key {
	int64_t origin_id;
	int64_t group_id; /* 0: in no group */
	int64_t owner;
};

/* What a lane belongs to: any of them may be shut, and then its lanes are not picked. Embedded in the
 * engine's hosts, users and groups. */
struct fair_gate {
	bool shut;
};
struct fair_host {
	struct fair_gate gate;
	unsigned n_lanes;
	/* parked: those that a pick came upon while it was shut, and put aside; lanes: the others. */
	LIST_HEAD(, lane) lanes, parked;
};
struct fair_user {
	struct fair_gate gate;
	uint32_t weight; /* >= 1 */
	TAILQ_HEAD(, fair_share) shares;
};
struct fair_batch { /* a group */
	struct fair_gate gate;
	TAILQ_HEAD(, fair_group) groups;
};

struct lane {
	struct heap_node node; /* in group->lanes; first, so that one is found from the other */
	struct lane_key key;
	int32_t priority; /* of its best job */
	struct fair_group *group;
	struct fair_host *host;
	struct fair_user *user;
	struct fair_batch *batch; /* NULL: in no group */
	int64_t waits_since_usec; /* served last, or made: the ageing clock */
	bool parked;		  /* in host->parked, and in no heap */
	LIST_ENTRY(lane) host_link;
	TAILQ_ENTRY(lane) age_link; /* of the level: who waits longest first */
	UT_hash_handle hh;
};

struct fair {
	struct lane *lanes;
	struct fair_level *levels; /* those with lanes, by priority: users have as many as they like */
	struct fair_share *shares;
	struct heap open, turns; /* of levels with something to start */
	size_t n_free;		 /* lanes whose host is open */
	unsigned picks;
	uint64_t steps; /* lanes put aside and back again, ever */
	uint64_t looks; /* that ageing took at levels */
};

void fair_init(struct fair *fair);
/* Frees all lanes. */
void fair_done(struct fair *fair);

void fair_host_init(struct fair_host *host);
void fair_user_init(struct fair_user *user, uint32_t weight);
void fair_batch_init(struct fair_batch *batch);

struct lane *fair_find(const struct fair *fair, const struct lane_key *key);
/* The lane has a ready job of this priority: made, or moved up. now_usec: any steady clock. */
struct lane *fair_ready(struct fair *fair, const struct lane_key *key, struct fair_host *host,
	struct fair_user *user, struct fair_batch *batch, int32_t priority, int64_t now_usec);
/* Its best job is of this priority now. */
void fair_set_priority(struct fair *fair, struct lane *lane, int32_t priority);
/* It has no ready job any more. Frees it. */
void fair_remove(struct fair *fair, struct lane *lane);

/* Shut or open all lanes of one. Cheap when nothing changes. */
void fair_host_shut(struct fair *fair, struct fair_host *host, bool shut);
void fair_user_shut(struct fair_user *user, bool shut);
void fair_batch_shut(struct fair_batch *batch, bool shut);
/* Another weight, >= 1. */
void fair_user_weigh(struct fair_user *user, uint32_t weight);

/* Whose turn it is; NULL: nobody's. ageing_usec: USEC_INFINITY switches ageing off. *ret_alone: no other
 * could have been picked. */
struct lane *fair_pick(struct fair *fair, int64_t now_usec, int64_t ageing_usec, bool *ret_alone);
/* Whether it would be anybody's. */
bool fair_any(struct fair *fair);
/* It has been given a slot. */
void fair_served(struct lane *lane, int64_t now_usec);

/* For "why": how many lanes of its group, groups of its owner, owners of its priority compete with it, those
 * included whose host is at its bound just now, and whether a higher priority has something to start. */
struct fair_peers {
	unsigned lanes, groups, owners;
	bool higher;
};
void fair_peers(struct fair *fair, const struct lane *lane, struct fair_peers *ret);

#endif
