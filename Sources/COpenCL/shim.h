// OpenCL 1.2 is the floor; features above it are asked for at run time.
#define CL_TARGET_OPENCL_VERSION 120
#include <CL/cl.h>
