/*
 * chunked.c - see chunked.h. Layer 1.
 */
#include <string.h>

#include "wire/chunked.h"

#define MAGIC		"TRACE-CMD-CHUNKS"
#define MAGIC_LEN	16
#define NAME_LEN	(CHUNKED_HEAD_LEN - MAGIC_LEN)

void chunked_head_put(uint8_t head[CHUNKED_HEAD_LEN], const char *name)
{
	size_t len = strnlen(name, NAME_LEN - 1);

	memset(head, 0, CHUNKED_HEAD_LEN);
	memcpy(head, MAGIC, MAGIC_LEN);
	memcpy(head + MAGIC_LEN, name, len);
}

bool chunked_head_is(const uint8_t head[CHUNKED_HEAD_LEN], char *ret_name)
{
	if (memcmp(head, MAGIC, MAGIC_LEN) || head[CHUNKED_HEAD_LEN - 1])
		return false;
	memcpy(ret_name, head + MAGIC_LEN, NAME_LEN);
	return true;
}
