#include "signer.h"

#include <string.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "bytes.h"

void sign_digest(const char *key, const char *text,
                 unsigned char digest[SHA1_LEN])
{
    unsigned len = SHA1_LEN;

    HMAC(EVP_sha1(), key, (int)strlen(key), (const unsigned char *)text,
         strlen(text), digest, &len);
}

char *sign_text(const char *key, const char *text)
{
    unsigned char digest[SHA1_LEN];
    struct bytes b = {0};
    char *value;

    sign_digest(key, text, digest);
    bytes_add(&b, digest, sizeof(digest));
    bytes_text(&b, text);
    value = base64(b.data, b.len);
    bytes_release(&b);
    return value;
}
