/*
 * chunked.h - the head of a file in which a recorder keeps a CPU's data compressed.
 *
 * Layer 1. Behind it are chunks as a trace.dat has them: u32 packed size, u32 size, bytes;
 * integers in the order of the machine. Data that isn't compressed has no head: its first
 * sub-buffer has the bytes in use where this has letters, which no sub-buffer could have.
 */
#ifndef WIRE_CHUNKED_H
#define WIRE_CHUNKED_H

#include <stdbool.h>
#include <stdint.h>

#define CHUNKED_HEAD_LEN	32
#define CHUNKED_CHUNK_HEAD	8

/* The head for the algorithm @name. */
void chunked_head_put(uint8_t head[CHUNKED_HEAD_LEN], const char *name);

/* Is this one? Then @ret_name, of 16 bytes at least, is the algorithm's name. */
bool chunked_head_is(const uint8_t head[CHUNKED_HEAD_LEN], char *ret_name);

#endif
