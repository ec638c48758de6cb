#include <hdf5.h>

// Macros that are casts or expressions, which Swift does not import.
static inline hid_t ntk_h5_default(void) { return H5P_DEFAULT; }
static inline hid_t ntk_h5_dataset_creation(void) { return H5P_DATASET_CREATE; }
static inline hid_t ntk_h5_error_stack(void) { return H5E_DEFAULT; }
static inline hid_t ntk_h5_whole(void) { return H5S_ALL; }
static inline unsigned ntk_h5_exclusive(void) { return H5F_ACC_EXCL; }
static inline size_t ntk_h5_variable(void) { return H5T_VARIABLE; }
static inline hid_t ntk_h5_string(void) { return H5T_C_S1; }
static inline hid_t ntk_h5_float32(void) { return H5T_IEEE_F32LE; }
static inline hid_t ntk_h5_float64(void) { return H5T_IEEE_F64LE; }
static inline hid_t ntk_h5_uint8(void) { return H5T_STD_U8LE; }
static inline hid_t ntk_h5_int32(void) { return H5T_STD_I32LE; }
static inline hid_t ntk_h5_int64(void) { return H5T_STD_I64LE; }
