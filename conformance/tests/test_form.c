#include "form.h"

#include <stdlib.h>
#include <string.h>
#include <criterion/criterion.h>

#include "json_of.h"

TestSuite(form, .timeout = 10);

/* A form of a parameter and a file, in the style that `style` says. */
static void make(struct form *form, const char *style)
{
    struct part *part;

    *form = (struct form){.style = json_of(style), .boundary = "B"};
    part = form_add(form);
    part->name = "appid";
    bytes_text(&part->data, "1");
    part = form_add(form);
    part->name = "video";
    part->filename = "v.mp4";
    part->type = "video/mp4";
    part->is_file = true;
    bytes_add(&part->data, "\0\r\n", 3);
}

static void release(struct form *form)
{
    json_decref((json_t *)form->style);
    form_release(form);
}

static void expect_rendered(struct form *form, const void *expected, size_t len)
{
    struct bytes body = {0};

    form_render(form, 0, &body);
    cr_assert_eq(body.len, len, "%s", body.data);
    cr_expect_arr_eq(body.data, expected, len, "%s", body.data);
    bytes_release(&body);
}

#define EXPECT_STYLE(style, expected)                                          \
    do {                                                                       \
        struct form form_;                                                     \
        make(&form_, style);                                                   \
        expect_rendered(&form_, expected, sizeof(expected) - 1);               \
        release(&form_);                                                       \
    } while (0)

Test(form, a_good_one_is_as_rfc_7578_has_it)
{
    EXPECT_STYLE("{}", "--B\r\n"
                       "Content-Disposition: form-data; name=\"appid\"\r\n\r\n"
                       "1\r\n"
                       "--B\r\n"
                       "Content-Disposition: form-data; name=\"video\"; "
                       "filename=\"v.mp4\"\r\n"
                       "Content-Type: video/mp4\r\n\r\n"
                       "\0\r\n\r\n"
                       "--B--\r\n");
}

Test(form, names_can_go_without_quotes)
{
    EXPECT_STYLE("{\"unquoted_names\":true}",
                 "--B\r\n"
                 "Content-Disposition: form-data; name=appid\r\n\r\n"
                 "1\r\n"
                 "--B\r\n"
                 "Content-Disposition: form-data; name=video; "
                 "filename=\"v.mp4\"\r\n"
                 "Content-Type: video/mp4\r\n\r\n"
                 "\0\r\n\r\n"
                 "--B--\r\n");
}

Test(form, text_can_have_a_filename_and_a_semicolon)
{
    EXPECT_STYLE("{\"text_filenames\":true,\"name_semicolon\":true}",
                 "--B\r\n"
                 "Content-Disposition: form-data; name=\"appid\"; "
                 "filename=\"appid\";\r\n\r\n"
                 "1\r\n"
                 "--B\r\n"
                 "Content-Disposition: form-data; name=\"video\"; "
                 "filename=\"v.mp4\"\r\n"
                 "Content-Type: video/mp4\r\n\r\n"
                 "\0\r\n\r\n"
                 "--B--\r\n");
}

Test(form, lines_can_end_with_a_line_feed_alone)
{
    EXPECT_STYLE("{\"line_end\":\"lf\"}",
                 "--B\n"
                 "Content-Disposition: form-data; name=\"appid\"\n\n"
                 "1\n"
                 "--B\n"
                 "Content-Disposition: form-data; name=\"video\"; "
                 "filename=\"v.mp4\"\n"
                 "Content-Type: video/mp4\n\n"
                 "\0\r\n\n"
                 "--B--\n");
}

Test(form, header_names_can_be_of_one_case)
{
    EXPECT_STYLE("{\"header_case\":\"lower\",\"unclosed\":true}",
                 "--B\r\n"
                 "content-disposition: form-data; name=\"appid\"\r\n\r\n"
                 "1\r\n"
                 "--B\r\n"
                 "content-disposition: form-data; name=\"video\"; "
                 "filename=\"v.mp4\"\r\n"
                 "content-type: video/mp4\r\n\r\n"
                 "\0\r\n\r\n");
    EXPECT_STYLE("{\"header_case\":\"upper\",\"unclosed\":true}",
                 "--B\r\n"
                 "CONTENT-DISPOSITION: form-data; name=\"appid\"\r\n\r\n"
                 "1\r\n"
                 "--B\r\n"
                 "CONTENT-DISPOSITION: form-data; name=\"video\"; "
                 "filename=\"v.mp4\"\r\n"
                 "CONTENT-TYPE: video/mp4\r\n\r\n"
                 "\0\r\n\r\n");
}

Test(form, text_can_stand_around_the_parts)
{
    struct form form = {.style = json_of("{\"preamble\":\"before\\r\\n\","
                                         "\"epilogue\":\"after\"}"),
                        .boundary = "B"};

    expect_rendered(&form, "before\r\n--B--\r\nafter", 20);
    release(&form);
}

static void expect_part(const struct part *part, const char *expected)
{
    struct form form = {.boundary = "B"};
    struct bytes body = {0};

    *form_add(&form) = *part;
    form_render(&form, 0, &body);
    cr_expect_str_eq(body.data, expected);
    bytes_release(&body);
    form_release(&form);
}

Test(form, a_part_has_what_it_is_given)
{
    json_t *headers = json_of("[\"X: 1\",\"Y\"]");

    expect_part(&(struct part){.name = "a\"b", .headers = headers},
                "--B\r\nContent-Disposition: form-data; name=\"a%22b\"\r\n"
                "X: 1\r\nY\r\n\r\n\r\n--B--\r\n");
    expect_part(&(struct part){.name = "a", .disposition = "attachment"},
                "--B\r\nContent-Disposition: attachment\r\n\r\n\r\n--B--\r\n");
    expect_part(&(struct part){.name = "a", .no_disposition = true},
                "--B\r\n\r\n\r\n--B--\r\n");
    expect_part(&(struct part){0},
                "--B\r\nContent-Disposition: form-data\r\n\r\n\r\n--B--\r\n");
    json_decref(headers);
}

Test(form, the_first_file_is_filled_up_to_the_size)
{
    struct form form;
    struct bytes body = {0};

    make(&form, "{\"unclosed\":true}");
    bytes_text(&body, "before");
    form_render(&form, 1000, &body);
    cr_expect_eq(body.len, 1006);
    cr_expect_arr_eq(body.data + 1000, "xxxx\r\n", 6);
    cr_expect(strncmp(body.data, "before--B\r\n", 11) == 0);
    bytes_release(&body);
    release(&form);
}

Test(form, other_files_are_not_filled_up)
{
    struct form form;
    struct bytes body = {0};
    struct part *part;

    make(&form, "{\"text_filenames\":true,\"unclosed\":true}");
    part = form_add(&form);
    part->name = "card";
    part->is_file = true;
    form_render(&form, 1000, &body);
    cr_expect_eq(body.len, 1000);
    /* Nor has a file that has no name got one, as text has here. */
    cr_expect(strstr(body.data + 900,
                     "xx\r\n--B\r\nContent-Disposition: form-data; "
                     "name=\"card\"\r\n\r\n\r\n") != NULL);
    bytes_release(&body);
    release(&form);
}

Test(form, what_is_longer_than_the_size_stays)
{
    struct form form;
    struct bytes plain = {0}, sized = {0};

    make(&form, "{}");
    form_render(&form, 0, &plain);
    form_render(&form, 10, &sized);
    cr_expect_eq(sized.len, plain.len);
    bytes_release(&plain);
    bytes_release(&sized);
    release(&form);
}

Test(form, many_parts_stay_in_order)
{
    struct form form = {.boundary = "B"};
    struct bytes body = {0};

    for (int i = 0; i < 40; i++) {
        struct part *part = form_add(&form);

        part->no_disposition = true;
        bytes_format(&part->data, "<%d>", i);
    }
    form_render(&form, 0, &body);
    cr_expect(strstr(body.data, "<0>") < strstr(body.data, "<39>"));
    cr_expect_eq(form.n, 40);
    bytes_release(&body);
    form_release(&form);
    cr_expect(form.parts == NULL && form.n == 0);
}

Test(form, the_content_type_names_the_boundary)
{
    struct form form;
    char *type;

    make(&form, "{}");
    type = form_content_type(&form);
    cr_expect_str_eq(type, "multipart/form-data; boundary=B");
    free(type);
    release(&form);
    make(&form, "{\"quoted_boundary\":true}");
    type = form_content_type(&form);
    cr_expect_str_eq(type, "multipart/form-data; boundary=\"B\"");
    free(type);
    release(&form);
}
