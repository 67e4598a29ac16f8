/*
 * section: the sections of the contract, by which requirements are counted.
 *
 * A requirement is the number of a section and a topic, "4 digest".
 */
#ifndef SECTION_H
#define SECTION_H

enum { SECTION_FIRST = 1, SECTION_LAST = 10 };

/* The number that a requirement begins with; 0 when it is none of ours. */
int section_of(const char *requirement);

/* Number and title, "4 Signature"; of 0 "other". Never NULL. */
const char *section_name(int section);

#endif
