/* Binary heap. Any thread, one at a time. */
#include "config.h"

#include "base/heap.h"

#include <stdlib.h>

#include "base/alloc.h"

static void put(struct heap *heap, uint32_t place, struct heap_node *node)
{
	heap->nodes[place - 1] = node;
	node->place = place;
}

static void sift_up(struct heap *heap, struct heap_node *node)
{
	uint32_t place = node->place;

	for (; place > 1 && heap->nodes[place / 2 - 1]->key > node->key; place /= 2)
		put(heap, place, heap->nodes[place / 2 - 1]);
	put(heap, place, node);
}

static void sift_down(struct heap *heap, struct heap_node *node)
{
	uint32_t place = node->place, child;

	while ((child = 2 * place) <= heap->n) {
		if (child < heap->n && heap->nodes[child]->key < heap->nodes[child - 1]->key)
			child++;
		if (heap->nodes[child - 1]->key >= node->key)
			break;
		put(heap, place, heap->nodes[child - 1]);
		place = child;
	}
	put(heap, place, node);
}

void heap_done(struct heap *heap)
{
	free(heap->nodes);
	*heap = (struct heap){0};
}

void heap_add(struct heap *heap, struct heap_node *node)
{
	if (heap->n == heap->room) {
		heap->room = heap->room ? 2 * heap->room : 2;
		heap->nodes = xreallocarray(heap->nodes, heap->room, sizeof(struct heap_node *));
	}
	put(heap, ++heap->n, node);
	sift_up(heap, node);
}

void heap_remove(struct heap *heap, struct heap_node *node)
{
	struct heap_node *last = heap->nodes[--heap->n];
	uint32_t place = node->place;

	node->place = 0;
	if (last == node)
		return;
	put(heap, place, last);
	sift_up(heap, last);
	sift_down(heap, last);
}

void heap_move(struct heap *heap, struct heap_node *node, uint64_t key)
{
	node->key = key;
	sift_up(heap, node);
	sift_down(heap, node);
}
