/*
 * bench-walk.c - open a trace and step over all its events: bench builds it with our library
 * and with Debian's.
 */
#include <stdio.h>
#include <stdlib.h>
#include <trace-cmd.h>

static int count(struct tracecmd_input *handle, struct tep_record *record, int cpu, void *data)
{
	++*(unsigned long long *)data;
	return 0;
}

/* FILE [TIMES]: with TIMES it is only opened and closed, so often. */
int main(int argc, char **argv)
{
	unsigned long long n = 0;
	int i, times = argc > 2 ? atoi(argv[2]) : 1;

	for (i = 0; i < times; i++) {
		struct tracecmd_input *handle = tracecmd_open(argv[1], 0);

		if (!handle)
			return 1;
		if (argc == 2)
			tracecmd_iterate_events(handle, NULL, 0, count, &n);
		tracecmd_close(handle);
	}
	printf("%llu\n", n);
	return 0;
}
