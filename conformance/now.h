/*
 * now: times of a clock that is never set, for deadlines and durations.
 */
#ifndef NOW_H
#define NOW_H

long long now_ms(void);
long long now_us(void);

#endif
