/* Binary heap of nodes that are embedded in what they order: the least key is first. Owns its array, not the
 * nodes; one thread. */
#ifndef BASE_HEAP_H
#define BASE_HEAP_H

#include <stdbool.h>
#include <stdint.h>

struct heap_node {
	uint64_t key;	/* changed only through heap_move() while it is in a heap */
	uint32_t place; /* 1…: in a heap; 0: in none */
};

struct heap {
	struct heap_node **nodes;
	uint32_t n, room;
};

/* An empty one is all zero. Forgets the nodes. */
void heap_done(struct heap *heap);
void heap_add(struct heap *heap, struct heap_node *node);
void heap_remove(struct heap *heap, struct heap_node *node);
void heap_move(struct heap *heap, struct heap_node *node, uint64_t key);

/* NULL: it is empty. */
static inline struct heap_node *heap_first(const struct heap *heap)
{
	return heap->n > 0 ? heap->nodes[0] : (struct heap_node *)0;
}

static inline bool heap_has(const struct heap_node *node)
{
	return node->place > 0;
}

#endif
