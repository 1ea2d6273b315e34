// For loops over pixels: built for AVX2 as well, and chosen at run time.
// Sanitizers do not get along with the resolver that this needs, and Clang has
// no such clones for functions in unnamed namespaces.
#pragma once

#if defined(__x86_64__) && !defined(__SANITIZE_ADDRESS__) && \
    !defined(__SANITIZE_THREAD__) && !defined(__clang__)
#define STEMMA_FAST_CLONES __attribute__((target_clones("avx2", "default")))
#else
#define STEMMA_FAST_CLONES
#endif
