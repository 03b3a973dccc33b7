/*
 * fuzz.c - a target of targets.h for libFuzzer or AFL++: built with -DFUZZ_TARGET=NAME.
 */
#include "targets.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CALL(name)	fuzz_ ## name
#define TARGET(name)	CALL(name)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return TARGET(FUZZ_TARGET)(data, size);
}
