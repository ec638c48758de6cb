#define REAL_BITS 32
#define REAL_WIDTH 16
#define NAME(stem) stem##_float32
#include "planes.h"
