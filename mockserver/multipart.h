/*
 * multipart: an incremental multipart/form-data parser (RFC 7578, RFC 2046
 * section 5.1) that can say what is wrong.
 *
 * Bytes arrive in any pieces and are never kept: part content is handed on as
 * it comes, in as few and as long pieces as the input allows. Any split of
 * the same bytes gives the same events (content pieces joined) and the same
 * end. It accepts what real clients send and notes it as oddities; it refuses
 * only what has no sensible reading. It knows nothing of parameters, codes or
 * HTTP.
 */
#ifndef MULTIPART_H
#define MULTIPART_H

#include <stddef.h>
#include "arena.h"

enum {
    MULTIPART_MAX_BOUNDARY = 70,       /* RFC 2046 section 5.1.1 */
    MULTIPART_MAX_HEADER_BYTES = 8192, /* of one part, line ends included */
    MULTIPART_MAX_PARTS = 64,
};

enum multipart_error {
    MULTIPART_OK,
    MULTIPART_NO_FIRST_DELIMITER, /* the body ended in the preamble */
    MULTIPART_NO_CLOSE_DELIMITER, /* the body ended inside a part */
    MULTIPART_BAD_HEADER,         /* a header line without a colon, or with
                                     a control byte other than a tab */
    MULTIPART_HEADERS_TOO_LONG,   /* over MULTIPART_MAX_HEADER_BYTES */
    MULTIPART_PART_WITHOUT_NAME,
    MULTIPART_TOO_MANY_PARTS,
    MULTIPART_NO_MEMORY,
    MULTIPART_STOPPED, /* a callback asked to stop */
    MULTIPART__COUNT
};

/* Accepted, but not what the RFCs say; or-ed into `oddities`. */
enum multipart_oddity {
    MULTIPART_ODD_BARE_LF = 1 << 0,       /* a line ended by LF alone */
    MULTIPART_ODD_PREAMBLE = 1 << 1,      /* bytes before the first delimiter */
    MULTIPART_ODD_EPILOGUE = 1 << 2,      /* bytes after the closing one, but
                                             for one line end */
    MULTIPART_ODD_NOT_FORM_DATA = 1 << 3, /* disposition type not form-data */
};

/* What a part's header block says. Strings are NUL-terminated copies in the
 * arena given to multipart_new(); absent ones are NULL. */
struct multipart_header {
    const char *name;
    size_t name_len;
    const char *filename;
    size_t filename_len;
    const char *type; /* Content-Type value, blanks trimmed */
    size_t type_len;
};

/* Each returns 0 to go on, anything else to stop (MULTIPART_STOPPED). */
struct multipart_callbacks {
    int (*part_begin)(void *ctx, const struct multipart_header *header);
    int (*part_data)(void *ctx, const char *data, size_t len); /* len > 0 */
    int (*part_end)(void *ctx);
};

struct multipart; /* lives in the arena */

/*
 * Makes a parser for `boundary` (1 to 70 bytes without CR or LF, and without
 * the leading "--"; copied) in `arena`, which also receives the header
 * strings. Returns NULL when memory ran out. There is nothing to free besides
 * the arena.
 */
struct multipart *multipart_new(struct arena *arena, const char *boundary,
                                size_t boundary_len,
                                const struct multipart_callbacks *callbacks,
                                void *ctx);

/* Takes the next `len` bytes. After an error further bytes are ignored and
 * the same error is returned again. */
enum multipart_error multipart_feed(struct multipart *mp, const char *data,
                                    size_t len);

/* Says that the body is complete. Returns the error of feeding, if any, else
 * whether the body was complete. part_end() is called only for complete
 * parts. */
enum multipart_error multipart_finish(struct multipart *mp);

unsigned multipart_oddities(const struct multipart *mp);
size_t multipart_n_parts(const struct multipart *mp);

/* One English phrase: what is wrong. Never NULL. */
const char *multipart_error_text(enum multipart_error error);

#endif
