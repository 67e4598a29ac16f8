/*
 * media: what uploaded bytes are, told by their first bytes alone. The name
 * or type that a client declared never counts.
 */
#ifndef MEDIA_H
#define MEDIA_H

#include <stddef.h>

enum media_type {
    MEDIA_UNKNOWN,
    MEDIA_JPEG,
    MEDIA_PNG,
    MEDIA_GIF, /* GIF87a and GIF89a, still or animated */
    MEDIA_BMP,
    MEDIA_WEBP,
    MEDIA_MP4, /* the ISO base media family: MP4, MOV, 3GP */
    MEDIA_FLV,
    MEDIA_MKV, /* Matroska and WebM */
    MEDIA_AVI,
    MEDIA__COUNT
};

/* Enough bytes for every answer; fewer may be given. */
enum { MEDIA_SNIFF_LEN = 16 };

enum media_type media_sniff(const unsigned char *head, size_t len);

/*
 * Reads the width and height in pixels of a JPEG, PNG, GIF or BMP out of its
 * first bytes. Returns 0, or -1 when they are not there; a JPEG may hold them
 * later than any window.
 */
int media_dimensions(const unsigned char *head, size_t len, unsigned *width,
                     unsigned *height);

/* The registered media type, for example "image/jpeg";
 * "application/octet-stream" for MEDIA_UNKNOWN. */
const char *media_type_name(enum media_type type);

#endif
