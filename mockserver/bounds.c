#include "bounds.h"

#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

void bounds_init(struct bounds *bounds)
{
    *bounds = (struct bounds){
        .idle_s = BOUNDS_IDLE_S,
        .receive_s = BOUNDS_RECEIVE_S,
        .connection_bytes = BOUNDS_CONNECTION_BYTES,
        .drain_bytes = BOUNDS_DRAIN_BYTES,
    };
}

/* Each worker, of either daemon, has two descriptors of its own. */
static unsigned allowed_by(rlim_t n_files, unsigned threads)
{
    const rlim_t spare = 32 + 4 * (rlim_t)threads;

    if (n_files > BOUNDS_CONNECTIONS_MAX + spare)
        return BOUNDS_CONNECTIONS_MAX;
    return (unsigned)(n_files > 2 * spare ? n_files - spare : n_files / 2);
}

unsigned bounds_connections(const struct bounds *bounds, unsigned threads,
                            char **why)
{
    struct rlimit files = {.rlim_cur = 1024};
    unsigned allowed;

    getrlimit(RLIMIT_NOFILE, &files);
    allowed = allowed_by(files.rlim_cur, threads);
    if (bounds->max_connections == 0)
        return allowed > 0 ? allowed : 1;
    if (bounds->max_connections <= allowed)
        return bounds->max_connections;
    if (asprintf(why,
                 "--max-connections %u: the limit of open files, %llu, allows "
                 "%u connections",
                 bounds->max_connections, (unsigned long long)files.rlim_cur,
                 allowed) < 0)
        *why = NULL;
    return 0;
}
