/* What the tests call: the core with whole arrays at once and fields by name. */
#ifndef ANDANTE_SHIM_H
#define ANDANTE_SHIM_H

#include <stddef.h>
#include <stdint.h>

#include "board.h"

/* An edge that a detector found; `found_ticks` is the sample that made it certain. */
struct found_edge {
    uint32_t ticks;
    uint32_t found_ticks;
    uint32_t duration_ticks;
    uint16_t peak_counts;
    uint8_t channel;
    uint8_t off;
};

/* Both feet from fresh, `count` pairs of samples from `first_ticks` on, with the default
 * settings, both of a pair at the same tick. Returns the number of edges, `room` at most. */
size_t shim_run_feet(const uint16_t *left_counts, const uint16_t *right_counts, size_t count,
                     uint32_t first_ticks, struct found_edge *found, size_t room);

/* One pad from fresh; TAP_BEGUN counts as an edge of its own on channel 255. */
size_t shim_run_tap(const uint16_t *counts, size_t count, uint32_t first_ticks, uint16_t on_counts,
                    uint16_t on_percent, uint16_t refractory_samples, struct found_edge *found,
                    size_t room);

struct board *shim_board_new(uint16_t boot_id, uint8_t boot_reason, uint8_t hello_flags,
                             const uint8_t *image);
void shim_board_free(struct board *board);
void shim_receive(struct board *board, const uint8_t *bytes, size_t count, uint32_t ticks);
void shim_push(struct board *board, uint8_t channel, uint8_t off, uint32_t ticks,
               uint16_t peak_counts, uint32_t duration_ticks);
uint16_t shim_events_kept(const struct board *board);
uint16_t shim_frames_bad(const struct board *board);
uint8_t shim_take_settings_changed(struct board *board);
void shim_image(const struct board *board, uint8_t *image);
void shim_set_counters(struct board *board, uint16_t slots_missed, uint16_t stack_free_bytes,
                       uint16_t watchdog_resets);
uint32_t shim_widen(uint16_t overflows, uint16_t reading_ticks, uint8_t pending);
uint32_t shim_widen_past(uint32_t now_ticks, uint16_t reading_ticks);
/* The multiplexer setting of each slot from power-on, `count` of them. */
void shim_schedule(uint8_t *inputs, size_t count);
size_t shim_image_bytes(void);
size_t shim_ring_bytes(void);

#endif
