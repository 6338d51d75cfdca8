/* The fair queue: heaps of heaps. See fair.h. */
#include "config.h"

#include "fetchd/engine/fair.h"

#include <assert.h>
#include <stddef.h>

#include "base/alloc.h"
#include "base/clock.h"

/* What one turn costs a node of weight 1: far more than there are ever nodes in a heap, and passes of 2^36
 * turns fit. */
#define STRIDE ((uint64_t)1 << 28)
/* Levels that ageing looks at before it gives up, and lanes in each. */
#define AGED_LEVELS 8
#define AGED_LOOKS  8

struct fair_level {
	struct heap_node node; /* in fair->open: highest first */
	struct heap_node turn; /* in fair->turns, with the other: whom ageing has not looked at for longest */
	int32_t priority;
	struct fair *fair;
	struct fair_line shares;
	TAILQ_HEAD(, lane) ages;
	unsigned n_shares; /* in the heap or not */
	UT_hash_handle hh;
};

struct share_key {
	struct fair_level *level;
	struct fair_user *user;
};

struct fair_share {
	struct heap_node node; /* in level->shares */
	struct share_key key;
	struct fair_line groups;
	struct fair_group *table; /* all of them, by group_id */
	TAILQ_ENTRY(fair_share) user_link;
	UT_hash_handle hh;
};

struct fair_group {
	struct heap_node node; /* in share->groups */
	int64_t group_id;
	struct fair_share *share;
	struct fair_batch *batch;
	struct fair_line lanes;
	unsigned n_lanes; /* in the heap or not */
	TAILQ_ENTRY(fair_group) batch_link;
	UT_hash_handle hh;
};

/* ---- lines: who takes turns */

/* What was stepped over keeps the turn that it is owed, what has run ahead its debt, but no more than one; a
 * newcomer (key 0) begins now. */
static void line_add(struct fair_line *line, struct heap_node *node, uint32_t weight)
{
	if (node->key == 0)
		node->key = line->time;
	else if (node->key + STRIDE < line->time)
		node->key = line->time - STRIDE;
	else if (node->key > line->time + STRIDE)
		node->key = line->time + STRIDE;
	line->weights += weight;
	heap_add(&line->heap, node);
}

static void line_remove(struct fair_line *line, struct heap_node *node, uint32_t weight)
{
	line->weights -= weight;
	heap_remove(&line->heap, node);
}

/* Virtual time goes on by one turn of each of them in as many turns as they have weight together. */
static void line_charge(struct fair_line *line, struct heap_node *node, uint32_t weight)
{
	line->time += STRIDE / line->weights;
	heap_move(&line->heap, node, node->key + STRIDE / weight);
}

/* ---- in and out: a node stands in its heap while it may run and has something that may */

static void enter(struct fair_line *line, struct heap_node *node, uint32_t weight, bool wanted)
{
	if (wanted && !heap_has(node))
		line_add(line, node, weight);
	else if (!wanted && heap_has(node))
		line_remove(line, node, weight);
}

static void level_settle(struct fair_level *level)
{
	struct fair *fair = level->fair;
	bool wanted = level->shares.heap.n > 0;

	if (wanted == heap_has(&level->node))
		return;
	if (wanted) {
		heap_add(&fair->open, &level->node);
		heap_add(&fair->turns, &level->turn);
	} else {
		heap_remove(&fair->open, &level->node);
		heap_remove(&fair->turns, &level->turn);
	}
}

static void share_settle(struct fair_share *share)
{
	enter(&share->key.level->shares, &share->node, share->key.user->weight,
		share->groups.heap.n > 0 && !share->key.user->gate.shut);
	level_settle(share->key.level);
}

static void group_settle(struct fair_group *group)
{
	enter(&group->share->groups, &group->node, 1,
		group->lanes.heap.n > 0 && !(group->batch && group->batch->gate.shut));
	share_settle(group->share);
}

static void lane_settle(struct lane *lane)
{
	bool shut = lane->host->gate.shut;

	if (shut != lane->parked)
		LIST_REMOVE(lane, host_link);
	if (shut && !lane->parked)
		LIST_INSERT_HEAD(&lane->host->parked, lane, host_link);
	else if (!shut && lane->parked)
		LIST_INSERT_HEAD(&lane->host->lanes, lane, host_link);
	lane->parked = shut;
	enter(&lane->group->lanes, &lane->node, 1, !shut);
	group_settle(lane->group);
}

/* A host is shut with each slot that it takes and opened with each that it gives back: its lanes stay in
 * their heaps until a pick comes upon them, and only those come back. */
void fair_host_shut(struct fair *fair, struct fair_host *host, bool shut)
{
	struct lane *lane;

	if (host->gate.shut == shut)
		return;
	host->gate.shut = shut;
	if (shut) {
		fair->n_free -= host->n_lanes;
		return;
	}
	fair->n_free += host->n_lanes;
	while ((lane = LIST_FIRST(&host->parked))) {
		lane_settle(lane);
		fair->steps++;
	}
}

void fair_user_shut(struct fair_user *user, bool shut)
{
	struct fair_share *share;

	if (user->gate.shut == shut)
		return;
	user->gate.shut = shut;
	TAILQ_FOREACH(share, &user->shares, user_link)
		share_settle(share);
}

void fair_user_weigh(struct fair_user *user, uint32_t weight)
{
	bool shut = user->gate.shut;

	fair_user_shut(user, true);
	user->weight = weight;
	fair_user_shut(user, shut);
}

void fair_batch_shut(struct fair_batch *batch, bool shut)
{
	struct fair_group *group;

	if (batch->gate.shut == shut)
		return;
	batch->gate.shut = shut;
	TAILQ_FOREACH(group, &batch->groups, batch_link)
		group_settle(group);
}

/* ---- places, made when needed and gone when empty */

static struct fair_level *level_need(struct fair *fair, int32_t priority)
{
	struct fair_level *level;

	HASH_FIND(hh, fair->levels, &priority, sizeof(priority), level);
	if (level)
		return level;
	level = xcalloc(1, sizeof(*level));
	level->priority = priority;
	level->fair = fair;
	level->node.key = (uint64_t)((int64_t)INT32_MAX - priority);
	level->turn.key = ++fair->looks;
	TAILQ_INIT(&level->ages);
	HASH_ADD(hh, fair->levels, priority, sizeof(level->priority), level);
	return level;
}

static struct fair_share *share_need(struct fair_level *level, struct fair_user *user)
{
	const struct share_key key = {.level = level, .user = user};
	struct fair_share *share;

	HASH_FIND(hh, level->fair->shares, &key, sizeof(key), share);
	if (share)
		return share;
	share = xcalloc(1, sizeof(*share));
	share->key = key;
	level->n_shares++;
	TAILQ_INSERT_TAIL(&user->shares, share, user_link);
	HASH_ADD(hh, level->fair->shares, key, sizeof(share->key), share);
	return share;
}

static struct fair_group *group_need(struct fair_share *share, int64_t group_id, struct fair_batch *batch)
{
	struct fair_group *group;

	HASH_FIND(hh, share->table, &group_id, sizeof(group_id), group);
	if (group)
		return group;
	group = xcalloc(1, sizeof(*group));
	group->group_id = group_id;
	group->share = share;
	group->batch = batch;
	if (batch)
		TAILQ_INSERT_TAIL(&batch->groups, group, batch_link);
	HASH_ADD(hh, share->table, group_id, sizeof(group->group_id), group);
	return group;
}

static void level_drop(struct fair *fair, struct fair_level *level)
{
	if (level->n_shares > 0)
		return;
	HASH_DELETE(hh, fair->levels, level);
	heap_done(&level->shares.heap);
	free(level);
}

static void share_drop(struct fair *fair, struct fair_share *share)
{
	struct fair_level *level = share->key.level;

	if (share->table)
		return;
	enter(&level->shares, &share->node, share->key.user->weight, false);
	level_settle(level);
	level->n_shares--;
	HASH_DELETE(hh, fair->shares, share);
	TAILQ_REMOVE(&share->key.user->shares, share, user_link);
	heap_done(&share->groups.heap);
	free(share);
	level_drop(fair, level);
}

static void group_drop(struct fair *fair, struct fair_group *group)
{
	struct fair_share *share = group->share;

	if (group->n_lanes > 0)
		return;
	enter(&share->groups, &group->node, 1, false);
	HASH_DELETE(hh, share->table, group);
	if (group->batch)
		TAILQ_REMOVE(&group->batch->groups, group, batch_link);
	heap_done(&group->lanes.heap);
	free(group);
	share_settle(share);
	share_drop(fair, share);
}

/* ---- lanes */

static void lane_place(struct fair *fair, struct lane *lane, int32_t priority)
{
	struct fair_level *level = level_need(fair, priority);

	lane->priority = priority;
	lane->group = group_need(share_need(level, lane->user), lane->key.group_id, lane->batch);
	lane->group->n_lanes++;
	lane->node.key = 0;
	TAILQ_INSERT_TAIL(&level->ages, lane, age_link);
	lane_settle(lane);
}

static void lane_displace(struct fair *fair, struct lane *lane)
{
	struct fair_group *group = lane->group;

	enter(&group->lanes, &lane->node, 1, false);
	TAILQ_REMOVE(&group->share->key.level->ages, lane, age_link);
	group->n_lanes--;
	group_settle(group);
	group_drop(fair, group);
}

struct lane *fair_find(const struct fair *fair, const struct lane_key *key)
{
	struct lane *lane;

	HASH_FIND(hh, fair->lanes, key, sizeof(*key), lane);
	return lane;
}

struct lane *fair_ready(struct fair *fair, const struct lane_key *key, struct fair_host *host,
	struct fair_user *user, struct fair_batch *batch, int32_t priority, int64_t now_usec)
{
	struct lane *lane = fair_find(fair, key);

	if (lane) {
		if (priority > lane->priority)
			fair_set_priority(fair, lane, priority);
		return lane;
	}
	lane = xcalloc(1, sizeof(*lane));
	lane->key = *key;
	lane->host = host;
	lane->user = user;
	lane->batch = batch;
	lane->waits_since_usec = now_usec;
	LIST_INSERT_HEAD(&host->lanes, lane, host_link);
	host->n_lanes++;
	fair->n_free += !host->gate.shut;
	HASH_ADD(hh, fair->lanes, key, sizeof(lane->key), lane);
	lane_place(fair, lane, priority);
	return lane;
}

void fair_set_priority(struct fair *fair, struct lane *lane, int32_t priority)
{
	if (lane->priority == priority)
		return;
	lane_displace(fair, lane);
	lane_place(fair, lane, priority);
}

void fair_remove(struct fair *fair, struct lane *lane)
{
	lane_displace(fair, lane);
	LIST_REMOVE(lane, host_link);
	lane->host->n_lanes--;
	fair->n_free -= !lane->host->gate.shut;
	HASH_DELETE(hh, fair->lanes, lane);
	free(lane);
}

/* ---- picking */

static bool lane_open(const struct lane *lane)
{
	return !lane->host->gate.shut && heap_has(&lane->node) && heap_has(&lane->group->node) &&
	       heap_has(&lane->group->share->node);
}

/* Whose turn it is by the heaps, whatever its host says. The node is the first member of each. */
static struct lane *front(const struct fair *fair)
{
	struct fair_level *level = (struct fair_level *)heap_first(&fair->open);
	struct fair_share *share = level ? (struct fair_share *)heap_first(&level->shares.heap) : NULL;
	struct fair_group *group = share ? (struct fair_group *)heap_first(&share->groups.heap) : NULL;

	return group ? (struct lane *)heap_first(&group->lanes.heap) : NULL;
}

/* The same, of those that may run; the others are put aside. */
static struct lane *first_lane(struct fair *fair)
{
	struct lane *lane;

	if (fair->n_free == 0)
		return NULL;
	for (; (lane = front(fair)) && lane->host->gate.shut; fair->steps++)
		lane_settle(lane);
	return lane;
}

/* The one that has waited too long, if it may run. What may not is passed over, and looked at again when the
 * others of its level have been. */
static struct lane *aged_lane(struct fair_level *level, int64_t since_usec)
{
	struct lane *lane;

	for (int looks = 0; looks < AGED_LOOKS; looks++) {
		lane = TAILQ_FIRST(&level->ages);
		if (!lane || lane->waits_since_usec > since_usec)
			return NULL;
		if (lane_open(lane))
			return lane;
		TAILQ_REMOVE(&level->ages, lane, age_link);
		TAILQ_INSERT_TAIL(&level->ages, lane, age_link);
	}
	return NULL;
}

static struct fair_level *level_of_turn(struct heap_node *turn)
{
	return (struct fair_level *)((char *)turn - offsetof(struct fair_level, turn));
}

/* Levels below the top take turns. */
static struct lane *pick_aged(struct fair *fair, const struct fair_level *top, int64_t since_usec)
{
	uint64_t last = fair->looks;
	struct heap_node *turn;

	for (int i = 0; i < AGED_LEVELS && (turn = heap_first(&fair->turns)) && turn->key <= last; i++) {
		struct fair_level *level = level_of_turn(turn);
		struct lane *lane = level != top ? aged_lane(level, since_usec) : NULL;

		heap_move(&fair->turns, turn, ++fair->looks);
		if (lane)
			return lane;
	}
	return NULL;
}

struct lane *fair_pick(struct fair *fair, int64_t now_usec, int64_t ageing_usec, bool *ret_alone)
{
	struct lane *lane = first_lane(fair), *aged = NULL;
	const struct fair_group *group;
	const struct fair_level *top;

	*ret_alone = false;
	if (!lane)
		return NULL;
	group = lane->group;
	top = group->share->key.level;
	if (ageing_usec != USEC_INFINITY && fair->picks++ % FAIR_AGED_SHARE == FAIR_AGED_SHARE - 1)
		aged = pick_aged(fair, top, now_usec - ageing_usec);
	if (aged)
		return aged;
	*ret_alone = top->shares.heap.n == 1 && group->share->groups.heap.n == 1 &&
		     group->lanes.heap.n == 1 && fair->open.n == 1;
	return lane;
}

bool fair_any(struct fair *fair)
{
	return first_lane(fair) != NULL;
}

void fair_served(struct lane *lane, int64_t now_usec)
{
	struct fair_group *group = lane->group;
	struct fair_share *share = group->share;
	struct fair_level *level = share->key.level;

	assert(lane_open(lane));
	line_charge(&group->lanes, &lane->node, 1);
	line_charge(&share->groups, &group->node, 1);
	line_charge(&level->shares, &share->node, share->key.user->weight);
	lane->waits_since_usec = now_usec;
	TAILQ_REMOVE(&level->ages, lane, age_link);
	TAILQ_INSERT_TAIL(&level->ages, lane, age_link);
}

void fair_peers(struct fair *fair, const struct lane *lane, struct fair_peers *ret)
{
	const struct fair_group *group = lane->group;
	const struct lane *first = first_lane(fair);

	ret->lanes = group->lanes.heap.n;
	ret->groups = group->share->groups.heap.n;
	ret->owners = group->share->key.level->shares.heap.n;
	ret->higher = first && first->priority > lane->priority;
}

/* ---- all */

void fair_init(struct fair *fair)
{
	*fair = (struct fair){0};
}

void fair_done(struct fair *fair)
{
	struct lane *lane, *next;

	HASH_ITER(hh, fair->lanes, lane, next)
		fair_remove(fair, lane);
	heap_done(&fair->open);
	heap_done(&fair->turns);
}

void fair_host_init(struct fair_host *host)
{
	host->gate.shut = false;
	host->n_lanes = 0;
	LIST_INIT(&host->lanes);
	LIST_INIT(&host->parked);
}

void fair_user_init(struct fair_user *user, uint32_t weight)
{
	user->gate.shut = false;
	user->weight = weight;
	TAILQ_INIT(&user->shares);
}

void fair_batch_init(struct fair_batch *batch)
{
	batch->gate.shut = false;
	TAILQ_INIT(&batch->groups);
}
