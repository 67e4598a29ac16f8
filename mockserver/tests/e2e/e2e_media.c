/*
 * e2e_media: a GIF is told by its bytes, never by its name or declared type
 * (docs/contract.md sections 5 and 6).
 */
#include "expect.h"

#include <string.h>

static struct reply send_card(const struct server *s, const char *data,
                              size_t len, const char *filename,
                              const char *type)
{
    struct form f = form_four("true");
    struct part *card = form_set_bytes(&f, "card", data, len);

    card->filename = filename;
    card->type = type;
    return send_form(s, FOUR, &f);
}

static struct reply send_image(const struct server *s, const char *data,
                               size_t len, const char *filename,
                               const char *type)
{
    struct form f = form_picture();
    struct part *image = form_set_bytes(&f, "image", data, len);

    image->filename = filename;
    image->type = type;
    return send_form(s, PICTURE, &f);
}

Test(e2e_media, a_gif_card_is_4018, .timeout = 10)
{
    struct server s;
    struct reply r;

    server_start(&s, NULL);
    r = send_card(&s, gif87a, gif_len, "card.gif", "image/gif");
    expect_compare(&r, -4018);
    r = send_card(&s, gif89a, gif_len, "card.gif", "image/gif");
    expect_compare(&r, -4018);
    server_stop(&s);
}

Test(e2e_media, a_gif_card_under_another_name_and_type_is_4018, .timeout = 10)
{
    struct server s;
    struct reply r;

    server_start(&s, NULL);
    r = send_card(&s, gif89a, gif_len, "face.jpg", "image/jpeg");
    expect_compare(&r, -4018);
    r = send_card(&s, gif87a, gif_len, NULL, NULL);
    expect_compare(&r, -4018);
    server_stop(&s);
}

Test(e2e_media, a_jpeg_that_is_called_gif_is_accepted, .timeout = 10)
{
    struct server s;
    struct reply r;

    server_start(&s, NULL);
    r = send_card(&s, jpeg, jpeg_len, "face.gif", "image/gif");
    expect_success(&r);
    r = send_image(&s, jpeg, jpeg_len, "face.gif", "image/gif");
    expect_success(&r);
    server_stop(&s);
}

Test(e2e_media, what_only_begins_like_a_gif_is_none, .timeout = 10)
{
    static const char *const texts[] = {"GIF", "GIF88a...", "gif89a...",
                                        " GIF89a"};
    struct server s;

    server_start(&s, NULL);
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct reply r =
            send_card(&s, texts[i], strlen(texts[i]), "a.jpg", NULL);

        expect_success(&r);
    }
    server_stop(&s);
}

Test(e2e_media, a_gif_image_is_4016, .timeout = 10)
{
    struct server s;
    struct reply r;

    server_start(&s, NULL);
    r = send_image(&s, gif87a, gif_len, "a.gif", "image/gif");
    expect_code(&r, -4016);
    r = send_image(&s, gif89a, gif_len, "a.jpg", "image/jpeg");
    expect_code(&r, -4016);
    server_stop(&s);
}

Test(e2e_media, a_gif_in_base64_is_4016, .timeout = 10)
{
    struct server s;
    struct reply r;

    server_start(&s, NULL);
    r = send_json(&s, PICTURE,
                  format("{\"appid\":\"1000001\",\"image\":\"%s\"}",
                         base64(gif89a, gif_len)));
    expect_code(&r, -4016);
    server_stop(&s);
}

Test(e2e_media, an_empty_video_comes_before_a_bad_card, .timeout = 10)
{
    struct server s;
    struct form f = form_four("true");
    struct reply r;

    form_set(&f, "video", "");
    form_set_bytes(&f, "card", gif89a, gif_len);
    server_start(&s, NULL);
    r = send_form(&s, FOUR, &f);
    expect_live(&r, -5001, true);
    server_stop(&s);
}
