#include "settings.h"

#include <string.h>

void settings_init(struct settings *settings)
{
    memset(settings, 0, sizeof(*settings));
    settings->max_body = SETTINGS_MAX_BODY;
    settings->request_triggers = true;
    settings->language = LANGUAGE_EN;
    settings->sim = SETTINGS_SIM;
    settings->score = SETTINGS_SCORE;
    settings->proxy = true;
    settings->hosts.bind = "127.0.0.1";
}
