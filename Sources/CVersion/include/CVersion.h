#ifndef NTK_VERSION_H
#define NTK_VERSION_H

// Of the program, as in its releases.
const char *_Nonnull ntk_version(void);
// Commit that was built, with a + where files differed from it; empty outside a git checkout.
const char *_Nonnull ntk_commit(void);

#endif
