#define REAL_BITS 64
#define REAL_WIDTH 8
#define NAME(stem) stem##_float64
#include "planes.h"

#include "planes_prepare.h"
#include "planes_reverse.h"

#include "planes_finish.h"
