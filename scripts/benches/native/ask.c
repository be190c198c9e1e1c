/* Asks an echo server on 127.0.0.1: one thread, epoll(7). It asks nobody else, and has an end.
 *
 * ask PORT CONNECTIONS OCTETS SECONDS ask|connect
 *
 * It connects, has each connection echo once, prints "ready CONNECTIONS", and waits for a line on
 * stdin. Then, for SECONDS, it asks on each connection anew when it is answered ("ask"), or with a
 * connection for each question ("connect"), hears the last answers, and prints "ANSWERS SECONDS
 * CPU-SECONDS". It holds its connections until stdin ends. What goes wrong ends it, with a line
 * on stderr.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { EVENTS = 1024, AT_ONCE = 64, PATIENCE = 60, SOURCES = 32 };

struct place {
    int fd, connected;
    size_t got;
};

static struct sockaddr_in server = {.sin_family = AF_INET};
static struct place *places;
static int waiting, opened;
static size_t size;
static char *question, *heard;

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec + time.tv_nsec / 1e9;
}

static void fail(const char *what) {
    fprintf(stderr, "ask: %s: %s\n", what, strerror(errno));
    exit(1);
}

static void want(struct place *place, unsigned events, int how) {
    struct epoll_event event = {.events = events, .data.ptr = place};
    if (epoll_ctl(waiting, how, place->fd, &event) < 0)
        fail("epoll_ctl");
}

/* Connect from one of several addresses, for one has not enough ports. */
static void open_place(struct place *place) {
    int one = 1;
    struct sockaddr_in local = {.sin_family = AF_INET};
    local.sin_addr.s_addr = htonl(INADDR_LOOPBACK + opened++ % SOURCES);
    place->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (place->fd < 0)
        fail("socket");
    setsockopt(place->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    setsockopt(place->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
    if (bind(place->fd, (struct sockaddr *)&local, sizeof local) < 0)
        fail("bind");
    place->connected = 0;
    place->got = 0;
    if (connect(place->fd, (struct sockaddr *)&server, sizeof server) < 0 && errno != EINPROGRESS)
        fail("connect");
    want(place, EPOLLOUT, EPOLL_CTL_ADD);
}

static void ask(struct place *place) {
    if (write(place->fd, question, size) != (ssize_t)size)
        fail("write");
    place->got = 0;
}

/* Go on with a place that is ready; return whether it has an answer now. */
static int go_on(struct place *place) {
    if (!place->connected) {
        int code = 0;
        socklen_t length = sizeof code;
        getsockopt(place->fd, SOL_SOCKET, SO_ERROR, &code, &length);
        if ((errno = code))
            fail("connect");
        place->connected = 1;
        want(place, EPOLLIN, EPOLL_CTL_MOD);
        ask(place);
        return 0;
    }
    ssize_t length = read(place->fd, heard, size);
    if (length < 0 && errno == EAGAIN)
        return 0;
    if (length <= 0) {
        errno = length < 0 ? errno : EPIPE;
        fail("read");
    }
    place->got += length;
    return place->got >= size;
}

static void set_up(int connections) {
    struct epoll_event events[EVENTS];
    double until = now() + PATIENCE;
    int begun = 0, done = 0;
    while (done < connections) {
        while (begun < connections && begun - done < AT_ONCE)
            open_place(&places[begun++]);
        int ready = epoll_wait(waiting, events, EVENTS, 1000);
        for (int each = 0; each < ready; each++)
            done += go_on(events[each].data.ptr);
        if (now() > until) {
            errno = ETIMEDOUT;
            fail("set-up");
        }
    }
}

/* Ask until the time is over, and hear the answers that are still to come. */
static long run(int connections, double seconds, int anew) {
    struct epoll_event events[EVENTS];
    double until = now() + seconds, time = 0;
    long answers = 0;
    int open = connections;
    for (int each = 0; each < connections; each++) {
        if (anew)
            open_place(&places[each]);
        else
            ask(&places[each]);
    }
    while (open > 0) {
        int ready = epoll_wait(waiting, events, EVENTS, 1000);
        time = now();
        if (time > until + PATIENCE) {
            errno = ETIMEDOUT;
            fail("the last answers");
        }
        for (int each = 0; each < ready; each++) {
            struct place *place = events[each].data.ptr;
            if (!go_on(place))
                continue;
            answers++;
            if (anew)
                close(place->fd);
            if (time >= until)
                open--;
            else if (anew)
                open_place(place);
            else
                ask(place);
        }
    }
    return answers;
}

static double cpu(void) {
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    return used.ru_utime.tv_sec + used.ru_stime.tv_sec +
           (used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
}

int main(int count, char **words) {
    if (count != 6) {
        fprintf(stderr, "ask PORT CONNECTIONS OCTETS SECONDS ask|connect\n");
        return 2;
    }
    int connections = atoi(words[2]), anew = !strcmp(words[5], "connect");
    double seconds = atof(words[4]);
    size = atoi(words[3]);
    if (connections < 1 || connections > 100000 || size < 1 || size > 65536 || !(seconds <= 60)) {
        fprintf(stderr, "ask: out of range\n");
        return 2;
    }
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    server.sin_port = htons(atoi(words[1]));
    server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    places = calloc(connections, sizeof *places);
    question = malloc(size);
    heard = malloc(size);
    if (places == NULL || question == NULL || heard == NULL)
        fail("memory");
    memset(question, 'x', size);
    waiting = epoll_create1(EPOLL_CLOEXEC);

    if (!anew)
        set_up(connections);
    printf("ready %d\n", connections);
    fflush(stdout);
    char line[16];
    if (fgets(line, sizeof line, stdin) == NULL)
        return 0;
    double began = now(), busy = cpu();
    long answers = run(connections, seconds, anew);
    double took = now() - began;
    printf("%ld %.6f %.6f\n", answers, took, cpu() - busy);
    fflush(stdout);
    while (fgets(line, sizeof line, stdin) != NULL) /* until nobody needs the connections */
        ;
    return 0;
}
