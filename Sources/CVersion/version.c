#include "CVersion.h"

const char *ntk_version(void) { return "0.1.0"; }

const char *ntk_commit(void) { return NTK_COMMIT; }
