/*
 * config: what one run of the suite goes by.
 *
 * The options fill it, the set-up completes it (where the target listens,
 * what it can do), and it is saved as a file of the run's directory, because
 * every case runs in a process of its own and reads it there. The file holds
 * secret keys; it is readable by its owner alone and goes with the directory.
 */
#ifndef CONFIG_H
#define CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <jansson.h>
#include "signer.h"

enum target_kind {
    TARGET_MOCK,  /* a private mock that the suite started */
    TARGET_ADMIN, /* a URL that has our admin API */
    TARGET_PLAIN  /* any other URL */
};

enum media { MEDIA_VIDEO, MEDIA_CARD, MEDIA_IMAGE, MEDIA__COUNT };

struct config {
    enum target_kind target;
    const char *base_url;     /* without a final slash */
    const char *connect_to;   /* HOST:PORT to connect to instead; NULL: none */
    const char *ca_file;      /* PEM; NULL: the system's */
    bool insecure;            /* take any certificate */
    const char *admin_token;  /* NULL: none */
    const char *mock_program; /* path of the mock's program */
    json_t *mock_options;     /* array of further options for every mock */

    /* Accounts that the target knows: objects as in the mock's accounts
     * file, in order, the first is the default one. Empty with an admin API:
     * each case then makes its own. */
    json_t *accounts;

    const char *media[MEDIA__COUNT]; /* paths; NULL: none was given */
    size_t max_body;                 /* bytes; the target's body limit */
    int timeout_ms;                  /* patience with one reply */

    const char *client; /* command; NULL: no client cases */
    json_t *features;   /* array of strings: what the client said it has */
    bool strict, strict_skips, trace;
    json_t *known_failing; /* array of {"glob","line"} */
    const char *known_file;

    const char *record_dir; /* NULL: none */
    const char *diff_dir;   /* NULL: none */
    const char *run_dir;    /* of this run, 0700 */
    const char *nonce;      /* letters and digits, differs from run to run */

    json_t *json; /* what the borrowed strings above live in; NULL: nothing */
};

/* The directory of the run, from the environment variable that hands it to
 * the processes of the cases; NULL when there is none. */
#define CONFIG_ENV "CONFORMANCE_RUN"

/* Writes RUN_DIR/config.json. 0, or -1 with errno. */
int config_save(const struct config *config);

/* Reads RUN_DIR/config.json. 0, or -1 with *why, which the caller frees. */
int config_load(struct config *config, const char *run_dir, char **why);
void config_release(struct config *config);

bool config_has_admin(const struct config *config);
bool config_is_https(const struct config *config);

/* The name of a target kind: "mock", "admin", "plain". */
const char *config_target_name(enum target_kind kind);
/* "video", "card", "image" */
const char *config_media_name(enum media media);
/* Its reverse; MEDIA__COUNT when there is none of that name. */
enum media config_media_find(const char *name);

#endif
