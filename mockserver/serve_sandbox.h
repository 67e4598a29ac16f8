/*
 * serve_sandbox: what --sandbox means to the commands that serve: when the
 * server is confined, and which files it then still needs.
 */
#ifndef SERVE_SANDBOX_H
#define SERVE_SANDBOX_H

#include "commands.h"
#include "sandbox.h"

/*
 * Starts the server, with --sandbox confined before its first thread, once
 * everything is read and the ports are had. The calling thread is confined with
 * it. Returns NULL with *why as mockserver_start() does.
 */
struct mockserver *serve_sandbox_start(struct serve_options *options,
                                       char **why);

/*
 * The same, but the calling thread stays free, to start a command that is not
 * confined; serve_sandbox_enter() must follow.
 */
struct mockserver *serve_sandbox_start_apart(struct serve_options *options,
                                             char **why);

/*
 * With --sandbox: confines the calling thread too, which may still do what
 * `sandbox` allows besides. Returns 0, or EXIT_USAGE after a line on stderr.
 */
int serve_sandbox_enter(const struct serve_options *options,
                        struct sandbox *sandbox);

#endif
