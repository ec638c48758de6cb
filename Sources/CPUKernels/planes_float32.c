#define REAL_BITS 32
#define REAL_WIDTH 16
#define NAME(stem) stem##_float32
#include "planes.h"

#include "planes_prepare.h"
#include "planes_reverse.h"

#include "planes_finish.h"
