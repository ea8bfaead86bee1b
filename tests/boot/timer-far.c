/* SPDX-License-Identifier: MIT */
/*
 * Timers of CPU time that expire in hundreds of years: the time at which to look again must not
 * wrap into the past, where the interrupt would look for ever.
 */
#include "t.h"
#include <sys/time.h>

int main(void)
{
    static const int which[] = {ITIMER_VIRTUAL, ITIMER_PROF};
    struct itimerval far = {.it_value = {.tv_sec = 9223372036}}, off = {0}, left;

    for (int i = 0; i < 2; i++) {
        CHECK(setitimer(which[i], &far, NULL) == 0);
        for (volatile int spin = 0; spin < 3000000; spin++)
            ;
        CHECK(getitimer(which[i], &left) == 0 && left.it_value.tv_sec > 9000000000);
        CHECK(setitimer(which[i], &off, NULL) == 0);
    }
    return 0;
}
