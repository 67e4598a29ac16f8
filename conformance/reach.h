/*
 * reach: tells libcurl how to get to the target: at which address, trusting
 * whom, past no proxy.
 *
 * For the connections of cases and the calls of the admin API alike. It sends
 * nothing.
 */
#ifndef REACH_H
#define REACH_H

#include <curl/curl.h>
#include "config.h"

/* Sets all of that on `curl`, but no URL. Returns a list that `curl` borrows,
 * NULL when it needs none; the caller frees it with curl_slist_free_all()
 * after the handle. */
struct curl_slist *reach_target(CURL *curl, const struct config *config);

#endif
