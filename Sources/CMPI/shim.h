#include <mpi.h>

// Macros that Swift does not import.
static inline MPI_Comm ntk_mpi_world(void) { return MPI_COMM_WORLD; }
static inline MPI_Datatype ntk_mpi_double(void) { return MPI_DOUBLE; }
static inline MPI_Op ntk_mpi_sum(void) { return MPI_SUM; }
static inline MPI_Op ntk_mpi_max(void) { return MPI_MAX; }
static inline void *ntk_mpi_in_place(void) { return MPI_IN_PLACE; }
