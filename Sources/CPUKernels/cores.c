#define _GNU_SOURCE
#include "CPUKernels.h"

#include <sched.h>
#include <unistd.h>

int ntk_usable_cores(void) {
#ifdef __linux__
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof(set), &set) == 0) return CPU_COUNT(&set);
#endif
    return (int)sysconf(_SC_NPROCESSORS_ONLN);
}
