// How a function is compiled for several instruction sets at once; the best one is chosen when the program is loaded.
#ifndef NTK_CLONES_H
#define NTK_CLONES_H

#if defined(__x86_64__)
#define CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define CLONES
#endif

#endif
