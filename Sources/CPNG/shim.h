#include <png.h>

// Macros that are casts or expressions, which Swift does not import.
static inline png_uint_32 ntk_png_format_grey(void) { return PNG_FORMAT_GRAY; }
static inline png_uint_32 ntk_png_format_rgb(void) { return PNG_FORMAT_RGB; }
