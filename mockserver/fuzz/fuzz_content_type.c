/* content_type: the input is a field value. */
#include <stdlib.h>
#include <string.h>
#include "content_type.h"
#include "fuzz_support.h"

static void check(const struct content_type *ct)
{
    FUZZ_CHECK(ct->boundary_len < sizeof(ct->boundary));
    FUZZ_CHECK(strlen(ct->boundary) == ct->boundary_len);
    if (ct->kind == CONTENT_MULTIPART && ct->boundary_state == BOUNDARY_OK)
        FUZZ_CHECK(ct->boundary_len > 0);
    else
        FUZZ_CHECK(ct->boundary_len == 0);
    for (size_t i = 0; i < ct->boundary_len; i++)
        FUZZ_CHECK((unsigned char)ct->boundary[i] >= 0x20);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    char *value = fuzz_string((struct fuzz_input){(const char *)data, len});
    struct content_type ct;

    content_type_parse(&ct, value);
    check(&ct);
    FUZZ_CHECK(ct.kind != CONTENT_MISSING ||
               strspn(value, " \t") == strlen(value));
    free(value);
    return 0;
}
