/*
 * e2e_dialects: what real clients send and the service takes, and the few
 * forms that have no sensible reading (docs/contract.md section 5).
 */
#include "expect.h"

static struct reply send_to_fresh_server(const struct form *f)
{
    struct server s;
    struct reply r;

    server_start(&s, NULL);
    r = send_form(&s, FOUR, f);
    server_stop(&s);
    return r;
}

#define expect_form(f, code)                                                   \
    do {                                                                       \
        struct reply reply_ = send_to_fresh_server(f);                         \
        expect_code(&reply_, code);                                            \
    } while (0)

Test(e2e_dialects, text_fields_may_carry_a_filename, .timeout = 10)
{
    struct form f = form_four("true");

    for (size_t i = 0; i < f.n; i++)
        f.parts[i].filename = f.parts[i].name;
    expect_form(&f, 0);
}

Test(e2e_dialects, files_may_lack_filename_and_type, .timeout = 10)
{
    struct form f = form_four("true");

    for (size_t i = 0; i < f.n; i++)
        f.parts[i].filename = f.parts[i].type = NULL;
    expect_form(&f, 0);
}

Test(e2e_dialects, files_may_be_typed_in_any_way, .timeout = 10)
{
    static const char *const types[] = {"image/jpg", "application/octet-stream",
                                        "text/plain; charset=utf-8", "nonsense",
                                        ""};
    struct server s;

    server_start(&s, NULL);
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        struct form f = form_four("true");
        struct reply r;

        form_part(&f, "card")->type = types[i];
        form_part(&f, "video")->type = types[i];
        form_part(&f, "appid")->type = types[i];
        r = send_form(&s, FOUR, &f);
        expect_success(&r);
    }
    server_stop(&s);
}

Test(e2e_dialects, a_filename_may_be_a_whole_path, .timeout = 10)
{
    static const char *const names[] = {"/home/me/face.jpg",
                                        "C:\\Users\\me\\face.jpg", "a;b=c.jpg",
                                        "", "\xe8\x84\xb8.jpg"};
    struct server s;

    server_start(&s, NULL);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct form f = form_four("true");
        struct reply r;

        form_part(&f, "card")->filename = names[i];
        r = send_form(&s, FOUR, &f);
        expect_success(&r);
    }
    server_stop(&s);
}

Test(e2e_dialects, the_boundary_may_be_quoted_and_have_neighbours,
     .timeout = 10)
{
    static const char *const types[] = {
        "multipart/form-data; boundary=\"XyZ12\"",
        "multipart/form-data;boundary=XyZ12",
        "Multipart/Form-Data; Boundary=XyZ12",
        "multipart/form-data; charset=utf-8; boundary=XyZ12",
        "multipart/form-data; boundary=XyZ12; charset=utf-8",
        "multipart/form-data; boundary=XyZ12 ",
        "multipart/form-data ; boundary=\"XyZ12\" ; charset=utf-8",
    };
    struct server s;

    server_start(&s, NULL);
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        struct form f = form_four("true");
        struct reply r;

        f.boundary = "XyZ12";
        f.content_type = types[i];
        r = send_form(&s, FOUR, &f);
        expect_success(&r);
    }
    server_stop(&s);
}

Test(e2e_dialects, a_quoted_boundary_may_hold_special_bytes, .timeout = 10)
{
    struct form f = form_four("true");

    f.boundary = "a b:c=d?(e)/f";
    f.content_type = "multipart/form-data; boundary=\"a b:c=d?(e)/f\"";
    expect_form(&f, 0);
}

Test(e2e_dialects, the_preamble_may_end_with_a_bare_line_feed, .timeout = 10)
{
    struct form f = form_four("true");

    f.preamble = "This is a message in MIME format.\n";
    expect_form(&f, 0);
    f.preamble = "\n";
    expect_form(&f, 0);
    f.preamble = "\r\n";
    expect_form(&f, 0);
}

Test(e2e_dialects, an_epilogue_is_ignored, .timeout = 10)
{
    struct form f = form_four("true");

    f.epilogue = "bye\r\n";
    expect_form(&f, 0);
}

Test(e2e_dialects, a_semicolon_may_follow_the_name, .timeout = 10)
{
    struct form f = form_four("true");

    for (size_t i = 0; i < f.n; i++)
        f.parts[i].disposition = format(
            "Content-Disposition: form-data; name=\"%s\";", f.parts[i].name);
    expect_form(&f, 0);
}

Test(e2e_dialects, part_header_names_may_have_any_case, .timeout = 10)
{
    struct form f = form_four("true");

    for (size_t i = 0; i < f.n; i++)
        f.parts[i].disposition = format(
            "content-DISPOSITION: Form-Data; NAME=\"%s\"", f.parts[i].name);
    expect_form(&f, 0);
}

Test(e2e_dialects, names_may_be_unquoted, .timeout = 10)
{
    struct form f = form_four("true");

    for (size_t i = 0; i < f.n; i++)
        f.parts[i].disposition =
            format("Content-Disposition: form-data; name=%s", f.parts[i].name);
    expect_form(&f, 0);
}

Test(e2e_dialects, the_filename_may_come_before_the_name, .timeout = 10)
{
    struct form f = form_four("true");

    form_part(&f, "card")->disposition =
        "Content-Disposition: form-data; filename=\"video\"; name=\"card\"";
    expect_form(&f, 0);
}

Test(e2e_dialects, the_type_may_come_before_the_disposition, .timeout = 10)
{
    struct form f = form_four("true");

    for (size_t i = 0; i < f.n; i++)
        f.parts[i].disposition =
            format("Content-Type: text/plain\r\nContent-Length: %zu\r\n"
                   "Content-Disposition: form-data; name=\"%s\"",
                   f.parts[i].len, f.parts[i].name);
    expect_form(&f, 0);
}

Test(e2e_dialects, extra_fields_are_ignored, .timeout = 10)
{
    struct form f = form_four("true");

    form_set(&f, "token", "abc");
    form_set(&f, "upload", "zzz")->filename = "z.bin";
    expect_form(&f, 0);
}

Test(e2e_dialects, parts_may_come_in_any_order, .timeout = 10)
{
    struct form f = form_four("true");
    struct form reversed = f;

    for (size_t i = 0; i < f.n; i++)
        reversed.parts[i] = f.parts[f.n - 1 - i];
    expect_form(&reversed, 0);
}

Test(e2e_dialects, a_file_may_hold_what_looks_like_a_boundary, .timeout = 10)
{
    struct form f = form_four("true");

    form_set(&f, "video",
             "\r\n------------acebdf1357246\r\n--\r\n\r\n----------acebdf135724"
             "\r\n--");
    expect_form(&f, 0);
}

Test(e2e_dialects, the_published_sample_works_once_it_is_signed, .timeout = 10)
{
    struct form f = {
        .boundary = "--------------acebdf13572468",
        .content_type = "multipart/form-data;"
                        "boundary=--------------acebdf13572468",
    };

    form_set(&f, "appid", "1000001")->disposition =
        "Content-Disposition: form-data; name=\"appid\";";
    form_set(&f, "bucket", "test")->disposition =
        "Content-Disposition: form-data; name=\"bucket\";";
    form_set(&f, "validate_data", "9532")->disposition =
        "Content-Disposition: form-data; name=\"validate_data\";";
    form_set(&f, "compare_flag", "true")->disposition =
        "Content-Disposition: form-data; name=\"compare_flag\";";
    form_set(&f, "video", "yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy")->filename =
        "video.flv";
    form_set(&f, "card", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx")->filename =
        "face.jpg";
    form_part(&f, "card")->type = "image/jpeg";
    expect_form(&f, 0);
}

Test(e2e_dialects, a_missing_closing_delimiter_is_3, .timeout = 10)
{
    struct form f = form_four("true");

    f.unclosed = true;
    expect_form(&f, 3);
}

Test(e2e_dialects, a_content_type_without_a_boundary_is_3, .timeout = 10)
{
    static const char *const types[] = {
        "multipart/form-data",
        "multipart/form-data; boundary=", "multipart/form-data; boundary=\"\"",
        "multipart/form-data; charset=utf-8"};
    struct server s;

    server_start(&s, NULL);
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        struct form f = form_four("true");
        struct reply r;

        f.content_type = types[i];
        r = send_form(&s, FOUR, &f);
        expect_code(&r, 3);
    }
    server_stop(&s);
}

Test(e2e_dialects, another_boundary_than_the_declared_one_is_3, .timeout = 10)
{
    struct form f = form_four("true");

    f.content_type = "multipart/form-data; boundary=another";
    expect_form(&f, 3);
}

Test(e2e_dialects, an_empty_body_is_3, .timeout = 10)
{
    struct form f = form_four("true");

    f.n = 0;
    f.unclosed = true;
    expect_form(&f, 3);
}

Test(e2e_dialects, a_part_without_a_name_is_3, .timeout = 10)
{
    struct form f = form_four("true");

    form_part(&f, "video")->disposition = "Content-Disposition: form-data";
    expect_form(&f, 3);
}

Test(e2e_dialects, the_misprint_of_the_second_sample_reads_as_a_long_appid,
     .timeout = 10)
{
    struct server s;
    struct request q = request_good(PICTURE);
    struct reply r;

    q.content_type =
        "multipart/form-data;boundary=--------------acebdf13572468";
    q.body = (struct bytes){0};
    bytes_text(&q.body,
               "----------------acebdf13572468\r\n"
               "Content-Disposition: form-data; name=\"appid\";\r\n\r\n"
               "1000001----------------acebdf13572468\r\n"
               "Content-Disposition: form-data; name=\"image\"; "
               "filename=\"face.jpg\"\r\nContent-Type: image/jpeg\r\n\r\n"
               "xxxxxxxxxxxxxxxxxxx\r\n"
               "----------------acebdf13572468--\r\n");
    server_start(&s, NULL);
    r = send_request(&s, &q);
    /* The contract leaves open which: the appid is not the signed one, and
     * no image is left. */
    if (check_answer(&r, 200, 6))
        expect_code(&r, -5805);
    server_stop(&s);
}
