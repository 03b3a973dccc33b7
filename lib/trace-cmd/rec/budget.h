/*
 * budget.h - how much all recorders together may write before somebody has to know.
 *
 * Layer 3. Recorders go on writing: it is for the one who waits for budget_fd() to stop them, or
 * to grant more.
 */
#ifndef REC_BUDGET_H
#define REC_BUDGET_H

#include <stdbool.h>
#include <stdint.h>

struct budget;

/* Of @limit bytes. NULL: no memory, or no descriptors. */
struct budget *budget_new(uint64_t limit);

/* One more who will call budget_free(), the last of whom frees it. NULL is fine. */
struct budget *budget_ref(struct budget *b);
void budget_free(struct budget *b);

/* @bytes more have been written. Any thread. */
void budget_use(struct budget *b, uint64_t bytes);

/* Is as much written as was granted? */
bool budget_spent(const struct budget *b);

/* Bytes written so far. */
uint64_t budget_used(const struct budget *b);

/* From now on @limit bytes, those that are written already counted in. */
void budget_set(struct budget *b, uint64_t limit);

/* Readable once it is spent. */
int budget_fd(const struct budget *b);

#endif
