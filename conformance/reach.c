#include "reach.h"

#include <stdlib.h>

#include "bytes.h"

struct curl_slist *reach_target(CURL *curl, const struct config *config)
{
    struct curl_slist *connect_to = NULL;

    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    if (config->ca_file)
        curl_easy_setopt(curl, CURLOPT_CAINFO, config->ca_file);
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, config->insecure ? 0L : 1L);
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, config->insecure ? 0L : 2L);
    if (config->connect_to) {
        char *entry = format("::%s", config->connect_to);

        connect_to = curl_slist_append(NULL, entry);
        curl_easy_setopt(curl, CURLOPT_CONNECT_TO, connect_to);
        free(entry);
    }
    return connect_to;
}
