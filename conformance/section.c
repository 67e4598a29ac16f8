#include "section.h"

#include <stdlib.h>

static const char *const names[SECTION_LAST + 1] = {
    "other",       "1 Endpoints",      "2 Order of checks",   "3 Limits",
    "4 Signature", "5 livedetectfour", "6 livedetectpicture", "7 Error codes",
    "8 Faults",    "9 Admin API",      "10 Command line",
};

int section_of(const char *requirement)
{
    char *end;
    long number = strtol(requirement, &end, 10);

    if (number < SECTION_FIRST || number > SECTION_LAST ||
        (*end != ' ' && *end != '\0'))
        return 0;
    return (int)number;
}

const char *section_name(int section)
{
    return names[section];
}
