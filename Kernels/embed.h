// One row of the table in kernels.c: the file that KERNEL names. Included once per file, hence without a guard.
{KERNEL, (const unsigned char[]){
#embed KERNEL suffix(, 0)
         }},
#undef KERNEL
