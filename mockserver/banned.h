/*
 * Functions that invite buffer overruns or hide conversion errors are compile
 * errors in this tree. Included by the compiler command line for our own
 * sources; nobody includes it by hand.
 */
#ifndef BANNED_H
#define BANNED_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* To clang the checked ones of libc are macros. */
#undef sprintf
#undef vsprintf
#pragma GCC poison strcpy strcat sprintf vsprintf strncpy strncat strtok
#pragma GCC poison atoi atol atof sscanf gets

#endif
