/*
 * The least that a server on libmicrohttpd can do: reads each request's body
 * and answers a constant JSON. Set up as server.c sets up the library, so that
 * what the mock needs beyond it is the price of the mock.
 *
 *     bench_baseline_mhd      prints its port and serves until SIGTERM
 */
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>
#include <microhttpd.h>
#include "bounds.h"

/* As long as what the mock answers to the same request. */
static char answer[] =
    "{\"data\":{\"score\":95},\"code\":0,\"message\":\"OK\"}";

static enum MHD_Result reply(struct MHD_Connection *connection)
{
    struct MHD_Response *response = MHD_create_response_from_buffer(
        sizeof(answer) - 1, answer, MHD_RESPMEM_PERSISTENT);
    enum MHD_Result result;

    if (!response)
        return MHD_NO;
    MHD_add_response_header(response, "Content-Type", "application/json");
    MHD_set_response_options(response, MHD_RF_SEND_KEEP_ALIVE_HEADER,
                             MHD_RO_END);
    result = MHD_queue_response(connection, MHD_HTTP_OK, response);
    MHD_destroy_response(response);
    return result;
}

static enum MHD_Result on_request(void *cls, struct MHD_Connection *connection,
                                  const char *url, const char *method,
                                  const char *version, const char *data,
                                  size_t *len, void **con_cls)
{
    (void)cls;
    (void)url;
    (void)method;
    (void)version;
    (void)data;
    if (!*con_cls) {
        *con_cls = answer; /* anything but NULL: the headers were seen */
        return MHD_YES;
    }
    if (*len > 0) {
        *len = 0;
        return MHD_YES;
    }
    return reply(connection);
}

static struct MHD_Daemon *start(void)
{
    long n = sysconf(_SC_NPROCESSORS_ONLN);
    struct MHD_OptionItem pool[] = {
        {n > 1 ? MHD_OPTION_THREAD_POOL_SIZE : MHD_OPTION_END, (intptr_t)n,
         NULL},
        {MHD_OPTION_END, 0, NULL},
    };
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };

    return MHD_start_daemon(
        MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME |
            MHD_USE_ERROR_LOG,
        0, NULL, NULL, on_request, NULL, MHD_OPTION_SOCK_ADDR, &address,
        MHD_OPTION_CONNECTION_LIMIT, 960U, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        (size_t)BOUNDS_CONNECTION_BYTES, MHD_OPTION_CONNECTION_TIMEOUT,
        (unsigned)BOUNDS_IDLE_S, MHD_OPTION_ARRAY, pool, MHD_OPTION_END);
}

int main(void)
{
    struct MHD_Daemon *daemon;
    const union MHD_DaemonInfo *info;
    sigset_t set;
    int sig;

    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigprocmask(SIG_BLOCK, &set, NULL);
    daemon = start();
    info =
        daemon ? MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT) : NULL;
    if (!info) {
        perror("bench_baseline_mhd");
        return 1;
    }
    printf("%u\n", (unsigned)info->port);
    fflush(stdout);
    sigwait(&set, &sig);
    MHD_stop_daemon(daemon);
    return 0;
}
