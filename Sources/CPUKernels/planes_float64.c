#define REAL_BITS 64
#define REAL_WIDTH 8
#define NAME(stem) stem##_float64
#include "planes.h"
