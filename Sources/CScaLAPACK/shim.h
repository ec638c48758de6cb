// The library comes without a header: its Fortran routines, all integers of 32 bits.
void Cblacs_get(int context, int what, int *value);
void Cblacs_gridinit(int *context, const char *order, int rows, int columns);
void Cblacs_gridinfo(int context, int *rows, int *columns, int *row, int *column);
void Cblacs_gridexit(int context);

int numroc_(const int *n, const int *block, const int *process, const int *source, const int *processes);
void descinit_(
    int *descriptor, const int *m, const int *n, const int *mb, const int *nb, const int *row_source,
    const int *column_source, const int *context, const int *leading, int *info);

void pdpotrf_(
    const char *uplo, const int *n, double *a, const int *ia, const int *ja, const int *descriptor_a, int *info);
void pdpotrs_(
    const char *uplo, const int *n, const int *columns, const double *a, const int *ia, const int *ja,
    const int *descriptor_a, double *b, const int *ib, const int *jb, const int *descriptor_b, int *info);
void pdsyevd_(
    const char *job, const char *uplo, const int *n, double *a, const int *ia, const int *ja, const int *descriptor_a,
    double *eigenvalues, double *z, const int *iz, const int *jz, const int *descriptor_z, double *work,
    const int *work_size, int *integers, const int *integers_size, int *info);
