/* A queue that grows. */
#include <stdlib.h>
#include <string.h>

#include "internal.h"

int push(struct queue *queue, const void *item) {
    if (queue->count == queue->room) {
        size_t room = queue->room ? 2 * queue->room : 256;
        char *grown = realloc(queue->items, room * queue->item_size);
        if (!grown)
            return -1;
        queue->items = grown;
        queue->room = room;
    }
    memcpy(queue->items + queue->count++ * queue->item_size, item, queue->item_size);
    return 0;
}

void *front(struct queue *queue) {
    return queue->next < queue->count ? queue->items + queue->next * queue->item_size : NULL;
}

void pop(struct queue *queue) {
    if (++queue->next == queue->count)
        queue->next = queue->count = 0;
}

size_t take(struct queue *queue, void *items, size_t room) {
    size_t there = queue->count - queue->next, n = there < room ? there : room;

    if (n == 0)
        return 0;
    memcpy(items, front(queue), n * queue->item_size);
    queue->next += n - 1;
    pop(queue);
    return n;
}

