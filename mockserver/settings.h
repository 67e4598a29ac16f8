/*
 * settings: what the command line or an embedding program chose; read-only
 * while the server runs.
 */
#ifndef SETTINGS_H
#define SETTINGS_H

#include <stdbool.h>
#include <stdint.h>
#include "error_codes.h"
#include "fault.h"
#include "hosts.h"

enum {
    /* 6 MB, published; the unit is our reading (docs/contract.md section 3) */
    SETTINGS_MAX_BODY = 6 * 1024 * 1024,
    SETTINGS_SIM = 90,   /* 0 to 100 */
    SETTINGS_SCORE = 95, /* 0 to 100 */
};

struct settings {
    uint64_t max_body;      /* bytes of a whole request body */
    bool mapped_status;     /* HTTP statuses by code instead of 200 */
    bool request_triggers;  /* faults asked for by requests count */
    enum language language; /* of messages */
    int sim;                /* livedetectfour's similarity */
    int score;              /* livedetectpicture's liveness score */
    const char *url_root;   /* directory that stands for the web; NULL: none */
    bool has_fault;         /* `fault` applies to every exchange */
    struct fault fault;
    bool proxy;         /* CONNECT opens tunnels */
    struct hosts hosts; /* whom the server is */
};

/* Fills in the defaults above; the rest is off. */
void settings_init(struct settings *settings);

#endif
