/*
 * media: the files that cases upload, as case files name them
 * (docs/cases.md, "files").
 *
 * A name stands for what the run was given, an object says where the bytes
 * come from and what they are declared as. `fixtures/` is that of the working
 * directory. It knows nothing of requests.
 */
#ifndef MEDIA_H
#define MEDIA_H

#include <stdbool.h>
#include <jansson.h>
#include "bytes.h"
#include "config.h"

struct media_file {
    struct bytes data;           /* its pointer is never NULL */
    char *filename;              /* by default the last part of the path */
    char *type;                  /* by default what the bytes are */
    bool has_filename, has_type; /* false: the case wants none */
    char *path; /* where the bytes are as a file, absolute; NULL until
                   media_file_place() */
};

enum media_outcome {
    MEDIA_OK = 0,
    MEDIA_NOT_GIVEN = -2, /* the run has no such media: a reason to skip */
    MEDIA_WRONG = -1,     /* the case is wrong, or a file cannot be read */
};

/*
 * The file that `file` stands for: "video", "card", "image", or an object of
 * one of `media`, `text`, `base64`, `fixture`, with `filename`, `type` (null:
 * none) and `size`: so many bytes, or "max_body", "max_body+N",
 * "max_body-N"; what is short of it is filled up with NULs, what is longer is
 * cut. Unless MEDIA_OK, *why says what is wrong; the caller frees it.
 */
enum media_outcome media_file(const struct config *config, const json_t *file,
                              struct media_file *out, char **why);

/* Makes sure that the bytes are a file of that name: their own, or one below
 * RUN_DIR/files. 0, or -1 with *why. */
int media_file_place(const struct config *config, struct media_file *file,
                     char **why);

void media_file_release(struct media_file *file);

/*
 * The same for what a case describes like a file and is none: adds the bytes
 * that Base64 stands for; sets *bytes to a size. MEDIA_OK, or MEDIA_WRONG with
 * *why and nothing done.
 */
enum media_outcome media_add_base64(struct bytes *b, const char *text,
                                    char **why);
enum media_outcome media_size(const struct config *config, const json_t *size,
                              size_t *bytes, char **why);

#endif
