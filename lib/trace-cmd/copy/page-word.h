/*
 * page-word.h - the word of a page that says how much data it has.
 *
 * Layer 2, private to copy/.
 */
#ifndef COPY_PAGE_WORD_H
#define COPY_PAGE_WORD_H

#include "in/page.h"
#include "wire/cursor.h"

#define PAGE_WORD_LOST		(1u << 31)	/* events were lost before this page */
#define PAGE_WORD_STORED	(1u << 30)	/* their number is behind the data */

/* Its low 32 bits, which are all of it that counts. */
static inline uint8_t *page_word(const struct in_page_format *format, uint8_t *page)
{
	return page + 8 + (format->long_size == 8 && format->order == ORDER_BIG ? 4 : 0);
}

static inline uint32_t page_word_get(const struct in_page_format *format, uint8_t *page)
{
	struct cursor c = cursor_over(page_word(format, page), 4, format->order);

	return cursor_u32(&c);
}

static inline void page_word_put(const struct in_page_format *format, uint8_t *page, uint32_t v)
{
	store_u32(page_word(format, page), format->order, v);
}

#endif
